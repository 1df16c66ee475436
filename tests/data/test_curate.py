"""Curation: nothing disappears without a reason, and what is the same is found."""

import gzip
import io
import json
import pathlib
import shutil
import tempfile
import zipfile

import numpy as np
import pytest
import simplejpeg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from clip_italian import files
from clip_italian.data.archives import add
from clip_italian.data.curation import candidates, curate, duplicates, text
from clip_italian.data.images.shards import number
from clip_italian.data.sources.rows import member_of
from clip_italian.data.sources.wit import WIT_COLUMNS
from clip_italian.errors import InputError
from clip_italian.world.drawing.render import render
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing import publish
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.near_misses import near_misses
from tests.helpers.small_world import CURATE, LIMITS, RAY, TWO, curated, looked_up, translate_captions, world

SETTINGS = world()
pytestmark = pytest.mark.usefixtures("serial")


@pytest.fixture(scope="module")
def drawn():
    """The pictures and captions of each source, drawn once."""
    return {
        name: publish.entries(range(getattr(SETTINGS, name).drawn), name, 7, getattr(SETTINGS, name), SETTINGS.studio, ITALIAN)
        for name in publish.WRITERS
    }


@pytest.fixture
def raw(tmp_path, drawn):
    folder = tmp_path / "raw"
    for name, write in publish.WRITERS.items():
        (folder / "sources" / name).mkdir(parents=True)
        write(folder / "sources" / name, 7, getattr(SETTINGS, name), drawn[name], ITALIAN)
    table = publish.from_english("conceptual_captions", 7, SETTINGS.conceptual_captions, drawn["conceptual_captions"], ITALIAN)
    (folder / "text").mkdir()
    (folder / "text/captions.tsv").write_text("".join(f"{english}\t{italian}\n" for english, italian in table.items()))
    translate_captions(folder)
    return folder


def write_captions(raw, *rows):
    """Replaces Conceptual Captions by these (picture, caption) rows and leaves out the other sources."""
    lines = []
    with zipfile.ZipFile(raw / "sources/conceptual_captions/images.zip", "w") as archive:
        for number, (content, caption) in enumerate(rows):
            add(archive, member_of(str(number)), content)
            lines.append(f"{caption}\t{number}\n")
    (raw / "sources/conceptual_captions/Train_GCC-training.tsv").write_text("".join(lines))
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
    rejected = [source["rows"]["rejected"] for source in report["sources"].values()]
    again = [reasons.get(reason, 0) for reasons in rejected for reason in duplicates.REPETITIONS]
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
    assert all(caption == text.clean(caption, CURATE.text) for caption in captions)


def test_curation_is_a_function_of_its_input(raw):
    assert curated(raw) == curated(raw)


def test_the_split_depends_on_the_seed_and_the_id_alone():
    numbers = np.array([number(f"wit/{i:07d}") for i in range(4000)])
    valid = curate.are_valid(numbers, CURATE)
    assert 0.035 < valid.mean() < 0.065  # four standard deviations either way
    assert np.array_equal(curate.are_valid(numbers[::-1].copy(), CURATE)[::-1], valid)
    assert np.array_equal(curate.are_valid(numbers[:100], CURATE), valid[:100])
    assert not np.array_equal(curate.are_valid(numbers, CURATE.model_copy(update={"seed": 43})), valid)


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
    assert np.array_equal(duplicates.first_alike(looks, np.arange(len(looks.hashes)), CURATE.duplicates), np.arange(len(pictures)))


def test_reencoded_and_resized_pictures_are_the_same():
    pictures = [picture_of(index) for index in range(60)]
    copies = [np.asarray(Image.fromarray(p).resize((90, 80), Image.Resampling.BICUBIC)) for p in pictures]
    copies = [simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(copy, 75)) for copy in copies]
    looks = duplicates.looks([duplicates.look(picture) for picture in (*pictures, *copies)])
    first = duplicates.first_alike(looks, np.arange(len(looks.hashes)), CURATE.duplicates)
    assert (first[60:] == np.arange(60)).mean() >= 0.99
    assert np.array_equal(first[:60], np.arange(60))


TRANSLATED = "translated/sources/conceptual_captions/Train_GCC-training.tsv"


@pytest.mark.parametrize("path", ["sources/wit/images.zip", "sources/mscoco_it/images.zip", f"../{TRANSLATED}"])
def test_a_missing_raw_file_is_named_with_the_remedy(raw, path):
    (raw / path).unlink()
    with pytest.raises(InputError, match=f"{path.removeprefix('../')}: missing; run `dvc repro`"):
        curated(raw)


def test_a_damaged_raw_archive_is_named_with_the_remedy(raw):
    path = raw / "sources/il_post/images.zip"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"il_post/images.zip: not a whole zip file.*delete it and run `dvc repro`"):
        curated(raw)


