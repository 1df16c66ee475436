"""Pictures of another size against transformers' `interpolate_pos_encoding=True`."""

import json
import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clip_italian.checkpoints import layouts
from clip_italian.models import dual_encoder
from tests.parity import references, resolution_references

ERROR = 1e-5  # of unit vectors, and of embeddings relative to the largest


def pooled(model: Any, pixels: Any) -> Any:
    return model.vision_model(pixels, interpolate_pos_encoding=True).pooler_output


FORWARD: dict[str, Any] = {
    "openai": lambda model, pixels: model.visual_projection(pooled(model, pixels)),
    "SigLIP": lambda model, pixels: pooled(model, pixels),
}


@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("image_size", [16, 24, 40, 61, 96])
def test_pictures_of_another_size_give_what_transformers_gives(name: str, image_size: int, tmp_path: pathlib.Path) -> None:
    reference = references.SYSTEMS[name](tmp_path / "model")
    layout = layouts.find(reference.folder)
    settings, params = dual_encoder.resized(layout.settings, layout.params(), image_size)
    pixels = np.random.default_rng(1).integers(0, 256, (3, image_size, image_size, 3), dtype=np.uint8)
    found = dual_encoder.project_image(params, dual_encoder.image_features(settings, params, jnp.asarray(pixels)))
    normalised = np.asarray(dual_encoder.normalise_pixels(settings.image, jnp.asarray(pixels))).transpose(0, 3, 1, 2)
    expected = references.unit(FORWARD[name](reference.modules[0], torch.tensor(normalised))).detach().numpy()
    assert np.abs(np.asarray(found) - expected).max() < ERROR


def test_the_golden_file_is_what_torch_gives_today() -> None:
    assert json.loads(resolution_references.GOLDEN.read_text()) == resolution_references.golden()
