"""Shards: the pictures that went in come out, whatever the order, and damage is never read as pixels."""

import numpy as np
import pytest

from clip_italian import files
from clip_italian.data.images.shards import Example, Shards, ShardWriter, number, write_index
from clip_italian.errors import InputError
from tests.helpers.shards import write_shards

PICTURES = np.random.default_rng(0).integers(0, 255, (50, 12, 10, 3), dtype=np.uint8)
EXAMPLES = [Example(f"wit/{i:07d}", "wit", [f"didascalia {i}", "è"]) for i in range(50)]


@pytest.fixture
def folder(tmp_path):
    write_shards(tmp_path / "shards", EXAMPLES, PICTURES, per_shard=16)
    return tmp_path / "shards"


def test_pictures_come_back_in_the_order_asked(folder):
    pictures = Shards(folder)
    order = np.random.default_rng(1).integers(0, 50, 200)
    assert np.array_equal(pictures.pixels(order), PICTURES[order])
    assert np.array_equal(pictures.pixels(range(50)), PICTURES)
    assert pictures.pixels([]).shape == (0, 12, 10, 3)


def test_the_index_says_what_the_pictures_are(folder):
    pictures = Shards(str(folder))
    assert len(pictures) == 50
    assert list(pictures.ids) == [example.id for example in EXAMPLES]
    assert list(pictures.captions) == [example.captions for example in EXAMPLES]
    assert set(pictures.sources) == {"wit"}


def test_several_shards_are_written_and_none_is_empty(folder):
    assert len(list(folder.glob("*.array_record"))) == 4


def test_the_bytes_depend_neither_on_the_batches_nor_on_the_order_of_the_shards(folder, tmp_path):
    entries = {}
    for place in (2, 0, 3, 1):
        part = slice(16 * place, 16 * (place + 1))
        with ShardWriter(tmp_path / "again", place, EXAMPLES[part]) as writer:
            for picture in PICTURES[part]:
                writer.write(picture[None])
        entries[place] = writer.entry()
    write_index(tmp_path / "again", [entries[place] for place in range(4)], 16)
    assert files.tree_digest(folder) == files.tree_digest(tmp_path / "again")


def test_a_shard_is_there_whole_or_not_at_all(tmp_path):
    with pytest.raises(ValueError, match="7 images for 16 examples"), ShardWriter(tmp_path, 0, EXAMPLES[:16]) as writer:
        writer.write(PICTURES[:7])
    with pytest.raises(InputError, match="stop"), ShardWriter(tmp_path, 0, EXAMPLES[:16]) as writer:
        writer.write(PICTURES[:16])
        raise InputError("stop")
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_not_part_of_the_whole(tmp_path):
    with ShardWriter(tmp_path, 0, EXAMPLES) as writer:
        writer.write(PICTURES)
    (tmp_path / ".00000.array_record.1.tmp").write_bytes(b"left")  # by process 1 of another host, which here is another
    write_index(tmp_path, [writer.entry()], 50)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000.array_record", "00000.jsonl", "index.json"]


def test_columns_are_read_from_both_ends_and_in_slices(folder):
    ids = Shards(folder).ids
    assert (ids[0], ids[15], ids[16], ids[-1], ids[np.int64(49)]) == tuple(EXAMPLES[i].id for i in (0, 15, 16, 49, 49))
    assert ids[14:18] == [example.id for example in EXAMPLES[14:18]]
    for place in (50, -51):
        with pytest.raises(IndexError, match="50 images"):
            ids[place]


def test_the_digest_changes_with_a_pixel_and_with_a_caption(folder, tmp_path):
    digests = {Shards(folder).digest}
    other = PICTURES.copy()
    other[3, 0, 0, 0] ^= 1
    write_shards(tmp_path / "pixel", EXAMPLES, other, per_shard=16)
    write_shards(tmp_path / "caption", [Example("x", "wit", ["y"]), *EXAMPLES[1:]], PICTURES, per_shard=16)
    digests |= {Shards(tmp_path / name).digest for name in ("pixel", "caption")}
    assert len(digests) == 3


def test_no_pictures_make_an_empty_folder_that_opens(tmp_path):
    write_shards(tmp_path / "none", [], PICTURES[:0], per_shard=16)
    assert len(Shards(tmp_path / "none")) == 0


@pytest.mark.parametrize("index", [-1, 50])
def test_an_index_out_of_range_is_an_error(folder, index):
    with pytest.raises(IndexError, match="50 images"):
        Shards(folder).pixels([index])


def test_more_or_fewer_pictures_than_examples_is_an_error(tmp_path):
    for count in (49, 51):
        examples = (EXAMPLES * 2)[:count]
        with pytest.raises(ValueError, match=f"50 images for {count}"), ShardWriter(tmp_path, count, examples) as writer:
            writer.write(PICTURES)


def test_a_flipped_bit_never_becomes_a_pixel(folder):
    path = folder / "00001.array_record"
    whole = path.read_bytes()
    for position in np.random.default_rng(2).integers(0, len(whole), 40).tolist():
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            assert np.array_equal(Shards(folder).pixels(range(50)), PICTURES)  # padding was hit
        except InputError as error:
            assert "00001.array_record" in str(error)


@pytest.mark.parametrize("name", ["00002.array_record", "00002.jsonl"])
@pytest.mark.parametrize("harm", ["truncate", "delete"])
def test_a_short_or_missing_shard_is_named_when_opening(folder, harm, name):
    path = folder / name
    if harm == "truncate":
        path.write_bytes(path.read_bytes()[:-100])
    else:
        path.unlink()
    with pytest.raises(InputError, match=f"{name}: missing or damaged.*dvc"):
        Shards(folder)


def test_a_flipped_bit_never_becomes_a_caption(folder):
    path = folder / "00001.jsonl"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(InputError, match="00001.jsonl: missing or damaged; delete its folder and run `dvc repro`"):
        Shards(folder)


def test_a_missing_or_damaged_index_is_named(folder):
    (folder / "index.json").write_text("{")
    with pytest.raises(InputError, match="index.json"):
        Shards(folder)
    with pytest.raises(InputError, match="index.json"):
        Shards(folder / "nowhere")


def test_numbers_of_ids_are_fixed_and_differ():
    assert number("wit/0000001") == number("wit/0000001")
    assert len({number(example.id) for example in EXAMPLES}) == 50
    assert 0 <= number("") < 1 << 62
