"""Vectors of pictures and texts by onnxruntime, from what `onnx_files` has written."""

import pathlib
from collections.abc import Iterable, Iterator, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from clip_italian.data import tokens
from clip_italian.models import dual_encoder
from clip_italian.models.assembly import Model
from clip_italian.use.export.onnx_files import IMAGE, TEXT

AT_ONCE = 32  # pictures or texts
Feed = dict[str, np.ndarray]


def encoded(
    folder: pathlib.Path, model: Model, pixels: UInt8[np.ndarray, "n h w 3"], texts: Sequence[str]
) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]]:
    """Unit vectors of pictures as the tower takes them, and of texts; `model` is the one that was written to `folder`."""
    return _run(folder / IMAGE, _seen(model, pixels)), _run(folder / TEXT, _read(model, texts))


def _seen(model: Model, pixels: UInt8[np.ndarray, "n h w 3"]) -> Iterator[Feed]:
    for start in range(0, len(pixels), AT_ONCE):
        normalised = dual_encoder.normalise_pixels(model.settings.image, jnp.asarray(pixels[start : start + AT_ONCE]))
        yield {"pixel_values": np.asarray(normalised).transpose(0, 3, 1, 2)}


def _read(model: Model, texts: Sequence[str]) -> Iterator[Feed]:
    for start in range(0, len(texts), AT_ONCE):
        some = tokens.encode(model.tokenizer, texts[start : start + AT_ONCE], model.settings.text.positions)
        yield {"input_ids": some.ids.astype(np.int64), "attention_mask": some.mask.astype(np.int64)}


def _run(path: pathlib.Path, feeds: Iterable[Feed]) -> np.ndarray:
    import onnxruntime  # here: it takes a while, and few need it

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0] for feed in feeds])
