"""Parameters as safetensors with the names and axis orders of PyTorch checkpoints, and a model's folder."""

import pathlib
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import jax
import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict, unflatten_dict

from clip_italian import config, files
from clip_italian.checkpoints.safetensors_file import SafetensorsFile
from clip_italian.config import Settings
from clip_italian.errors import InputError

Params = dict[str, Any]
S = TypeVar("S", bound=Settings)
TORCH_LEAF = {"kernel": "weight", "scale": "weight", "embedding": "weight"}  # a flax leaf's name in PyTorch
PARTS = ("vision_model", "text_model", "visual_projection", "text_projection", "logit_scale", "logit_bias")  # of a dual encoder
WEIGHTS, SETTINGS = "model.safetensors", "config.json"


def torch_name(path: tuple[str, ...]) -> str:
    """The checkpoint's name of a parameter: `text_model.pooler.dense.weight`."""
    return ".".join([*path[:-1], TORCH_LEAF.get(path[-1], path[-1])])


def torch_axes(path: tuple[str, ...], dimensions: int) -> tuple[int, ...]:
    """The order in PyTorch of a parameter's axes: (out, in) for linear layers, (out, in, height, width) for convolutions."""
    if path[-1] != "kernel":
        return tuple(range(dimensions))
    return (3, 2, 0, 1) if dimensions == 4 else (1, 0)


def from_torch(path: tuple[str, ...], value: np.ndarray) -> np.ndarray:
    """The array in Flax's axis order."""
    if path[-1] != "kernel":
        return value
    return np.ascontiguousarray(value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T)


def to_state(params: Params) -> dict[str, np.ndarray]:
    """Parameters as a flat dict of PyTorch names and axis orders."""
    leaves = {path: np.asarray(value) for path, value in flatten_dict(jax.device_get(params)).items()}
    return {torch_name(path): value.transpose(torch_axes(path, value.ndim)).copy(order="C") for path, value in leaves.items()}


def from_named(names: Collection[str], read: Callable[[str], np.ndarray], like: Params, where: str) -> Params:
    """The parameters of `like`'s structure (shapes suffice), of PyTorch's names and axis orders, each read once.

    Raises InputError naming the tensor that is missing, left over, of another shape or type, or not finite.
    """
    wanted, found = flatten_dict(like), {}
    for path, leaf in wanted.items():
        name = torch_name(path)
        if name not in names:
            raise InputError(f"{where}: tensor `{name}` is missing; the file is of another model or damaged")
        value = from_torch(path, read(name))
        if value.shape != leaf.shape:
            raise InputError(f"{where}: tensor `{name}` has shape {value.shape}, the model needs {leaf.shape}")
        if value.dtype != leaf.dtype:
            raise InputError(f"{where}: tensor `{name}` holds {value.dtype}, the model needs {leaf.dtype}; convert the file")
        if not np.isfinite(value).all():
            raise InputError(f"{where}: tensor `{name}` holds NaN or infinity; make the file anew")
        found[path] = value
    extra = sorted(set(names) - {torch_name(path) for path in wanted})
    if extra:
        raise InputError(f"{where}: tensor `{extra[0]}` ({len(extra)} in all) belongs to no part of the model")
    return unflatten_dict(found)


def save(folder: pathlib.Path, params: Params, settings: Settings) -> None:
    """Writes `model.safetensors` and `config.json` into `folder`."""
    content = safetensors.numpy.save(to_state(params), metadata={"format": "pt"})
    files.write_bytes(folder / WEIGHTS, content)
    files.write_json(folder / SETTINGS, settings.model_dump())


def load_settings(folder: pathlib.Path, kind: type[S]) -> S:
    """Reads `config.json`."""
    return config.parse(kind, files.read_json(folder / SETTINGS), str(folder / SETTINGS))


def load(folder: pathlib.Path, like: Params) -> Params:
    """Reads `model.safetensors` into `like`'s structure, a tensor at a time.

    Raises InputError naming the file and the tensor at fault.
    """
    path = folder / WEIGHTS
    try:
        tensors = SafetensorsFile(path)
        return from_named(tensors.names(), tensors.read, like, str(path))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
