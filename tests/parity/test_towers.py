"""Every stage of the forward pass, and the gradients, against the libraries that define the systems."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch

from clip_italian.checkpoints import layouts
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.vit import VisionTransformer
from tests.parity.references import SIDE, SYSTEMS, WORDS, Reference, unit

FORWARD, GRADIENT = 1e-5, 1e-4  # largest difference, relative to the largest value (of the tower, for gradients)
PAIRS, LENGTH, SCALE = 4, 20, 20.0


def inputs(fixed: bool) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Pixels, token ids and mask of some pairs; texts of several lengths, each ending with the last word of the vocabulary."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (PAIRS, SIDE, SIDE, 3), dtype=np.uint8)
    lengths = np.full(PAIRS, LENGTH) if fixed else np.array([3, 7, 12, LENGTH])
    mask = np.arange(LENGTH)[None] < lengths[:, None]
    ids = rng.integers(5, WORDS - 3, (PAIRS, LENGTH))
    ids[np.arange(PAIRS), lengths - 1] = WORDS - 1
    return jnp.asarray(pixels), jnp.asarray(np.where(mask, ids, 0), jnp.int32), jnp.asarray(mask)


def captured(module: Any, params: Params, *arrays: jax.Array) -> dict[str, np.ndarray]:
    """What each submodule gives."""
    _, state = module.apply({"params": params}, *arrays, capture_intermediates=True, mutable=["intermediates"])
    return {name: value["__call__"][0] for name, value in state["intermediates"].items() if isinstance(value, dict)}


def embedded(stages: dict[str, np.ndarray]) -> np.ndarray:
    """What the first block is given: after the tower's first norm, or, without one, the sum of its embeddings."""
    for norm in ("pre_layrnorm", "embeddings.LayerNorm"):
        if norm in stages:
            return stages[norm]
    items = stages.get("embeddings.token_embedding")
    if items is None:
        patches = stages["embeddings.patch_embedding"]
        items = patches.reshape(len(patches), -1, patches.shape[-1])
    return items + stages["embeddings.position_embedding"][None]


def ours(settings: DualEncoderSettings, params: Params, pixels: jax.Array, ids: jax.Array, mask: jax.Array) -> Any:
    image_tower = VisionTransformer(settings.image)
    layer = "encoder.layer" if isinstance(settings.text, BertSettings) else "encoder.layers"
    seen = captured(image_tower, params["vision_model"], dual_encoder.normalise_pixels(settings.image, pixels))
    read = captured(settings.text.module(), params["text_model"], ids, mask)
    image = dual_encoder.image_features(settings, params, pixels)
    text = dual_encoder.text_features(settings, params, ids, mask)
    depth = settings.image.depth - 1
    vectors = dual_encoder.project_image(params, image), dual_encoder.project_text(params, text)
    logits = np.exp(params["logit_scale"]) * vectors[0] @ vectors[1].T + params.get("logit_bias", 0)
    blocks = {"embedding": embedded(seen), "first block": seen["encoder.layers.0"], "last block": seen[f"encoder.layers.{depth}"]}
    text_blocks = {"embedding": embedded(read), "first block": read[f"{layer}.0"], "last block": read[f"{layer}.{depth}"]}
    return (
        blocks | {"pooled": image, "projected": vectors[0]},
        text_blocks | {"pooled": text, "projected": vectors[1]},
        logits,
    )


def error(value: np.ndarray, reference: torch.Tensor, rows: np.ndarray | None = None) -> float:
    """The largest difference, relative to the largest value; where `rows`, of those rows alone."""
    value, expected = np.asarray(value), reference.detach().numpy()
    if rows is not None and value.ndim == 3:
        value, expected = value[rows], expected[rows]
    return float(np.abs(value - expected).max() / np.abs(expected).max())


def reference_outputs(reference: Reference, settings: DualEncoderSettings, arrays: tuple[jax.Array, ...]) -> Any:
    pixels, ids, mask = arrays
    normalised = np.asarray(dual_encoder.normalise_pixels(settings.image, pixels)).transpose(0, 3, 1, 2)
    return reference.outputs(torch.tensor(normalised), torch.tensor(np.asarray(ids)).long(), torch.tensor(np.asarray(mask)).long())


