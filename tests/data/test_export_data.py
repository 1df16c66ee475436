"""Web-dataset tars out of shards: what went in is read back by this project's own reader, and equal shards give equal bytes."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from clip_italian import __main__, files
from clip_italian.data.images.shards import Example, write_shards
from clip_italian.evaluation.published.archived_sets import WebDatasetSettings, web_dataset

PICTURES = np.random.default_rng(0).integers(0, 255, (20, 12, 10, 3), dtype=np.uint8)
EXAMPLES = [Example(f"wit/{i:07d}", "wit", [f"è la {i}ª", "due"][: 1 + i % 2]) for i in range(20)]
pytestmark = pytest.mark.usefixtures("serial")


@pytest.fixture
def stored(here):
    write_shards(here / "stored", EXAMPLES, PICTURES, per_shard=8)
    return here


def exported(here, *options):
    __main__.main(["data", "export", "stored", "out", *options])
    return here / "out"


def read(folder, split="train"):
    return web_dataset(folder, WebDatasetSettings(split=split, kind="retrieval", labels=None))


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_pictures_and_captions_come_back_pixel_for_pixel(stored, capsys):
    found = read(exported(stored))
    assert capsys.readouterr().out == "out: 20 pictures written\n"
    assert np.array_equal([pixels(one.read_bytes()) for one in found.pictures], PICTURES)
    assert found.texts == [caption for example in EXAMPLES for caption in example.captions]
    assert found.owner.tolist() == [place for place, example in enumerate(EXAMPLES) for _ in example.captions]


def test_a_sample_is_three_members_of_one_key_with_all_that_is_known(stored):
    with tarfile.open(exported(stored) / "train/1.tar") as tar:
        members = tar.getmembers()
        assert [member.name for member in members[:3]] == ["000000008.png", "000000008.json", "000000008.txt"]
        assert json.load(tar.extractfile("000000009.json")) == vars(EXAMPLES[9])
    assert {(member.mtime, member.uid, member.gid, member.uname, member.mode) for member in members} == {(0, 0, 0, "", 0o644)}
    assert (stored / "out/train/nshards.txt").read_text() == "3\n"


def test_equal_shards_give_equal_bytes(stored):
    first = files.tree_digest(exported(stored))
    assert files.tree_digest(exported(stored)) == first


def test_jpegs_are_smaller_and_close_to_the_pictures(here):
    smooth = np.broadcast_to(np.linspace(0, 255, 64, dtype=np.uint8)[:, None, None], (64, 64, 3))[None].repeat(4, 0)
    write_shards(here / "stored", EXAMPLES[:4], smooth, per_shard=8)
    found = read(exported(here, "--format", "jpg", "--split", "test"), "test")
    assert np.abs(pixels(found.pictures[0].read_bytes()).astype(int) - smooth[0]).max() <= 3


def test_a_damaged_shard_is_named_and_nothing_is_left(stored):
    path = stored / "stored/00001.array_record"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SystemExit, match="00001.array_record: missing or damaged"):
        exported(stored)
    assert not (stored / "out").exists()
    with pytest.raises(SystemExit, match="index.json: missing"):
        __main__.main(["data", "export", "nowhere", "out"])
