"""Pairs to shards: every picture once, every view a function of its picture's id."""

import numpy as np
import pytest

from clip_italian import files
from clip_italian.data import preparation
from clip_italian.data.archives import Archive
from clip_italian.data.images import augmentation, shards
from clip_italian.data.images.augmentation import AugmentationSettings
from clip_italian.data.images.images import decode
from clip_italian.data.images.resizing import Fit, square
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.images.shards import Shards
from clip_italian.errors import InputError
from clip_italian.world.publishing import download
from tests.helpers.small_world import LIMITS, RAY, THREE, TWO, world

SETTINGS = ImageSettings(
    seed=42,
    limits=LIMITS,
    resize="antialiased",
    stored=56,
    side=48,
    views=2,
    per_shard=8,
    views_of="code_2021",
    augmentations={
        "code_2021": AugmentationSettings(
            crop=52,
            beyond="picture",
            brightness=0.0,
            contrast=0.0,
            saturation=0.0,
            hue=0.02,
            jitter="after",
            flip=0.5,
            degrees=15.0,
            translate=0.1,
            scale=[0.8, 1.2],
            shear=15.0,
            distortion=0.3,
            perspective=0.3,
            interpolation="bilinear",
            fill=127,
            operations={"autocontrast": 0.1, "equalize_opencv": 0.1},
        )
    },
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A drawn world whose English pairs play all sets of pairs, and its shards."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "raw").mkdir()
    (folder / "pairs").mkdir()
    download.draw(folder / "raw", world())
    english = (folder / "raw/english/pairs.jsonl").read_text()
    lines = english.replace('"archive": "', '"archive": "../').splitlines(keepends=True)
    (folder / "pairs/train.jsonl").write_text("".join(lines[:9]))
    (folder / "pairs/valid.jsonl").write_text(lines[9])
    prepare(folder / "shards", folder / "raw", folder / "pairs")
    return folder


def prepare(out, raw, pairs, settings=SETTINGS, where=TWO):
    return preparation.prepare(out, raw, pairs, out.with_name(f"{out.name}-done"), settings, where)


def test_every_set_has_its_shards_and_only_augmented_sets_have_pixels_to_spare(data):
    folders = [path.parent for path in (data / "shards").rglob("index.json")]
    opened = {folder.relative_to(data / "shards").as_posix(): Shards(folder) for folder in folders}
    sides = {name: pictures.shape[0] for name, pictures in opened.items() if len(pictures)}
    assert sides.pop("train") == sides.pop("english") == 56
    assert set(sides.values()) == {48}
    tests = {f"tests/{path.parent.name}" for path in data.glob("raw/test/*/images.zip")}
    assert set(opened) == {"train", "english", "valid", "views/0", "views/1", "probe/probe-train", "probe/probe-valid"} | tests


def test_stored_pictures_are_the_squares_of_the_published_ones(data):
    located = [where for _, where in preparation.training_pairs(data / "raw", data / "pairs")["train"]]
    pictures = Shards(data / "shards/train")
    with Archive(located[4][0]) as archive:
        expected = square(decode(archive.read(located[4][1]), LIMITS), 56)
    assert np.array_equal(pictures.pixels([4])[0], expected)


def test_the_resize_of_2021_is_for_pairs_and_the_antialiased_one_for_tests_and_probes(data, tmp_path, serial):
    prepare(tmp_path / "tensor", data / "raw", data / "pairs", SETTINGS.model_copy(update={"resize": "tensor"}))
    located = [where for _, where in preparation.training_pairs(data / "raw", data / "pairs")["train"]]
    with Archive(located[4][0]) as archive:
        expected = square(decode(archive.read(located[4][1]), LIMITS), 56, Fit(resize="tensor"))
    assert np.array_equal(Shards(tmp_path / "tensor/train").pixels([4])[0], expected)
    for folder in ("tests", "probe"):
        assert files.tree_digest(tmp_path / "tensor" / folder) == files.tree_digest(data / "shards" / folder)
    assert not np.array_equal(Shards(tmp_path / "tensor/valid").pixels([0]), Shards(data / "shards/valid").pixels([0]))


def test_stored_views_are_the_views_that_training_would_draw(data):
    train, view = Shards(data / "shards/train"), Shards(data / "shards/views/1")
    numbers = np.array([shards.number(name) for name in train.ids])
    assert list(view.ids) == list(train.ids)
    expected = augmentation.views(train.pixels(range(len(train))), 48, 42, numbers, 1, SETTINGS.augmentations["code_2021"])
    assert np.array_equal(view.pixels(range(len(view))), expected)


@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize("where", [THREE, RAY], ids=lambda where: where.kind)
def test_shards_depend_neither_on_the_number_of_workers_nor_on_their_kind(data, tmp_path, where):
    prepare(tmp_path / "other", data / "raw", data / "pairs", where=where)
    assert files.tree_digest(tmp_path / "other") == files.tree_digest(data / "shards")


def test_a_picture_that_is_gone_is_named(data, tmp_path, serial):
    lines = (data / "pairs/train.jsonl").read_text()
    (tmp_path / "train.jsonl").write_text(lines.replace('"image": "000003"', '"image": "x"'))
    (tmp_path / "valid.jsonl").write_text((data / "pairs/valid.jsonl").read_text())
    with pytest.raises(InputError, match=r"english/images.zip: member `x`.*dvc repro"):
        prepare(tmp_path / "shards", data / "raw", tmp_path)