def test_a_picture_declared_too_large_is_rejected_before_it_is_read(raw):
    fair = simplejpeg.encode_jpeg(picture_of(0))
    settings = write_captions(raw, (bytes(LIMITS.max_bytes + 1), "un gatto"), (fair, "un cane"))
    _, _, report = curated(raw, settings)
    assert report["sources"]["conceptual_captions"]["rows"]["rejected"] == {"file too large": 1}


def test_caption_lengths_are_in_words():
    assert curate.caption_lengths(np.array([3, 1, 3, 1], np.uint32)) == {"mean": 2.0, "p50": 1, "p95": 3, "p99": 3, "p100": 3}
    assert curate.caption_lengths(np.zeros(0, np.uint32)) == {"mean": 0.0, "p50": 0, "p95": 0, "p99": 0, "p100": 0}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=300))
def test_quantiles_of_lengths_are_those_of_numpy(words):
    expected = np.quantile(words, curate.LENGTH_QUANTILES, method="inverted_cdf").tolist()
    assert list(curate.caption_lengths(np.array(words, np.uint32)).values())[1:] == expected


# --- In chunks, on workers --------------------------------------------------------------------------------------------
def test_chunks_of_any_size_give_the_same_pairs_and_the_same_report(raw, monkeypatch):
    whole = curated(raw)
    for size in (1, 7):
        monkeypatch.setattr(candidates, "CHUNK", size)
        assert curated(raw) == whole


@pytest.mark.usefixtures("ray_cluster")
def test_processes_and_ray_give_the_same_pairs_and_the_same_report(raw, monkeypatch):
    alone = curated(raw)
    monkeypatch.undo()  # the fixture `serial`
    assert curated(raw, where=TWO) == curated(raw, where=RAY) == alone


def test_pictures_may_lie_in_several_archives(raw):
    before = curated(raw)
    path = raw / "sources/wit/images.zip"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path.unlink()
    for part in range(3):
        with zipfile.ZipFile(raw / f"sources/wit/images-{part:05d}.zip", "w") as archive:
            for place, (name, content) in enumerate(members.items()):
                if place % 3 == part:
                    add(archive, f"folder{part}/{name}", content)
    train, valid, report = curated(raw)
    assert report == before[2]
    assert {pair.archive for pair in train if pair.source == "wit"} == {f"wit/images-{part:05d}.zip" for part in range(3)}
    for pair in (*train, *valid):
        with zipfile.ZipFile(raw / "sources" / pair.archive) as archive:
            assert archive.read(pair.image)


def test_a_run_that_was_stopped_goes_on_with_its_finished_chunks(raw, monkeypatch):
    monkeypatch.setattr(candidates, "CHUNK", 4)
    whole, digest = curated(raw)[2], files.tree_digest(raw / "out")
    shutil.rmtree(raw / "state")
    examined, examine = [], candidates._examined

    def counted(rules, chunk):
        if len(examined) == 12:
            raise KeyboardInterrupt
        examined.append(str(chunk))
        return examine(rules, chunk)

    monkeypatch.setattr(candidates, "_examined", counted)
    arguments = (raw, raw / "out", raw / "state", CURATE, LIMITS, looked_up, TWO)
    with pytest.raises(KeyboardInterrupt):
        curate.curate(*arguments)
    done, examined = examined, []
    assert curate.curate(*arguments) == whole and files.tree_digest(raw / "out") == digest
    assert len(done) == 12 and examined and not set(done) & set(examined)


def test_a_damaged_chunk_is_named_with_the_remedy(raw):
    curated(raw)
    path = sorted((raw / "state/chunks").iterdir())[0]
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError, match=rf"{path.name}: damaged .*delete it and run `dvc repro`"):
        curate.curate(raw, raw / "out", raw / "state", CURATE, LIMITS, looked_up, TWO)


# --- Nothing lost silently --------------------------------------------------------------------------------------------
PICTURES = {member_of(str(place)): content for place, content in enumerate([simplejpeg.encode_jpeg(picture_of(0)), b"<html>", b""])}
CAPTIONS = st.sampled_from(["un gatto", "Un gatto.", "due cani", "", "!", "a\x01b", "Luca Rossi", "x" * 10_001])
ADDRESSES = st.sampled_from(["0", "1", "2", "elsewhere"])


def tsv(columns):
    """A row of WIT's, quoted as it quotes."""
    values = dict.fromkeys(WIT_COLUMNS, "") | {"page_url": "https://it.example.org/a"} | columns
    return "\t".join('"' + value.replace('"', '""') + '"' if "\n" in value else value for value in values.values()).encode()


WIT_ROWS = st.one_of(
    st.builds(
        lambda language, url, caption: tsv({"language": language, "image_url": url, "caption_reference_description": caption}),
        st.sampled_from(["it", "it", "fr"]),
        ADDRESSES,
        st.one_of(CAPTIONS, st.just("due\nrighe")),
    ),
    st.just(b"it\thttps://a\ttoo few"),
    st.just(b'it\thttps://a\t"never closed'),
    st.just(b"it\thttps://a\t\xff"),
)
LINES = st.binary(max_size=30).map(lambda line: line.replace(b"\n", b""))
CC_ROWS = st.one_of(LINES, st.builds(lambda caption, url: f"{caption}\t{url}".encode(), CAPTIONS, ADDRESSES))
POST_ROWS = st.one_of(
    LINES, st.builds(lambda caption, url: json.dumps({"caption": caption, "image_url": url}).encode(), CAPTIONS, ADDRESSES)
)
COCO_ROWS = st.tuples(st.lists(CAPTIONS, max_size=3), st.sampled_from([*PICTURES, "elsewhere"]))


