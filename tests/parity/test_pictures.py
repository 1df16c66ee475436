"""Pixels against the image processors of every system's own library: bytes equal, normalised values within 1e-6."""

import io
import json
import pathlib
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from clip_italian.checkpoints import processors
from clip_italian.data.images import opening, resizing
from clip_italian.data.images.resizing import Fit
from clip_italian.models import dual_encoder
from clip_italian.models.vit import ViTSettings
from tests.helpers import resizing_cases

NORMALISED = 1e-6
CONFIGS: dict[str, dict[str, Any]] = {
    "CLIP of 2021": {"feature_extractor_type": "CLIPFeatureExtractor", "size": 32, "crop_size": 32, "resample": 3},
    "CLIP": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}},
    "larger ahead of the cut": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 37}, "crop_size": 32},
    "smaller than the cut": {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 25}, "crop_size": 32},
    "SigLIP": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 32, "width": 32}, "resample": 3},
    "SigLIP 2": {"image_processor_type": "SiglipImageProcessor", "size": {"height": 32, "width": 32}, "resample": 2},
    "ViT": {"image_processor_type": "ViTImageProcessor", "size": 32, "image_mean": [0.5, 0.5, 0.5]},
    "without normalisation": {"image_processor_type": "CLIPImageProcessor", "size": 32, "crop_size": 32, "do_normalize": False},
}
TOWER = ViTSettings(image_size=32, stem=(), patch=8, width=16, depth=1, heads=2, mlp_dim=16, pooling="class")


def normalised(tower: ViTSettings, pixels: np.ndarray) -> np.ndarray:
    return np.asarray(dual_encoder.normalise_pixels(tower, jnp.asarray(pixels)[None]))[0]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("file", processors.FILES)
def test_pictures_are_as_transformers_prepares_them(name: str, file: str, tmp_path: pathlib.Path) -> None:
    import transformers

    nested = file == "processor_config.json"
    (tmp_path / file).write_text(json.dumps({"image_processor": CONFIGS[name]} if nested else CONFIGS[name]))
    tower = processors.hugging_face(tmp_path, TOWER)
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    for picture in resizing_cases.pictures():
        pixels = resizing.square(picture, 32, tower.fit)
        opened = Image.fromarray(picture)
        expected = processor(opened, do_rescale=False, do_normalize=False)["pixel_values"][0].transpose(1, 2, 0)
        assert np.array_equal(pixels, expected), picture.shape
        values = processor(opened)["pixel_values"][0].transpose(1, 2, 0)
        np.testing.assert_allclose(normalised(tower, pixels), values, atol=NORMALISED * np.abs(values).max(), rtol=0)


@pytest.mark.parametrize(
    "preprocess",
    [
        {},
        {"interpolation": "bilinear"},
        {"resize_mode": "squash", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        {"resize_mode": None},
    ],
)
def test_pictures_are_as_open_clip_prepares_them(preprocess: dict[str, Any]) -> None:
    from open_clip import transform

    tower = processors.open_clip(preprocess, TOWER, "open_clip_config.json")
    config = transform.PreprocessCfg(**transform.merge_preprocess_dict(transform.PreprocessCfg(size=32), preprocess))
    reference = transform.image_transform_v2(config, is_train=False)
    for picture in resizing_cases.pictures():
        pixels, opened = resizing.square(picture, 32, tower.fit), Image.fromarray(picture)
        expected = opened
        for step in reference.transforms[:-2]:  # ahead of ToTensor and Normalize
            expected = step(expected)
        assert np.array_equal(pixels, np.asarray(expected)), picture.shape
        np.testing.assert_allclose(normalised(tower, pixels), reference(opened).numpy().transpose(1, 2, 0), atol=3 * NORMALISED)


def test_the_two_backends_of_transformers_are_a_level_apart_at_most() -> None:
    """Its torchvision backend, which sentence-transformers takes where it is installed, rounds the weights of its sums."""
    import transformers

    options = {"do_rescale": False, "do_normalize": False, "size": 32, "crop_size": 32}
    for picture in resizing_cases.pictures():
        found = transformers.CLIPImageProcessor(**options)(Image.fromarray(picture))["pixel_values"][0].numpy().transpose(1, 2, 0)
        pixels = resizing.square(picture, 32, Fit(margin="floor"))
        assert np.abs(found.astype(int) - pixels).max() <= 1, picture.shape


def test_golden_squares_are_what_the_libraries_give_today() -> None:
    from tests.parity import resize_references

    with np.load(resizing_cases.GOLDEN) as stored:
        for name, value in resize_references.golden().items():
            assert np.array_equal(stored[name], value), name


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def odd_files() -> dict[str, bytes]:
    rng = np.random.default_rng(3)
    colours = Image.fromarray(rng.integers(0, 256, (40, 60, 4), dtype=np.uint8), "RGBA")
    exif = Image.Exif()
    exif[0x0112] = 6
    palette = colours.convert("RGB").convert("P")
    return {
        "alpha": encoded(colours),
        "grey": encoded(colours.convert("L")),
        "grey with alpha": encoded(colours.convert("LA")),
        "palette": encoded(palette),
        "transparent palette": encoded(palette, transparency=7),
        "bilevel": encoded(colours.convert("1")),
        "cmyk": encoded(colours.convert("RGB").convert("CMYK"), "JPEG"),
        "turned": encoded(colours.convert("RGB"), "JPEG", exif=exif),
        "animation": encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(180)]),
    }


@pytest.mark.parametrize("name", odd_files())
def test_files_are_opened_as_transformers_opens_them(name: str, tmp_path: pathlib.Path) -> None:
    from transformers import image_transforms, image_utils

    path = tmp_path / "picture"
    path.write_bytes(odd_files()[name])
    with Image.open(path) as opened:  # load_image itself ends with a conversion that forgets transparency
        expected = image_transforms.convert_to_rgb(image_utils.PIL.ImageOps.exif_transpose(opened), return_numpy=True)
        assert np.array_equal(opening.read_pixels(path), expected)
        assert np.array_equal(opening.read_pixels(opened), expected)
