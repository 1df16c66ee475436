"""The work of a run: prepare the pictures, train in two phases, compare before and after, and write what comes out."""

import dataclasses
import functools
import pathlib
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
from clip_italian.use.finetuning.runs import Asked
from clip_italian.use.finetuning.settings import FinetuningSettings

Say = Callable[[str], None]
DATA, STATE, MODEL, ONNX = "data", "state", "model", "onnx"
SHOWN = 10  # pictures that were left out and are named


class Finetuned(NamedTuple):
    """What a run has left: the model, ready to encode, and before, after and difference of every metric, if there were queries."""

    model: Model
    numbers: dict[str, Any]
    folder: pathlib.Path


def run(folder: pathlib.Path, say: Say = print) -> Finetuned:
    """Begins or goes on with the run in a folder; killed at any time, it goes on where it was and ends with the same bits.

    Raises InputError where the request, the model or the data are at fault, or another process works on the run.
    """
    with runs.alone(folder), open(folder / runs.LOG, "a") as log:
        heard = functools.partial(_say, say, log)
        try:
            return _finished(folder) if (folder / runs.NUMBERS).is_file() else _run(folder, heard)
        except InputError as error:
            heard(str(error))
            raise


def _say(say: Say, log: Any, line: str) -> None:
    print(line, file=log, flush=True)
    say(line)


def _finished(folder: pathlib.Path) -> Finetuned:
    return Finetuned(loading.load(folder / MODEL), files.read_json(folder / runs.NUMBERS)["metrics"], folder)


def _run(folder: pathlib.Path, say: Say) -> Finetuned:
    asked = runs.read(folder)
    runs.check(asked)
    chosen = settings.load(None, **asked.settings)
    pairs = tables.pairs(pathlib.Path(asked.data))
    model = preparing.read(asked.model, asked.images, [pair.text for pair in pairs])
    _say_long_texts(model, [pair.text for pair in pairs], say)
    sets = _prepared(folder, asked, chosen, model, say)
    asking = _gallery(asked, model, sets, say)
    phases = settings.training(chosen, model.settings, sets.train, sets.valid)
    say(f"{phases.updates} updates of {phases.batch} pairs, {phases.frozen_updates} of them with frozen towers")
    if phases.batch < chosen.batch:
        say(f"batch: {phases.batch} rather than {chosen.batch}; there are no more pictures for training or for validation")
    tuned, curve = _trained(folder, chosen, phases, model, _callbacks(model, asking, chosen, say))
    numbers, lists = _compared(model, tuned, asking, chosen)
    _write_model(folder, asked, chosen, sets, tuned, curve, numbers)
    if asked.onnx:
        _write_onnx(folder, tuned, asking, lists, say)
    _write_report(folder, asking, lists, numbers, sets, chosen, say)
    for left in (DATA, STATE):
        preparing.forget(folder / left)
    return _finished(folder)


def _say_long_texts(model: Model, said: list[str], say: Say) -> None:
    longest = model.settings.text.max_length
    if long := preparing.longer(model, said):
        say(f"{long:,} of {len(said):,} texts are longer than the {longest} tokens that the model reads, and are cut")


def _prepared(folder: pathlib.Path, asked: Asked, chosen: FinetuningSettings, model: Model, say: Say) -> Sets:
    data = pathlib.Path(asked.data)
    train = preparing.captions(tables.pairs(data))
    if asked.valid:
        valid = preparing.captions(tables.pairs(pathlib.Path(asked.valid)))
    else:
        train, valid = preparing.split(train, chosen.valid_share)
    side = settings.stored_side(chosen, model.settings)
    sets = preparing.prepare(folder / DATA, data.parent, train, valid, side, model.settings.image, sys.stderr.isatty())
    say(f"{sets.train:,} pictures for training, {sets.valid:,} for validation, {len(sets.refused):,} left out")
    for one in sets.refused[:SHOWN]:
        say(f"  {one.image}: {one.reason}")
    if len(sets.refused) > SHOWN:
        say(f"  and {len(sets.refused) - SHOWN:,} more")
    return sets


def _gallery(asked: Asked, model: Model, sets: Sets, say: Say) -> Gallery | None:
    """The test set, and what is to be known of it."""
    if asked.queries is None:
        return None
    test = tables.test_set(pathlib.Path(asked.queries), pathlib.Path(asked.gallery) if asked.gallery else None)
    found = measuring.gallery(model, test)
    right = sum(map(len, found.test.relevant)) / len(found.test.queries)
    say(f"{len(found.test.queries):,} queries of {len(found.test.pictures):,} pictures, of which {right:.1f} are right on average")
    for line in found.refused[:SHOWN]:
        say(f"  {line}")
    if known := sum(files.sha256(path) in sets.digests for path in found.test.pictures):
        say(f"BEWARE: {known:,} pictures that are searched are among those that are learnt from; the metrics are too good")
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