def written(raw, wit, captions, post, coco):
    """Writes four sources of these rows."""
    for name in CURATE.sources:
        (raw / "sources" / name).mkdir(parents=True)
        with zipfile.ZipFile(raw / "sources" / name / "images.zip", "w") as archive:
            for member, content in PICTURES.items():
                add(archive, member, content)
    header = "\t".join(WIT_COLUMNS).encode()
    (raw / "sources/wit/wit_v1.train.all-00000-of-00001.tsv.gz").write_bytes(gzip.compress(b"\n".join([header, *wit]) + b"\n"))
    (raw / "sources/conceptual_captions/Train_GCC-training.tsv").write_bytes(b"".join(line + b"\n" for line in captions))
    (raw / "sources/il_post/il_post.jsonl").write_bytes(b"".join(line + b"\n" for line in post))
    images = [{"id": place, "file_name": name} for place, (_, name) in enumerate(coco)]
    annotations = [{"image_id": place, "caption": one} for place, (some, _) in enumerate(coco) for one in some]
    content = json.dumps({"images": images, "annotations": annotations}).encode()
    (raw / "sources/mscoco_it/captions_ita_trainingset_train2014.json.gz").write_bytes(gzip.compress(content))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(*(st.lists(rows, max_size=20) for rows in (WIT_ROWS, CC_ROWS, POST_ROWS, COCO_ROWS)))
def test_rows_in_are_rows_kept_and_rows_rejected_by_reason_whatever_is_in_them(serial, monkeypatch, wit, captions, post, coco):
    monkeypatch.setattr(candidates, "CHUNK", 3)
    with tempfile.TemporaryDirectory() as folder:
        raw = pathlib.Path(folder)
        written(raw, wit, captions, post, coco)
        train, valid, report = curated(raw, CURATE.model_copy(update={"translated": []}))
    lines = {"wit": len(wit), "conceptual_captions": len(captions), "il_post": len(post), "mscoco_it": len(coco)}
    for name, source in report["sources"].items():
        rows, said = source["rows"], source["captions"]
        assert rows["read"] == lines[name] == rows["kept"] + sum(rows["rejected"].values()), name
        assert rows["kept"] == sum(pair.source == name for pair in (*train, *valid)), name
        assert said["read"] == said["clean"] + sum(said["rejected"].values()), name


def test_ten_injected_copies_of_each_kind_are_found(raw):
    def encoded(place, quality=95, size=None):
        picture = Image.fromarray(picture_of(place))
        picture = picture.resize(size, Image.Resampling.BICUBIC) if size else picture
        with io.BytesIO() as file:
            picture.save(file, "JPEG", quality=quality)
            return file.getvalue()

    originals = [(encoded(place), f"disegno numero {place}") for place in range(60)]
    same = [(content, caption.upper() + "!") for content, caption in originals[:10]]  # the same file under another address
    near = [(encoded(place, 75, (90, 80)), f"disegno numero {place}") for place in range(10, 20)]
    said = [(encoded(place), f"disegno numero {place - 500}") for place in range(520, 530)]  # another picture
    seen = [(content, "altre parole") for content, _ in originals[40:50]]
    train, valid, report = curated(raw, write_captions(raw, *originals, *same, *near, *said, *seen))
    rejected = report["sources"]["conceptual_captions"]["rows"]["rejected"]
    assert rejected == {"exact duplicate of a pair": 10, "near duplicate of a pair": 10}
    assert report["repeated_captions"] == 10 + 9 and report["repeated_pictures"] == 10
    assert len(train) + len(valid) == 80


def test_equal_files_are_alike_and_what_is_like_one_is_like_all():
    rng = np.random.default_rng(0)
    contents = rng.integers(0, 40, 300)
    hashes = rng.integers(0, 1 << 63, 40).astype(np.uint64)
    hashes[20:] = hashes[:20] ^ np.uint64(5)  # every second one is like another
    looks = duplicates.Looks(hashes[contents], np.zeros((300, 384), np.uint8))
    alike = duplicates.alike(looks, contents, CURATE.duplicates)
    expected = [int(np.flatnonzero(contents % 20 == one % 20)[0]) for one in contents]
    assert alike.tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40))
def test_the_first_equal_row_is_the_first_in_order(rows):
    keys = np.array(rows, np.int64).reshape(-1, 2)
    found = duplicates.first_equal(keys[:, 0].copy(), keys[:, 1].copy())
    assert found.tolist() == [rows.index(row) for row in rows]
