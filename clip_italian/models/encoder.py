"""Computes features or embeddings of many images or texts in batches, on all devices."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt8

from clip_italian import devices
from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.dual_encoder import DualEncoderSettings, Params

LENGTH_MULTIPLE = 2  # tokens; multiples limit the number of compiled programs
# Activations between two layers in one batch on a CPU: 8 images or 32 captions of a base model. Eight times as many take 12 % more
# processor time per image, because the buffers leave the cache and are new pages at each call, and because captions of different
# lengths share a batch. Half as many take 4 % more, because the weights are read more often.
AT_ONCE = 1 << 19


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _image(
    settings: DualEncoderSettings, project: bool, policy: ComputePolicy, params: Params, pixels: UInt8[Array, "n h w 3"]
) -> Float[Array, "n d"]:
    features = dual_encoder.image_features(settings, params, pixels, policy)
    return dual_encoder.project_image(params, features) if project else features


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _text(
    settings: DualEncoderSettings,
    project: bool,
    policy: ComputePolicy,
    params: Params,
    key: Array | None,
    ids: Int[Array, "n t"],
    mask: Bool[Array, "n t"],
    texts: Int[Array, "n"],
) -> Float[Array, "n d"]:
    features = dual_encoder.text_features(settings, params, ids, mask, policy, key, texts)
    return dual_encoder.project_text(params, features) if project else features


class Encoder:
    """Computes pooled features of many images or texts, or with `project` their unit vectors in the common space.

    Batches have at most `block` items, and powers of two, so that few programs are compiled. `report` is called after each batch
    with its number of items. The devices of all processes share the work, so all processes must call. The batch size changes
    results only by rounding, also with dropout.
    """

    def __init__(
        self,
        settings: DualEncoderSettings,
        block: int,
        project: bool = False,
        report: Callable[[int], object] = lambda done: None,
        policy: ComputePolicy = PLAIN,
    ) -> None:
        self.settings, self.block, self.project, self.report, self.policy = settings, block, project, report, policy
        self._compiled: set[Any] = set()  # functions with the shapes of their arrays

    def images(self, params: Params, pixels: UInt8[np.ndarray, "n h w 3"]) -> Float[np.ndarray, "n d"]:
        """Features or unit vectors of images, whose size is that of the tower's input."""
        tower, parts = self.settings.image, []
        rows = self._rows(tower.grid**2 * tower.width)
        for start in range(0, len(pixels), rows):
            parts.append(self._run(_image, (params,), pixels[start : start + rows]))
        return self._joined(parts, tower.width)

    def texts(self, params: Params, encoded: Tokens, key: Array | None = None) -> Float[np.ndarray, "n d"]:
        """Features or unit vectors of texts. A batch has texts of similar length, and more of them if they are short.

        With `text_dropout`, the key and a text's index in `encoded` determine its dropout mask.
        """
        lengths = encoded.mask.sum(axis=1)
        order, parts, start = np.argsort(-lengths, kind="stable"), [], 0
        while start < len(order):
            length = padded_length(int(lengths[order[start]]))
            rows = order[start : start + self._rows(length * self.settings.text.width)]
            block = tokens.trim(tokens.take(encoded, rows), length)
            parts.append(self._run(_text, (params, key), *block, rows.astype(np.int32)))
            start += len(rows)
        return self._joined(parts, self.settings.text.width)[np.argsort(order)]

    def _rows(self, numbers: int) -> int:
        """Returns the batch size for all devices, given the number of activations of one item between two layers."""
        fitting = AT_ONCE // numbers * jax.device_count() if jax.default_backend() == "cpu" else self.block
        return power_of_two(max(1, min(self.block, fitting)))

    def _run(self, function: Any, given: tuple[Any, ...], *arrays: np.ndarray) -> np.ndarray:
        """Calls the jitted function on arrays padded with zeros to the next power of two rows."""
        count = len(arrays[0])
        missing = power_of_two(2 * count - 1) - count
        padded = [np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)]) for array in arrays]
        arguments = self.settings, self.project, self.policy, *given, *devices.spread(padded)
        program = function, tuple(array.shape for array in padded)
        if program not in self._compiled:
            devices.once(function.lower(*arguments))
            self._compiled.add(program)
        result = devices.fetch(function(*arguments))[:count]
        self.report(count)
        return result

    def _joined(self, parts: list[np.ndarray], width: int) -> np.ndarray:
        nothing = np.zeros((0, self.settings.projection if self.project else width), np.float32)
        return np.concatenate([nothing, *parts])


def power_of_two(number: int) -> int:
    """The largest power of two up to `number`, which is at least 1."""
    return 1 << (number.bit_length() - 1)


def padded_length(longest: int) -> int:
    """Returns the padded length for texts of `longest` tokens: 2, 4, ... 14, 16, 20, ... 28, 32, 40, ... 56, 64, 80 and so on."""
    multiple = max(LENGTH_MULTIPLE, power_of_two(max(longest - 1, 1)) // 4)
    return -(-max(longest, 1) // multiple) * multiple
