"""`python -m clip_italian finetune`: trains a model on one's own pairs."""

import argparse
import os
import pathlib
import subprocess
import sys

from clip_italian import environment, files, journal
from clip_italian.cli.options import add_model
from clip_italian.runs.journals import Group, Run
from clip_italian.use.finetuning import runs, settings

RESUMES = True
EXPERIMENT = "finetuned"  # of MLflow
THREADS = 2  # of XLA, unless NPROC says otherwise: another number rounds differently


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("--data", required=True, type=pathlib.Path, help="CSV file with the columns image and text")
    add_model(command)
    command.add_argument("--valid", type=pathlib.Path, help="pairs that choose the best checkpoint (default: a share of DATA)")
    queries = "CSV to measure on, before and after: text and image, or with --index text and label"
    command.add_argument("--queries", type=pathlib.Path, help=queries)
    command.add_argument("--index", type=pathlib.Path, help="CSV with image and label: the images that queries search")
    command.add_argument("--name", help="of the run (default: that of DATA)")
    command.add_argument("--settings", type=pathlib.Path, help="YAML file with keys of clip_italian/use/finetuning/settings.yaml")
    command.add_argument("--epochs", type=int)
    command.add_argument("--frozen-epochs", type=int, help="of these, how many with both towers frozen")
    command.add_argument("--batch", type=int, help="pairs")
    command.add_argument("--learning-rate", type=float, help="at its peak; some 1e-5 for a base model, 1e-3 for a miniature")
    command.add_argument("--seed", type=int)
    command.add_argument("--onnx", action="store_true", help="also write both towers for onnxruntime")
    command.add_argument("--background", action="store_true", help="leave the run going in the background")


def run(options: argparse.Namespace) -> None:
    """Starts a run, or resumes the run of that name and request."""
    given = {name: getattr(options, name) for name in ("epochs", "frozen_epochs", "batch", "learning_rate", "seed")}
    tables = {"data": options.data, "valid": options.valid, "queries": options.queries, "gallery": options.index}
    request = runs.request(options.model, options.images, tables, options.onnx, settings.load(options.settings, **given))
    folder = runs.begin(options.name or options.data.stem, request)
    if options.background:
        _leave(folder)
    else:
        work(folder)


def _leave(folder: pathlib.Path) -> None:
    """Goes on with a run in a process that outlives this one."""
    command = [sys.executable, "-m", "clip_italian", "resume", folder.name]
    with open(folder / "errors.txt", "a") as errors:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True)
    print(f"{folder.name}: begun; `python -m clip_italian runs {folder.name}` says how it goes")


def work(folder: pathlib.Path) -> None:
    """Trains until the run is finished, in a process whose results repeat, and shows it in MLflow."""
    fixed = environment.variables(int(os.environ.get("NPROC", THREADS)))
    fixed.pop("HF_HUB_OFFLINE")  # the model may be one of the hub
    if any(os.environ.get(name) != value for name, value in fixed.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **fixed})
    from clip_italian.use.finetuning import running  # here: what trains takes a while to import

    running.run(folder)
    fill()


def fill(root: pathlib.Path = runs.ROOT) -> None:
    """Writes every finished run below `root` to the MLflow store in the current folder."""
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
