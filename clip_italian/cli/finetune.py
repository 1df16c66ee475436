"""Fine-tuning from a shell: begin a run, see how runs go, go on with one; and vectors by either tower alone."""

import argparse
import os
import pathlib
import subprocess
import sys
from typing import Any

import numpy as np

from clip_italian import environment, files, journal
from clip_italian.checkpoints import loading
from clip_italian.cli import pictures
from clip_italian.errors import InputError
from clip_italian.runs.journals import Group, Run
from clip_italian.use.finetuning import runs, settings

EXPERIMENT = "finetuned"  # of MLflow
THREADS = 2  # of XLA, unless NPROC says otherwise: another number rounds differently


def add(commands: Any) -> None:
    """Adds the commands."""
    _add_finetune(commands)
    _add_resume(commands)
    _add_runs(commands)
    _add_encode(commands)


def _add_finetune(commands: Any) -> None:
    tune = commands.add_parser("finetune", help="train a model on your own pairs of pictures and texts")
    tune.add_argument("--data", required=True, type=pathlib.Path, help="CSV file with the columns image and text")
    pictures.add_model(tune)
    tune.add_argument("--valid", type=pathlib.Path, help="pairs that say when the model is best (default: a share of DATA)")
    tune.add_argument("--queries", type=pathlib.Path, help="CSV: text and image, or with --index text and label; before and after")
    tune.add_argument("--index", type=pathlib.Path, help="CSV with image and label: the pictures that are searched")
    tune.add_argument("--name", help="of the run, by which it is found again (default: that of DATA)")
    tune.add_argument("--settings", type=pathlib.Path, help="YAML file with keys of clip_italian/use/finetuning/settings.yaml")
    tune.add_argument("--epochs", type=int)
    tune.add_argument("--frozen-epochs", type=int, help="of them with both towers frozen")
    tune.add_argument("--batch", type=int, help="pairs")
    tune.add_argument("--learning-rate", type=float, help="at its peak; some 1e-5 for a base model, 1e-3 for a miniature")
    tune.add_argument("--seed", type=int)
    tune.add_argument("--onnx", action="store_true", help="also write both towers for onnxruntime")
    tune.add_argument("--background", action="store_true", help="leave it running, and return at once")
    tune.set_defaults(run=run_finetune)


def _add_resume(commands: Any) -> None:
    resume = commands.add_parser("resume", help="go on with a run that was stopped")
    resume.add_argument("name")
    resume.set_defaults(run=lambda chosen: _work(runs.find(chosen.name)))


def _add_runs(commands: Any) -> None:
    shown = commands.add_parser("runs", help="say how runs of fine-tuning go")
    shown.add_argument("name", nargs="*", help="default: all")
    shown.add_argument("--log", action="store_true", help="all that a run has said")
    shown.set_defaults(run=run_runs)


def _add_encode(commands: Any) -> None:
    encode = commands.add_parser("encode", help="write the vectors of texts or of pictures, by either tower alone")
    encode.add_argument("input", type=pathlib.Path, help="text file with a text or the path of a picture in each line")
    encode.add_argument("out", type=pathlib.Path, help=".npy file of float32, a row for each line")
    encode.add_argument("--select", required=True, choices=("text", "image"), help="the tower")
    pictures.add_model(encode)
    encode.set_defaults(run=run_encode)


def run_finetune(chosen: argparse.Namespace) -> None:
    """Begins a run, or goes on with the one of that name and request."""
    given = {name: getattr(chosen, name) for name in ("epochs", "frozen_epochs", "batch", "learning_rate", "seed")}
    tables = {"data": chosen.data, "valid": chosen.valid, "queries": chosen.queries, "gallery": chosen.index}
    asked = runs.asked(chosen.model, chosen.images, tables, chosen.onnx, settings.load(chosen.settings, **given))
    folder = runs.begin(chosen.name or chosen.data.stem, asked)
    if chosen.background:
        _leave(folder)
    else:
        _work(folder)


def _leave(folder: pathlib.Path) -> None:
    """Goes on with a run in a process that outlives this one."""
    command = [sys.executable, "-m", "clip_italian", "resume", folder.name]
    with open(folder / "errors.txt", "a") as errors:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
    print(f"{folder.name}: begun; `python -m clip_italian runs {folder.name}` says how it goes")


def _work(folder: pathlib.Path) -> None:
    fixed = environment.variables(int(os.environ.get("NPROC", THREADS)))
    fixed.pop("HF_HUB_OFFLINE")  # the model may be one of the hub
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **fixed})
    from clip_italian.use.finetuning import running  # here: what trains takes a while to import

    running.run(folder)
    fill()


def fill(root: pathlib.Path = runs.ROOT) -> None:
    """Shows every finished run of a folder in the MLflow store here."""
    from clip_italian.runs import mlflow  # here: takes seconds, and only who has trained needs it

    finished = [root / name for name in runs.names(root) if (root / name / runs.NUMBERS).is_file()]
    mlflow.fill(EXPERIMENT, [_group(folder) for folder in finished], [], {})


def _group(folder: pathlib.Path) -> Group:
    """A run as the views of the study take one."""
    (written,) = journal.read(folder / journal.FILE)
    numbers = files.read_json(folder / runs.NUMBERS)["metrics"]
    values = {f"{part}/{name}": cells[part]["value"] for name, cells in numbers.items() for part in ("before", "after")}
    intervals = {f"{part}/{name}": cells[part]["interval"] for name, cells in numbers.items() for part in ("before", "after")}
    started, ended = ((folder / name).stat().st_mtime for name in (runs.ASKED, runs.NUMBERS))
    run = Run(folder.name, written.seed, journal.key(written), [folder / journal.FILE], [written], values, started, ended, None, {})
    return Group(folder.name, "finetuned", [run], values, intervals)


def run_runs(chosen: argparse.Namespace) -> None:
    """A line for each run, or all that it has said."""
    found = [runs.find(name) for name in chosen.name or runs.names()]
    if not found:
        print(f"no run in {runs.ROOT}; `python -m clip_italian finetune` begins one")
    for folder in found:
        print(runs.log(folder) if chosen.log else runs.status(folder))


def run_encode(chosen: argparse.Namespace) -> None:
    """Writes the vectors."""
    lines = [line.strip() for line in files.present(chosen.input).read_text(encoding="utf-8").splitlines()]
    if empty := [number for number, line in enumerate(lines, 1) if not line]:
        raise InputError(f"{chosen.input}, line {empty[0]}: is empty; write a {chosen.select} or delete it")
    model = loading.load(chosen.model, images=chosen.images)
    encode = model.encode_text if chosen.select == "text" else model.encode_image
    vectors = encode(lines, progress=sys.stderr.isatty())
    with files.replacing(chosen.out) as temporary, open(temporary, "wb") as file:
        np.save(file, vectors)
    print(f"{chosen.out}: {len(vectors):,} vectors of {vectors.shape[1]}")
