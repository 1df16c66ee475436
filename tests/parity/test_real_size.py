"""The towers at their published sizes: errors that grow with depth and width would not show in small models."""

import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clip_italian.checkpoints import layouts
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder
from tests.parity import references

B32: dict[str, Any] = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
SIZES = {
    "WIDTH": 768,
    "DEPTH": 12,
    "HEADS": 12,
    "HIDDEN": 3072,
    "SIDE": 224,
    "PATCH": 32,
    "COMMON": 512,
    "VISION": B32 | {"image_size": 224, "patch_size": 32},
    "BERT": B32 | {"vocab_size": 31102},
    "XLM_ROBERTA": references.XLM_ROBERTA | B32 | {"vocab_size": 250002, "max_position_embeddings": 514},
}
LENGTHS = [3, 12, 21, 77]  # tokens; 77 is as long as open_clip lets them be


@pytest.mark.parametrize("system", [references.clip_italian, references.open_clip], ids=["clip-italian", "open_clip, XLM-RoBERTa"])
def test_the_embeddings_of_base_models_agree(
    system: Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, request: Any, record_property: Any
) -> None:
    for name, value in SIZES.items():
        monkeypatch.setattr(references, name, value)
    reference = system(tmp_path / "model")
    layout = layouts.find(reference.folder)
    settings, params = layout.settings, layout.params()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (len(LENGTHS), 224, 224, 3), dtype=np.uint8)
    mask = np.arange(max(LENGTHS))[None] < np.array(LENGTHS)[:, None]
    texts = Tokens(np.where(mask, rng.integers(5, 31000, mask.shape), 0).astype(np.int32), mask)
    encoder = Encoder(settings, 64, project=True)
    normalised = np.asarray(dual_encoder.normalise_pixels(settings.image, jnp.asarray(pixels))).transpose(0, 3, 1, 2).copy()
    with torch.no_grad():
        expected = reference.outputs(torch.tensor(normalised), torch.tensor(texts.ids).long(), torch.tensor(texts.mask).long())
    wanted = {"image": expected.image["projected"].numpy(), "text": expected.text["projected"].numpy()}
    found = {"image": encoder.images(params, pixels), "text": encoder.texts(params, texts)}
    errors = {name: float(np.abs(found[name] - wanted[name]).max() / np.abs(wanted[name]).max()) for name in wanted}
    record_property("Embeddings at the published sizes", (request.node.callspec.id, errors))
    assert max(errors.values()) < 1e-5, errors