@pytest.fixture(params=list(SYSTEMS), scope="module")
def reference(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return SYSTEMS[request.param](tmp_path_factory.mktemp("system") / "model")


def system_of(request: Any) -> str:
    """The system that a test runs on, by its name in SYSTEMS."""
    return request.node.callspec.params["reference"]


def of_part(errors: dict[str, float], part: str) -> dict[str, float]:
    """The stages of one tower; the logits, which both make, stand with the text tower's."""
    named = {name.removeprefix(f"{part}, "): value for name, value in errors.items() if name.startswith(part)}
    return named | ({"logits": errors["logits"]} if part == "text" and "logits" in errors else {})


def test_every_stage_of_the_forward_pass_agrees(reference: Reference, request: Any, record_property: Any) -> None:
    layout = layouts.find(reference.folder, reference.images)
    settings, params = layout.settings, layout.params()
    arrays = inputs(reference.fixed)
    image, text, logits = ours(settings, params, *arrays)
    expected = reference_outputs(reference, settings, arrays)
    errors = {f"image, {name}": error(image[name], value) for name, value in expected.image.items()}
    errors |= {f"text, {name}": error(text[name], value, np.asarray(arrays[2])) for name, value in expected.text.items()}
    if expected.logits is not None:
        errors["logits"] = error(logits, expected.logits)
    for part in ("image", "text"):
        record_property(f"Forward pass, {part} tower", (system_of(request), of_part(errors, part)))
    assert max(errors.values()) < FORWARD, errors


def test_a_pair_alone_is_what_it_is_among_others(reference: Reference) -> None:
    layout = layouts.find(reference.folder, reference.images)
    settings, params = layout.settings, layout.params()
    pixels, ids, mask = inputs(reference.fixed)
    image, text, _ = ours(settings, params, pixels, ids, mask)
    for row in range(PAIRS):
        length = mask[row].sum()
        alone = ours(settings, params, pixels[row : row + 1], ids[row : row + 1, :length], mask[row : row + 1, :length])
        np.testing.assert_allclose(alone[0]["projected"][0], image["projected"][row], atol=FORWARD)
        np.testing.assert_allclose(alone[1]["projected"][0], text["projected"][row], atol=FORWARD)


def test_gradients_agree(reference: Reference, request: Any, record_property: Any) -> None:
    layout = layouts.find(reference.folder, reference.images)
    settings, params = layout.settings, layout.params()
    pixels, ids, mask = arrays = inputs(reference.fixed)

    def loss(params: Params) -> jax.Array:
        image = dual_encoder.project_image(params, dual_encoder.image_features(settings, params, pixels))
        text = dual_encoder.project_text(params, dual_encoder.text_features(settings, params, ids, mask))
        return -jax.nn.log_softmax(SCALE * image @ text.T)[np.arange(PAIRS), np.arange(PAIRS)].mean()

    expected = torch_gradients(reference, settings, arrays)
    found = jax.grad(loss)(params)
    errors = {
        part: largest(jax.tree.map(lambda a, b: a - b, found[part], expected[part])) / largest(expected[part])
        for part in ("vision_model", "text_model", "visual_projection", "text_projection")
        if found.get(part)
    }
    record_property("Gradients of the contrastive loss", (system_of(request), errors))
    assert max(errors.values()) < GRADIENT, errors


def largest(tree: Params) -> float:
    return max(float(np.abs(leaf).max()) for leaf in jax.tree.leaves(tree))


def torch_gradients(reference: Reference, settings: DualEncoderSettings, arrays: tuple[jax.Array, ...]) -> Params:
    """torch's gradients in our structure: written in place of the weights and read by the same importer."""
    for module in reference.modules:
        module.zero_grad()
    expected = reference_outputs(reference, settings, arrays)
    logits = SCALE * unit(expected.image["projected"]) @ unit(expected.text["projected"]).T
    torch.nn.functional.cross_entropy(logits, torch.arange(PAIRS)).backward()
    parameters = [parameter for module in reference.modules for parameter in module.parameters()]
    kept = [parameter.detach().clone() for parameter in parameters]
    with torch.no_grad():
        for parameter in parameters:
            parameter.copy_(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        reference.save()
        gradients = layouts.find(reference.folder, reference.images).params()
        for parameter, value in zip(parameters, kept, strict=True):
            parameter.copy_(value)
    reference.save()
    return gradients
