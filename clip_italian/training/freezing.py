"""Freezing by splitting the parameters: frozen ones take part in neither the optimiser nor the backward pass.

Parameters are named by their path, such as `text_model/encoder.layer.0/output.dense/kernel`. A path freezes everything below it.
"""

from collections.abc import Collection
from typing import Any

from flax import traverse_util

from clip_italian.errors import InputError

Params = dict[str, Any]
Flat = dict[str, Any]  # parameters by path


def split(params: Params, frozen: Collection[str]) -> tuple[Flat, Flat]:
    """The trainable and the frozen parameters; raises InputError for a path that the model lacks."""
    flat = traverse_util.flatten_dict(params, sep="/")
    unknown = sorted(name for name in frozen if not any(_within(path, name) for path in flat))
    if unknown:
        raise InputError(f"the model has no part `{unknown[0]}` to freeze; its parts are {', '.join(sorted(params))}")
    fixed = {path: leaf for path, leaf in flat.items() if any(_within(path, name) for name in frozen)}
    return {path: leaf for path, leaf in flat.items() if path not in fixed}, fixed


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")


def join(*parts: Flat) -> Params:
    """Returns the nested parameters that `split` has divided into `parts`."""
    return traverse_util.unflatten_dict({path: leaf for part in parts for path, leaf in part.items()}, sep="/")
