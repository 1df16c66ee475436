"""Web-dataset tars out of shards: what went in is read back by this project's own reader, and equal shards give equal bytes."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from clip_italian import __main__, files
from clip_italian.data.images import shards
from clip_italian.data.images.shards import Example
from clip_italian.evaluation.published.archived_sets import WebDatasetSettings, web_dataset
from tests.helpers.shards import write_shards

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
    assert np.array_equal([pixels(one.read_bytes()) for one in found.images], PICTURES)
    assert found.texts == [caption for example in EXAMPLES for caption in example.captions]
    assert found.truth.owner.tolist() == [place for place, example in enumerate(EXAMPLES) for _ in example.captions]


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
    assert np.abs(pixels(found.images[0].read_bytes()).astype(int) - smooth[0]).max() <= 3


def test_a_damaged_shard_is_named_and_nothing_is_left(stored):
    path = stored / "stored/00001.array_record"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SystemExit, match="00001.array_record: missing or damaged"):
        exported(stored)
    assert not list((stored / "out").iterdir())
    with pytest.raises(SystemExit, match="index.json: missing"):
        __main__.main(["data", "export", "nowhere", "out"])


def test_a_second_split_stands_beside_the_first_and_what_else_is_there_stays(stored):
    (stored / "out").mkdir()
    (stored / "out/thesis.tex").write_text("years of work")
    first = files.tree_digest(exported(stored) / "train")
    assert len(read(exported(stored, "--split", "test"), "test").images) == 20
    assert files.tree_digest(stored / "out/train") == first and (stored / "out/thesis.tex").read_text() == "years of work"


def test_the_current_folder_is_one_like_others(stored):
    __main__.main(["data", "export", "stored", "."])
    assert sorted(path.name for path in stored.iterdir()) == ["dataset_type.txt", "stored", "train"]


OTHERS = {
    "a file among the tars": lambda split: (split / "notes.txt").write_text("mine"),
    "tars of somebody else": lambda split: (split / "0.tar").write_bytes(b"mine"),
    "a folder": lambda split: files.write_text(split / "mine/notes.txt", "mine"),
    "a manifest that lists nothing": lambda split: [files.write_text(split / name, "{}") for name in ("manifest.json", "0.tar")],
    "a file in place of the folder": lambda split: (split.rmdir(), split.write_text("mine")),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_the_command_did_not_write_is_refused_by_name_and_stays(stored, kind):
    (stored / "out/train").mkdir(parents=True)
    OTHERS[kind](stored / "out/train")
    before = files.tree_digest(stored / "out")
    with pytest.raises(SystemExit, match=r"out/train.*name another folder"):
        exported(stored)
    assert files.tree_digest(stored / "out") == before


def test_a_split_that_somebody_has_changed_is_refused_and_stays(stored):
    (exported(stored) / "train/1.tar").write_bytes(b"mine")
    with pytest.raises(SystemExit, match=r"out/train/1\.tar: was not written by this command, or has changed since"):
        exported(stored)
    assert (stored / "out/train/1.tar").read_bytes() == b"mine"


@pytest.mark.parametrize("split", ["", ".", "..", "../x", "a/b", "/tmp/x"])
def test_a_split_is_a_plain_name(stored, split):
    with pytest.raises(SystemExit, match="--split"):
        exported(stored, "--split", split)
    assert [path.name for path in stored.iterdir()] == ["stored"]


def test_a_data_set_of_another_kind_stays_one(stored):
    files.write_text(stored / "out/dataset_type.txt", "classification\n")
    with pytest.raises(SystemExit, match=r"dataset_type\.txt: is of another kind"):
        exported(stored)
    assert (stored / "out/dataset_type.txt").read_text() == "classification\n"


def test_shards_are_never_replaced_by_their_export(stored):
    with pytest.raises(SystemExit, match=r"stored/.*name another folder"):
        __main__.main(["data", "export", "stored", ".", "--split", "stored"])
    assert len(shards.Shards(stored / "stored")) == 20
