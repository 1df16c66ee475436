"""Parameters as safetensors with the names and axis orders of PyTorch checkpoints, beside their settings."""

import pathlib
from typing import Any, TypeVar

import jax
import numpy as np
import safetensors.numpy
from flax.traverse_util import flatten_dict

from clip_italian import config, files
from clip_italian.config import Settings

Params = dict[str, Any]
S = TypeVar("S", bound=Settings)
TORCH_LEAF = {"kernel": "weight", "scale": "weight", "embedding": "weight"}  # a flax leaf's name in PyTorch
PARTS = ("vision_model", "text_model", "visual_projection", "text_projection", "logit_scale", "logit_bias")  # of a dual encoder
WEIGHTS, SETTINGS = "model.safetensors", "config.json"


def torch_name(path: tuple[str, ...]) -> str:
    """The checkpoint's name of a parameter: `text_model.pooler.dense.weight`."""
    return ".".join([*path[:-1], TORCH_LEAF.get(path[-1], path[-1])])


def torch_axes(path: tuple[str, ...], dimensions: int) -> tuple[int, ...]:
    """The permutation from Flax's axes to PyTorch's: (out, in) for linear layers, (out, in, height, width) for convolutions."""
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


def save(folder: pathlib.Path, params: Params, settings: Settings) -> None:
    """Writes `model.safetensors` and `config.json` into `folder`."""
    content = safetensors.numpy.save(to_state(params), metadata={"format": "pt"})
    files.write_bytes(folder / WEIGHTS, content)
    files.write_json(folder / SETTINGS, settings.model_dump(by_alias=True))


def load_settings(folder: pathlib.Path, kind: type[S]) -> S:
    """Reads `config.json`."""
    return config.parse(kind, files.read_json(folder / SETTINGS), str(folder / SETTINGS))
