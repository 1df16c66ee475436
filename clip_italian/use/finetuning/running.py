"""A fine-tuning run: prepare the images, train in two phases, evaluate before and after, and write the results."""

import contextlib
import dataclasses
import functools
import pathlib
import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from clip_italian import files, journal
from clip_italian.checkpoints import assembly, loading
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.evaluation.metrics import METRICS
from clip_italian.journal import Journal
from clip_italian.models.dual_encoder import Params
from clip_italian.training import arms
from clip_italian.training.arms import Callbacks
from clip_italian.training.loop import Curve
from clip_italian.training.settings import TrainingSettings
from clip_italian.use.export import onnx_files
from clip_italian.use.finetuning import measuring, preparing, report, runs, settings, tables
from clip_italian.use.finetuning.measuring import Gallery
from clip_italian.use.finetuning.preparing import Sets
from clip_italian.use.finetuning.runs import Request
from clip_italian.use.finetuning.settings import FinetuningSettings

Say = Callable[[str], None]
DATA, STATE, MODEL, ONNX = "data", "state", "model", "onnx"
SHOWN = 10  # rejected images that the log names


class Finetuned(NamedTuple):
    """The fine-tuned model, and if there were queries, each metric before and after, and their difference."""

    model: Model
    numbers: dict[str, Any]
    folder: pathlib.Path


def run(folder: pathlib.Path, say: Say = print) -> Finetuned:
    """Starts or resumes the run in a folder; a run that was killed ends with the same bits as one that was not.

    Raises InputError for a wrong request, model or data, and if another process is working on the run.
    """
    with runs.alone(folder), open(folder / runs.LOG, "a") as log:
        logged = functools.partial(_say, say, log)
        try:
            return _finished(folder) if (folder / runs.NUMBERS).is_file() else _run(folder, logged)
        except InputError as error:
            logged(str(error))
            raise


def _say(say: Say, log: Any, line: str) -> None:
    print(line, file=log, flush=True)
    say(line)


def _finished(folder: pathlib.Path) -> Finetuned:
    numbers = files.read_json(folder / runs.NUMBERS)["metrics"]
    return Finetuned(loading.load(folder / MODEL), {name: numbers[name] for name in METRICS if name in numbers}, folder)


def _run(folder: pathlib.Path, say: Say) -> Finetuned:
    request = runs.read(folder)
    runs.check(request)
    chosen = settings.load(None, **request.settings)
    pairs = tables.pairs(pathlib.Path(request.data))
    model = preparing.read(request.model, request.images, [pair.text for pair in pairs])
    if long := preparing.longer(model, [pair.text for pair in pairs]):
        say(f"{long:,} of {len(pairs):,} texts are longer than {model.settings.text.max_length} tokens and are truncated")
    sets = _prepared(folder, request, chosen, model, say)
    gallery = _gallery(request, model, sets, say)
    phases = settings.training(chosen, model.settings, sets.train, sets.valid)
    say(f"{phases.frozen_updates} updates with frozen towers, {phases.tuned_updates} with all parts, of {phases.batch} pairs each")
    if phases.batch < chosen.batch:
        say(f"batch: {phases.batch} rather than {chosen.batch}; there are no more images for training or for validation")
    tuned, curve = _trained(folder, chosen, phases, model, _callbacks(model, gallery, chosen, say))
    rankings = [measuring.answers(one, gallery, chosen.places) for one in (model, tuned)] if gallery else []
    numbers = measuring.compared(gallery.test, rankings, chosen) if gallery else {}
    _write_model(folder, request, chosen, sets, tuned, curve, numbers)
    if request.onnx:
        _write_onnx(folder, tuned, gallery, rankings, say)
    _write_report(folder, gallery, rankings, numbers, sets, chosen, say)
    for unneeded in (DATA, STATE):
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder / unneeded)
    return _finished(folder)


def _prepared(folder: pathlib.Path, request: Request, chosen: FinetuningSettings, model: Model, say: Say) -> Sets:
    data = pathlib.Path(request.data)
    train = preparing.captions(tables.pairs(data))
    if request.valid:
        valid = preparing.captions(tables.pairs(pathlib.Path(request.valid)))
    else:
        train, valid = preparing.split(train, chosen.valid_share)
    size = settings.stored_size(chosen, model.settings)
    sets = preparing.prepare(folder / DATA, data.parent, train, valid, size, model.settings.image, sys.stderr.isatty())
    say(f"{sets.train:,} images for training, {sets.valid:,} for validation, {len(sets.refused):,} left out")
    for one in sets.refused[:SHOWN]:
        say(f"  {one.image}: {one.reason}")
    if len(sets.refused) > SHOWN:
        say(f"  and {len(sets.refused) - SHOWN:,} more")
    return sets


def _gallery(request: Request, model: Model, sets: Sets, say: Say) -> Gallery | None:
    """The test set with its images, or None without queries; reports its size and images that are also trained on."""
    if request.queries is None:
        return None
    test = tables.test_set(pathlib.Path(request.queries), pathlib.Path(request.gallery) if request.gallery else None)
    found = measuring.gallery(model, test)
    right = sum(map(len, found.test.relevant)) / len(found.test.queries)
    say(f"{len(found.test.queries):,} queries of {len(found.test.images):,} images, of which {right:.1f} are relevant on average")
    for line in found.refused[:SHOWN]:
        say(f"  {line}")
    if known := sum(files.sha256(path) in sets.digests for path in found.test.images):
        say(f"BEWARE: {known:,} of the searched images are also training or validation images; the metrics are too good")
    return found


