"""A dual encoder in memory. It encodes images and texts as unit vectors."""

import dataclasses
import pathlib
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import tqdm
from jaxtyping import Float, UInt8
from PIL import Image
from tokenizers import Tokenizer

from clip_italian.data import tokens
from clip_italian.data.images import opening, resizing
from clip_italian.data.images.opening import ImageInput
from clip_italian.data.tokens import Tokens
from clip_italian.errors import InputError
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.encoder import Encoder

BATCH = 64
IMAGE_HALF = "images/"  # prefix of the names of an image half's files
Tokenise = Callable[[list[str]], Tokens]


class Digest(NamedTuple):
    """The SHA-256 and size of a file when it was read."""

    sha256: str
    size: int  # bytes


class Provenance(NamedTuple):
    """The source of a model's files: a folder, or a repository of the hub at a commit; and their digests by name."""

    source: str
    commit: str | None
    files: dict[str, Digest]


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """A dual encoder in memory, read by `load` or trained.

    The first images or texts of a size compile a program, which takes about a second; `JAX_COMPILATION_CACHE_DIR` keeps it for the
    next process.
    """

    settings: DualEncoderSettings
    params: Params
    tokeniser: Tokenizer | Tokenise  # of tokenizer.json, as in all models of this study; or another library's
    provenance: tuple[Provenance, ...] = ()  # of the model, and of its image half if that is a separate model

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser of tokenizer.json; raises InputError for a model that uses another library's tokeniser."""
        if isinstance(self.tokeniser, Tokenizer):
            return self.tokeniser
        raise InputError(
            f"{self.provenance[0].source}: has a tokeniser of another library that no tokenizer.json can describe completely"
        )

    def tokenise(self, texts: list[str]) -> Tokens:
        """Token ids of texts, truncated and padded to the model's max_length."""
        if isinstance(self.tokeniser, Tokenizer):
            return tokens.encode(self.tokeniser, texts, self.settings.text.max_length)
        return self.tokeniser(texts)

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file that the model was read from, by name; names of a separate image half begin with `images/`."""
        prefixes = ("", IMAGE_HALF)
        parts = zip(prefixes, self.provenance, strict=False)
        return {f"{prefix}{name}": digest.sha256 for prefix, part in parts for name, digest in part.files.items()}

    def with_margin(self, margin: Literal["floor", "round"]) -> "Model":
        """The same model with another `resizing.Fit.margin`, the rule for cutting off an odd number of pixels."""
        fit = self.settings.image.fit.model_copy(update={"margin": margin})
        image = self.settings.image.model_copy(update={"fit": fit})
        return dataclasses.replace(self, settings=self.settings.model_copy(update={"image": image}))

    def translated(self, translate: Callable[[list[str]], list[str]]) -> "Model":
        """The same model, with texts translated before they are tokenised."""
        return dataclasses.replace(self, tokeniser=lambda texts: self.tokenise(translate(texts)))

    def encode_image(self, images: Iterable[ImageInput], batch: int = BATCH, progress: bool = False) -> Float[np.ndarray, "n p"]:
        """Unit vectors of images: paths, Pillow images or arrays, also from a generator.

        `batch` images are decoded while the previous ones are encoded; no more are in memory. `batch` changes the vectors by
        rounding only. `progress` shows a progress bar. Raises InputError naming an image that cannot be read.
        """
        _check(images, batch)
        parts = [np.zeros((0, self.settings.projection), np.float32)]
        with _bar(images, progress, "image") as bar:
            for pixels in opening.map_blocks(self.fitted, images, batch):
                parts.append(self.encode_fitted(np.stack(pixels), batch, bar.update))
        return np.concatenate(parts)

    def fitted(self, image: ImageInput) -> UInt8[np.ndarray, "h w 3"]:
        """An image resized and cropped to the tower's size; raises InputError naming an image that cannot be read."""
        return resizing.square(opening.read_pixels(image), self.settings.image.image_size, self.settings.image.fit)

    def encode_fitted(
        self, pixels: UInt8[np.ndarray, "n h w 3"], batch: int = BATCH, report: Callable[[int], object] = lambda done: None
    ) -> Float[np.ndarray, "n p"]:
        """Unit vectors of images from `fitted`; calls `report` with the number of images encoded since the last call."""
        return Encoder(self.settings, batch, project=True, report=report).images(self.params, pixels)

    def encode_text(self, texts: Iterable[str], batch: int = BATCH, progress: bool = False) -> Float[np.ndarray, "n p"]:
        """Returns unit vectors of texts, one row per text. Texts longer than the model's max_length are truncated.

        At most `batch` texts of similar length are encoded at once. `batch` changes the vectors by rounding only. `progress`
        shows a progress bar.
        """
        _check(texts, batch)
        listed = list(texts)
        if not listed:
            return np.zeros((0, self.settings.projection), np.float32)
        with _bar(listed, progress, "text") as bar:
            return Encoder(self.settings, batch, project=True, report=bar.update).texts(self.params, self.tokenise(listed))

    def similarity(self, images: Iterable[ImageInput], texts: Iterable[str]) -> Float[np.ndarray, "n m"]:
        """Cosines of every image with every text."""
        return self.encode_image(images) @ self.encode_text(texts).T


def _check(several: Iterable[object], batch: int) -> None:
    if isinstance(several, str | pathlib.Path | Image.Image):
        raise InputError(f"one {type(several).__name__} was given instead of several; put it into a list")
    if batch < 1:
        raise InputError(f"batch is {batch}; it must be at least 1")


def _bar(several: Any, shown: bool, unit: str) -> tqdm.tqdm:
    total = len(several) if hasattr(several, "__len__") else None
    return tqdm.tqdm(total=total, unit=unit, disable=not shown)