def _callbacks(model: Model, asking: Gallery | None, chosen: FinetuningSettings, say: Say) -> Callbacks:
    """Reports each validation, and measures the retrieval metrics if there are queries."""
    if asking is None:
        return Callbacks(report=say)

    def eval_fn(params: Params) -> dict[str, float]:
        lists = measuring.answers(dataclasses.replace(model, params=params), asking, chosen.places)
        values = measuring.values(measuring.relevant(asking.test, lists))
        return dict(zip(METRICS, values.mean(axis=0).tolist(), strict=True))

    return Callbacks(eval_fn, say)


def _compared(
    before: Model, after: Model, asking: Gallery | None, chosen: FinetuningSettings
) -> tuple[dict[str, Any], Sequence[np.ndarray]]:
    if asking is None:
        return {}, []
    lists = [measuring.answers(model, asking, chosen.places) for model in (before, after)]
    right = [measuring.relevant(asking.test, found) for found in lists]
    return measuring.compared(right[0], right[1], chosen), lists


def _write_model(
    folder: pathlib.Path,
    asked: Asked,
    chosen: FinetuningSettings,
    sets: Sets,
    model: Model,
    curve: Curve,
    numbers: dict[str, Any],
) -> None:
    with files.replacing_folder(folder / MODEL) as target:
        assembly.save(target, model)
    best = min(curve, key=lambda row: row["valid_loss"])
    inputs = asked.digests | {f"model/{name}": digest for name, digest in model.digests().items()}
    outputs = {"model.safetensors": files.sha256(folder / MODEL / "model.safetensors")}
    metrics = {"kept_step": best["step"], "valid_loss": best["valid_loss"]}
    metrics |= {f"{part}/{name}": cells[part]["value"] for name, cells in numbers.items() for part in ("before", "after")}
    parameters = journal.flat(chosen.model_dump(mode="json")) | {"pictures": sets.train, "valid_pictures": sets.valid}
    written = Journal("finetune", folder.name, chosen.seed, parameters, inputs, outputs, metrics, curve)
    journal.write(folder / journal.FILE, [written])


def _write_onnx(folder: pathlib.Path, model: Model, asking: Gallery | None, lists: Sequence[np.ndarray], say: Say) -> None:
    """Both towers for onnxruntime, checked on random inputs and on the queries."""
    with files.replacing_folder(folder / ONNX) as target:
        onnx_files.write(target, model)
    if asking is None:
        return
    image, text = onnx_files.encoded(folder / ONNX, model, asking.pixels, asking.test.queries)
    same = (measuring.ranked(image, text, lists[1].shape[1]) == lists[1]).all(axis=1)
    say(f"ONNX: {int(same.sum()):,} of {len(same):,} queries have the very same list by onnxruntime")


def _write_report(
    folder: pathlib.Path,
    asking: Gallery | None,
    lists: Sequence[np.ndarray],
    numbers: dict[str, Any],
    sets: Sets,
    chosen: FinetuningSettings,
    say: Say,
) -> None:
    """The page, and last of all the numbers: they say that the run is finished."""
    notes = [f"{sets.train:,} pictures for training, {sets.valid:,} for validation, {len(sets.refused):,} left out."]
    if asking:
        notes.append(f"{len(asking.test.queries):,} queries among {len(asking.test.pictures):,} pictures; k = {chosen.places}.")
        files.write_text(folder / runs.REPORT, report.page(folder.name, numbers, notes, asking.test, lists, chosen.shown))
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
    """Trains a model on the pairs of a CSV file, as `python -m clip_italian finetune` does.

    `model` and `images` are as `load` takes them; `train` and `valid` have the columns `image` and `text`; `queries` and
    `index` are as `tables.test_set` says. `changed` are keys of `finetuning/settings.yaml`, such as `epochs=3`. The run lies in
    `root/name`; called again after it was killed it goes on, and when it has finished it gives what came out. Raises InputError
    naming what is at fault.
    """
    given = {"data": train, "valid": valid, "queries": queries, "gallery": index}
    tables = {what: pathlib.Path(path) if path is not None else None for what, path in given.items()}
    asked = runs.asked(str(model), None if images is None else str(images), tables, onnx, settings.load(**changed))
    return run(runs.begin(name, asked, pathlib.Path(root)))
