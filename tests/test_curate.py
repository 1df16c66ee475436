"""Curation: nothing disappears without a reason, and what is the same is found."""
import dataclasses
import zipfile

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from clip_italian.data import curate, duplicates
from clip_italian.data.archive import add
from clip_italian.data.sources import member_of
from clip_italian.errors import InputError
from clip_italian.world import publish
from clip_italian.world.compose import compose
from clip_italian.world.near_misses import near_misses
from clip_italian.world.render import render
from tests.small_world import CURATE, LIMITS, looked_up, translate_captions, world

SETTINGS = world()


@pytest.fixture(scope="module")
def drawn():
    """The pictures and captions of each source, drawn once."""
    return {
        name: publish.entries(range(getattr(SETTINGS, name).drawn), name, 7, getattr(SETTINGS, name), SETTINGS.studio)
        for name in publish.WRITERS
    }


@pytest.fixture
def raw(tmp_path, drawn):
    folder = tmp_path / "raw"
    for name, write in publish.WRITERS.items():
        (folder / name).mkdir(parents=True)
        write(folder / name, 7, getattr(SETTINGS, name), drawn[name])
    table = publish.in_italian("conceptual_captions", 7, SETTINGS.conceptual_captions, drawn["conceptual_captions"])
    (folder / "text").mkdir()
    (folder / "text/captions.tsv").write_text("".join(f"{english}\t{italian}\n" for english, italian in table.items()))
    translate_captions(folder)
    return folder


def curated(raw, settings=CURATE):
    return curate.curate(raw, settings, LIMITS, looked_up)


def write_captions(raw, *rows):
    """Replaces Conceptual Captions by these (picture, caption) rows and leaves out the other sources."""
    lines = []
    with zipfile.ZipFile(raw / "conceptual_captions/images.zip", "w") as archive:
        for number, (content, caption) in enumerate(rows):
            add(archive, member_of(str(number)), content)
            lines.append(f"{caption}\t{number}\n")
    (raw / "conceptual_captions/Train_GCC-training.tsv").write_text("".join(lines))
    return CURATE.model_copy(update={"sources": ["conceptual_captions"], "translated": []})


def picture_of(index: int) -> np.ndarray:
    return render(compose(7, index, "seen", 90), 64, 72)


def test_every_row_and_every_caption_is_accounted_for(raw):
    train, valid, report = curated(raw)
    for name, source in report["sources"].items():
        rows, captions = source["rows"], source["captions"]
        assert rows["read"] == rows["kept"] + sum(rows["rejected"].values()), name
        assert captions["read"] == captions["clean"] + sum(captions["rejected"].values()), name
        assert rows["kept"] == source["split"]["train"] + source["split"]["valid"], name
    kept = sum(source["rows"]["kept"] for source in report["sources"].values())
    assert kept == len(train) + len(valid) == report["train"] + report["valid"]
    again = [source["rows"]["rejected"].get(reason, 0) for source in report["sources"].values() for reason in curate.REPETITIONS]
    assert report["repeated_pairs"] == sum(again) > 0


def test_the_rows_read_are_the_rows_written(raw):
    _, _, report = curated(raw)
    written = {"wit": 20 + 4 + 5 + 9 + 5, "mscoco_it": 12, "conceptual_captions": 20 + 9 + 7, "il_post": 6 + 9 + 2}
    assert {name: source["rows"]["read"] for name, source in report["sources"].items()} == written


def test_each_quirk_is_rejected_for_its_own_reason(raw):
    _, _, report = curated(raw)
    rejected = {name: source["rows"]["rejected"] for name, source in report["sources"].items()}
    for name in ("wit", "conceptual_captions", "il_post"):
        assert rejected[name]["exact duplicate of a pair"] == 2, name
        assert rejected[name]["near duplicate of a pair"] == 2, name
        assert rejected[name]["image missing from the archive"] == 2, name
        for reason in ("damaged image", "a web page, not an image", "empty file"):
            assert rejected[name][reason] == 1, (name, reason)
    assert rejected["mscoco_it"]["image missing from the archive"] == 1
    assert rejected["wit"]["another language"] == 5
    assert rejected["wit"]["quote never closed"] == 1
    assert rejected["wit"]["caption of proper nouns"] >= 2
    assert rejected["conceptual_captions"]["caption without words"] == 1
    assert rejected["conceptual_captions"]["not UTF-8"] == 1


def test_what_is_left_are_the_drawn_pairs_alone(raw):
    train, valid, report = curated(raw)
    names_that_pass = 4 - report["sources"]["wit"]["rows"]["rejected"]["caption of proper nouns"]
    assert len(train) + len(valid) == 20 + 8 + 20 + 6 + names_that_pass
    assert len({pair.id for pair in (*train, *valid)}) == len(train) + len(valid)


def test_captions_come_out_in_nfc_and_without_outer_blanks(raw):
    train, _, _ = curated(raw)
    captions = [caption for pair in train for caption in pair.captions]
    assert all(caption == curate.text.clean(caption, CURATE.text) for caption in captions)


def test_curation_is_a_function_of_its_input(raw):
    assert curated(raw) == curated(raw)


