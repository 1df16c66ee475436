"""The image preprocessing that a model folder states."""

import json

import numpy as np
import pytest
from PIL import Image

from clip_italian.checkpoints import processors
from clip_italian.data.images import opening
from clip_italian.data.images.resizing import Fit
from clip_italian.errors import InputError
from tests.helpers.small_models import IMAGE

CLIP = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 24}, "crop_size": {"height": 24, "width": 24}}
SIGLIP = {"image_processor_type": "SiglipImageProcessor", "size": {"height": 24, "width": 24}, "resample": 2}


def read(folder, content, name="preprocessor_config.json"):
    (folder / name).write_text(json.dumps(content))
    return processors.hugging_face(folder, IMAGE)


def test_a_folder_without_a_processor_leaves_the_tower_as_it_is(tmp_path):
    assert processors.hugging_face(tmp_path, IMAGE) is IMAGE


def test_clips_pictures_are_cropped_as_transformers_crops(tmp_path):
    tower = read(tmp_path, CLIP)
    assert tower.fit == Fit(margin="floor") and tower.mean == IMAGE.mean


def test_siglips_pictures_are_squashed_with_the_filter_that_the_file_names(tmp_path):
    tower = read(tmp_path, SIGLIP)
    assert tower.fit == Fit(kind="squash", interpolation="bilinear", margin="floor")
    assert tower.mean == tower.std == (0.5, 0.5, 0.5)


def test_the_sizes_of_2021_are_plain_numbers(tmp_path):
    old = {
        "feature_extractor_type": "CLIPFeatureExtractor",
        "size": 28,
        "crop_size": 24,
        "resample": 3,
        "image_std": [0.2, 0.3, 0.4],
    }
    tower = read(tmp_path, old)
    assert tower.fit == Fit(resized=28, margin="floor") and tower.std == (0.2, 0.3, 0.4)


def test_the_processor_file_of_version_5_is_read_too(tmp_path):
    assert read(tmp_path, {"image_processor": SIGLIP}, "processor_config.json").fit.kind == "squash"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"do_resize": False}, "`do_resize` is false"),
        ({"do_rescale": False}, "`do_rescale` is false"),
        ({"rescale_factor": 0.5}, "`rescale_factor` is 0.5; only 1/255 is known"),
        ({"do_center_crop": False}, "`do_center_crop` is false with a `shortest_edge`"),
        ({"crop_size": {"height": 24, "width": 20}}, "`crop_size` is .*only squares"),
        ({"size": {"height": 24, "width": 20}}, "`size` is .*known are `shortest_edge`"),
        ({"resample": 0}, r"`resample` is 0; known are 3 \(bicubic\), 2 \(bilinear\)"),
        ({"crop_size": 32, "size": 32}, "images become 32 x 32 pixels, but the tower of config.json takes 24"),
        ({"image_processor_type": "ConvNextImageProcessor"}, "processed by `ConvNextImageProcessor`; known are CLIPImageProcessor"),
        ({"image_processor_type": "NoSuchProcessor"}, "no image processor that transformers knows"),
        ({"image_mean": [0.5, 0.5]}, "a mean or std of 2 channels"),
    ],
)
def test_what_cannot_be_done_here_is_named(change, message, tmp_path):
    with pytest.raises(InputError, match=rf"preprocessor_config.json: .*{message}"):
        read(tmp_path, {**CLIP, **change})


def test_open_clips_configuration_may_override_everything_but_the_size():
    config = {
        "size": 99,
        "mean": 0.5,
        "std": [0.1, 0.2, 0.3],
        "interpolation": "bilinear",
        "resize_mode": "squash",
        "fill_color": 0,
    }
    tower = processors.open_clip(config, IMAGE, "open_clip_config.json")
    assert tower.fit == Fit(kind="squash", interpolation="bilinear")
    assert tower.mean == (0.5, 0.5, 0.5) and tower.std == (0.1, 0.2, 0.3) and tower.image_size == 24
    assert processors.open_clip({}, IMAGE, "open_clip_config.json") == IMAGE.model_copy(update={"fit": Fit()})


@pytest.mark.parametrize(("key", "value"), [("resize_mode", "longest"), ("interpolation", "nearest")])
def test_what_open_clip_could_do_and_this_cannot_is_named(key, value):
    with pytest.raises(InputError, match=f"`{key}` is `{value}`; known are"):
        processors.open_clip({key: value}, IMAGE, "open_clip_config.json")


def test_an_open_picture_and_its_file_are_the_same_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png", exif=exif)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(tmp_path / "b.png")
    for path in tmp_path.iterdir():
        with Image.open(path) as opened:
            assert np.array_equal(opening.read_pixels(opened), opening.read_pixels(path))
    assert opening.read_pixels(tmp_path / "a.png").shape == (30, 20, 3)
    assert np.array_equal(opening.read_pixels(tmp_path / "b.png")[..., 1], pixels[..., 0])


@pytest.mark.parametrize("array", [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)])
def test_an_array_that_is_no_picture_is_refused(array):
    with pytest.raises(InputError, match=r"uint8 of \(height, width, 3\) is needed"):
        opening.read_pixels(array)
