"""A dual encoder in use: pictures and texts in, unit vectors out."""

import pathlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
import tqdm
from jaxtyping import Float, UInt8
from PIL import Image

from clip_italian.checkpoints import pictures
from clip_italian.checkpoints.hub import Provenance
from clip_italian.checkpoints.pictures import Picture
from clip_italian.data.images import resizing
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.encoder import Encoder

BATCH = 64
Tokenise = Callable[[list[str]], Tokens]


class Clip:
    """A model that `load` returns. `settings` and `params` are its architecture and its parameters.

    The first pictures or texts of a size compile a program, which takes about a second each; `JAX_COMPILATION_CACHE_DIR` keeps
    them for the next process.

    `provenance` says what files it was read from: of the model, and of its picture half where that is a model of its own.
    """

    def __init__(
        self, settings: DualEncoderSettings, params: Params, tokenise: Tokenise, provenance: tuple[Provenance, ...] = ()
    ) -> None:
        self.settings, self.params, self._tokenise, self.provenance = settings, params, tokenise, provenance

    def cutting(self, margin: Literal["floor", "round"]) -> "Clip":
        """The same model, its pictures cut where an odd number of pixels is left over as `resizing.Fit.margin` says."""
        fit = self.settings.image.fit.model_copy(update={"margin": margin})
        image = self.settings.image.model_copy(update={"fit": fit})
        return Clip(self.settings.model_copy(update={"image": image}), self.params, self._tokenise, self.provenance)

    def encode_image(self, images: Iterable[Picture], batch: int = BATCH, progress: bool = False) -> Float[np.ndarray, "n p"]:
        """Unit vectors of pictures: paths, Pillow images or arrays, also from a generator.

        `batch` pictures are decoded while those before them are encoded, and no more are held; it changes no vector beyond
        rounding. `progress` shows a bar. Raises InputError naming the picture that cannot be read.
        """
        _check(images, batch)
        parts = [np.zeros((0, self.settings.projection), np.float32)]
        with _bar(images, progress, "picture") as bar:
            for pixels in pictures.blocks(self.fitted, images, batch):
                parts.append(self.encode_fitted(np.stack(pixels), batch, bar.update))
        return np.concatenate(parts)

    def fitted(self, picture: Picture) -> UInt8[np.ndarray, "h w 3"]:
        """A picture cut to the tower's size; raises InputError naming the one that cannot be read."""
        return resizing.square(pictures.opened(picture), self.settings.image.image_size, self.settings.image.fit)

    def encode_fitted(
        self, pixels: UInt8[np.ndarray, "n h w 3"], batch: int = BATCH, report: Callable[[int], object] = lambda done: None
    ) -> Float[np.ndarray, "n p"]:
        """Unit vectors of pictures that `fitted` has cut; `report` is told how many more are done."""
        return Encoder(self.settings, batch, project=True, report=report).images(self.params, pixels)

    def encode_text(self, texts: Iterable[str], batch: int = BATCH, progress: bool = False) -> Float[np.ndarray, "n p"]:
        """Unit vectors of texts; what exceeds the model's longest text is cut off.

        At most `batch` texts, of like length, are encoded at once; it changes no vector beyond rounding. `progress` shows a bar.
        """
        _check(texts, batch)
        listed = list(texts)
        if not listed:
            return np.zeros((0, self.settings.projection), np.float32)
        with _bar(listed, progress, "text") as bar:
            return Encoder(self.settings, batch, project=True, report=bar.update).texts(self.params, self._tokenise(listed))

    def similarity(self, images: Iterable[Picture], texts: Iterable[str]) -> Float[np.ndarray, "n m"]:
        """Cosines of every picture with every text."""
        return self.encode_image(images) @ self.encode_text(texts).T


def _check(several: Iterable[object], batch: int) -> None:
    if isinstance(several, str | pathlib.Path | Image.Image):
        raise InputError(f"one {type(several).__name__} was given instead of several; put it into a list")
    if batch < 1:
        raise InputError(f"batch is {batch}; it must be at least 1")


def _bar(several: Any, shown: bool, unit: str) -> tqdm.tqdm:
    total = len(several) if hasattr(several, "__len__") else None
    return tqdm.tqdm(total=total, unit=unit, disable=not shown)