def test_the_split_depends_on_the_seed_and_the_id_alone():
    pairs = [curate.Pair(f"wit/{i:07d}", "wit", "", "", []) for i in range(4000)]
    valid = curate.are_valid(pairs, CURATE)
    assert 0.035 < valid.mean() < 0.065  # four standard deviations either way
    assert np.array_equal(curate.are_valid(pairs[::-1], CURATE)[::-1], valid)
    assert np.array_equal(curate.are_valid(pairs[:100], CURATE), valid[:100])
    assert not np.array_equal(curate.are_valid(pairs, CURATE.model_copy(update={"seed": 43})), valid)


def test_the_same_picture_with_other_words_stays_and_is_counted(raw):
    content = simplejpeg.encode_jpeg(picture_of(0))
    settings = write_captions(raw, (content, "Un gatto nero."), (content, "un gatto, NERO"), (content, "un felino"))
    train, valid, report = curated(raw, settings)
    assert [pair.captions[0] for pair in (*train, *valid)] == ["Un gatto nero.", "un felino"]
    assert report["repeated_pictures"] == 1


def test_the_same_words_about_another_picture_stay_and_are_counted(raw):
    rows = [(simplejpeg.encode_jpeg(picture_of(i)), "un gatto") for i in range(3)]
    train, valid, report = curated(raw, write_captions(raw, *rows))
    assert len(train) + len(valid) == 3
    assert report["repeated_captions"] == 2


def test_pairs_left_out_by_name_are_counted(raw):
    train, valid, _ = curated(raw)
    ids = [pair.id for pair in (*train, *valid)][::20]
    fewer, valid, report = curated(raw, CURATE.model_copy(update={"left_out": ids}))
    assert not set(ids) & {pair.id for pair in (*fewer, *valid)}
    counts = [source["rows"]["rejected"].get("left out by name", 0) for source in report["sources"].values()]
    assert sum(counts) == len(ids) > 2


def test_near_misses_are_different_pictures():
    scenes = [compose(7, index, "seen", 91) for index in range(40)]
    pictures = [render(one, 64, 72) for scene in scenes for one in (scene, *near_misses(scene, 3))]
    looks = duplicates.looks([duplicates.look(picture) for picture in pictures])
    assert np.array_equal(duplicates.first_alike(looks, CURATE.duplicates), np.arange(len(pictures)))


def test_reencoded_and_resized_pictures_are_the_same():
    pictures = [picture_of(index) for index in range(60)]
    copies = [np.asarray(Image.fromarray(p).resize((90, 80), Image.Resampling.BICUBIC)) for p in pictures]
    copies = [simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(copy, 75)) for copy in copies]
    looks = duplicates.looks([duplicates.look(picture) for picture in (*pictures, *copies)])
    first = duplicates.first_alike(looks, CURATE.duplicates)
    assert (first[60:] == np.arange(60)).mean() >= 0.99
    assert np.array_equal(first[:60], np.arange(60))


def test_proposals_are_exactly_the_hashes_within_the_distance():
    rng = np.random.default_rng(0)
    left = rng.integers(0, 1 << 16, 70).astype(np.uint64)
    right = rng.integers(0, 1 << 16, 90).astype(np.uint64)
    pairs = {tuple(pair) for pair in duplicates.proposals(left, right, 4).tolist()}
    expected = {(i, j) for i in range(70) for j in range(90) if (int(left[i]) ^ int(right[j])).bit_count() <= 4}
    assert pairs == expected
    assert expected


TRANSLATED = "translated/conceptual_captions/Train_GCC-training.tsv"


@pytest.mark.parametrize("path", ["wit/images.zip", "mscoco_it/images.zip", f"../{TRANSLATED}"])
def test_a_missing_raw_file_is_named_with_the_remedy(raw, path):
    (raw / path).unlink()
    with pytest.raises(InputError, match=f"{path.removeprefix('../')}: missing; run `dvc repro`"):
        curated(raw)


def test_a_damaged_raw_archive_is_named_with_the_remedy(raw):
    path = raw / "il_post/images.zip"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"il_post/images.zip: not a whole zip file.*delete it and run `dvc repro`"):
        curated(raw)


def test_a_picture_declared_too_large_is_rejected_before_it_is_read(raw):
    fair = simplejpeg.encode_jpeg(picture_of(0))
    settings = write_captions(raw, (bytes(LIMITS.max_bytes + 1), "un gatto"), (fair, "un cane"))
    _, _, report = curated(raw, settings)
    assert report["sources"]["conceptual_captions"]["rows"]["rejected"] == {"file too large": 1}


def test_caption_lengths_are_in_words():
    pairs = [curate.Pair(str(i), "wit", "", "", ["a b c", "d"]) for i in range(2)]
    assert curate.caption_lengths(pairs) == {"mean": 2.0, "p50": 1, "p95": 3, "p99": 3, "p100": 3}
    assert curate.caption_lengths([])["mean"] == 0


def test_pairs_are_plain_values():
    pair = curate.Pair("wit/1", "wit", "wit/images.zip", "m", ["un gatto"])
    assert vars(pair) == dataclasses.asdict(pair)
