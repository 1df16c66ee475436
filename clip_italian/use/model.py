"""A dual encoder in use: pictures and texts in, unit vectors out."""
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from clip_italian.data import resizing
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.encoder import Encoder
from clip_italian.models.repository import Provenance
from clip_italian.use import pictures
from clip_italian.use.pictures import Picture

BATCH = 64  # pictures or texts at once
Tokenise = Callable[[list[str]], Tokens]


class Clip:
    """A model that `load` returns. `settings` and `params` are its architecture and its parameters.

    `provenance` says what files it was read from: of the model, and of its picture half where that is a model of its own.
    """

    def __init__(
        self, settings: DualEncoderSettings, params: Params, tokenise: Tokenise, provenance: tuple[Provenance, ...] = ()
    ) -> None:
        self.settings, self.params, self._tokenise, self.provenance = settings, params, tokenise, provenance

    def encode_image(self, images: Sequence[Picture], batch: int = BATCH) -> Float[np.ndarray, "n p"]:
        """Unit vectors of pictures: paths, Pillow images or arrays.

        Raises InputError naming the picture that cannot be read.
        """
        encoder, tower = Encoder(self.settings, batch), self.settings.image
        parts = []  # a batch at a time: decoded pictures are a thousand times as large as their vectors
        for start in range(0, len(images), batch):
            pixels = [resizing.square(pictures.opened(one), tower.image_size, tower.fit) for one in images[start : start + batch]]
            parts.append(dual_encoder.project_image(self.params, encoder.images(self.params, np.stack(pixels))))
        return np.concatenate(parts) if parts else np.zeros((0, self.settings.projection), np.float32)

    def encode_text(self, texts: Sequence[str], batch: int = BATCH) -> Float[np.ndarray, "n p"]:
        """Unit vectors of texts; what exceeds the model's longest text is cut off."""
        if not texts:
            return np.zeros((0, self.settings.projection), np.float32)
        features = Encoder(self.settings, batch).texts(self.params, self._tokenise(list(texts)))
        return np.asarray(dual_encoder.project_text(self.params, features))

    def similarity(self, images: Sequence[Picture], texts: Sequence[str]) -> Float[np.ndarray, "n m"]:
        """Cosines of every picture with every text."""
        return self.encode_image(images) @ self.encode_text(texts).T