def _trained(
    folder: pathlib.Path, chosen: FinetuningSettings, phases: TrainingSettings, model: Model, callbacks: Callbacks
) -> tuple[Model, Curve]:
    """Runs both phases; the steps of the curve count the updates of both."""
    views = settings.augmentation(chosen, model.settings)
    data, state, seed = folder / DATA, folder / STATE, chosen.seed
    model, first = arms.pretrain_on_pixels(phases, views, seed, model, data, seed, state / "frozen", callbacks)
    model, second = arms.finetune(phases, views, model, data, seed, state / "tuned", callbacks=callbacks)
    later = [{**row, "step": row["step"] + phases.frozen_updates} for row in second]
    return model, [*first, *(later[1:] if first else later)]


def _callbacks(model: Model, gallery: Gallery | None, chosen: FinetuningSettings, say: Say) -> Callbacks:
    """Reports each validation, and measures the retrieval metrics if there are queries."""
    if gallery is None:
        return Callbacks(report=say)

    def eval_fn(params: Params) -> dict[str, float]:
        lists = measuring.answers(dataclasses.replace(model, params=params), gallery, chosen.places)
        values = measuring.values(measuring.relevant(gallery.test, lists))
        return dict(zip(METRICS, values.mean(axis=0).tolist(), strict=True))

    return Callbacks(eval_fn, say)


def _write_model(
    folder: pathlib.Path,
    request: Request,
    chosen: FinetuningSettings,
    sets: Sets,
    model: Model,
    curve: Curve,
    numbers: dict[str, Any],
) -> None:
    with files.replacing_folder(folder / MODEL) as target:
        assembly.save(target, model)
    best = min(curve, key=lambda row: row["valid_loss"])
    inputs = request.digests | {f"model/{name}": digest for name, digest in model.digests().items()}
    outputs = {"model.safetensors": files.sha256(folder / MODEL / "model.safetensors")}
    metrics = {"kept_step": best["step"], "valid_loss": best["valid_loss"]}
    metrics |= {f"{part}/{name}": cells[part]["value"] for name, cells in numbers.items() for part in ("before", "after")}
    parameters = journal.flat(chosen.model_dump(mode="json")) | {"pictures": sets.train, "valid_pictures": sets.valid}
    written = Journal("finetune", folder.name, chosen.seed, parameters, inputs, outputs, metrics, curve)
    journal.write(folder / journal.FILE, [written])


def _write_onnx(folder: pathlib.Path, model: Model, gallery: Gallery | None, rankings: Sequence[np.ndarray], say: Say) -> None:
    """Writes both towers as ONNX, and checks them on random inputs and on the queries."""
    with files.replacing_folder(folder / ONNX) as target:
        onnx_files.write(target, model)
    if gallery is None:
        return
    image, text = onnx_files.encoded(folder / ONNX, model, gallery.pixels, gallery.test.queries)
    same = (measuring.ranked(image, text, rankings[1].shape[1]) == rankings[1]).all(axis=1)
    say(f"ONNX: {int(same.sum()):,} of {len(same):,} queries have exactly the same ranking in onnxruntime")


def _write_report(
    folder: pathlib.Path,
    gallery: Gallery | None,
    rankings: Sequence[np.ndarray],
    numbers: dict[str, Any],
    sets: Sets,
    chosen: FinetuningSettings,
    say: Say,
) -> None:
    """Writes the report, then `numbers.json`, whose presence marks the run as finished."""
    notes = [f"{sets.train:,} images for training, {sets.valid:,} for validation, {len(sets.refused):,} left out."]
    if gallery:
        notes.append(f"{len(gallery.test.queries):,} queries among {len(gallery.test.images):,} images; k = {chosen.places}.")
        files.write_text(folder / runs.REPORT, report.page(folder.name, numbers, notes, gallery.test, rankings, chosen.shown))
        say(report.table(numbers))
    refused = [one._asdict() for one in sets.refused]
    files.write_json(folder / runs.NUMBERS, {"metrics": numbers, "refused": refused, "k": chosen.places})
    say(f"{folder}: finished; `clip_italian.load('{folder / MODEL}')` loads the model")


# `finetune`: the same from Python.
Path = str | pathlib.Path


def finetune(
    model: Path,
    train: Path,
    *,
    name: str,
    images: Path | None = None,
    valid: Path | None = None,
    queries: Path | None = None,
    index: Path | None = None,
    onnx: bool = False,
    root: Path = runs.ROOT,
    **changed: Any,
) -> Finetuned:
    """Fine-tunes a model on the pairs of a CSV file, like `python -m clip_italian finetune`; returns the model and its metrics.

    `model` and `images` are arguments of `load`. `train` and `valid` are CSV files with the columns `image` and `text`; `queries`
    and `index` are described in `tables.test_set`. `changed` are keys of `finetuning/settings.yaml`, such as `epochs=3`. The run's
    folder is `root/name`. Called again, an unfinished run resumes and a finished one returns its result. Raises InputError
    naming what is wrong.
    """
    given = {"data": train, "valid": valid, "queries": queries, "gallery": index}
    tables = {what: pathlib.Path(path) if path is not None else None for what, path in given.items()}
    request = runs.request(str(model), None if images is None else str(images), tables, onnx, settings.load(**changed))
    return run(runs.begin(name, request, pathlib.Path(root)))
