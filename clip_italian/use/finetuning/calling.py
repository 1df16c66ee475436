"""`finetune`: the same from Python."""

import pathlib
from typing import Any

from clip_italian.use.finetuning import running, runs, settings
from clip_italian.use.finetuning.running import Finetuned

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
    return running.run(runs.begin(name, asked, pathlib.Path(root)))
