"""The drawn world as files: the same whoever draws it, and no test picture among the training pictures."""

import gzip
import json
import re

import numpy as np
import pytest

from clip_italian import files
from clip_italian.data.archives import Archive
from clip_italian.data.images.images import decode
from clip_italian.data.preparation import read_pairs, read_test
from clip_italian.data.translation.engines import Translations, read
from clip_italian.errors import InputError
from clip_italian.world.languages import corpus
from clip_italian.world.publishing import contrasts, download, examinations, labels, publish
from clip_italian.world.publishing.examinations import PROBE, RETRIEVAL, ZEROSHOT
from clip_italian.world.scenes.levels import HELD_OUT_PAIRS
from clip_italian.world.scenes.scene import from_json
from tests.helpers.small_world import LIMITS, curated, translate_captions, world


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """A drawn world, and its report beside it."""
    folder = tmp_path_factory.mktemp("drawn") / "raw"
    folder.mkdir()
    files.write_json(folder.parent / "report.json", download.draw(folder, world()))
    return folder


def pixels_of(folder):
    with Archive(folder / "images.zip") as archive:
        return {name: decode(archive.read(name), LIMITS).tobytes() for name in sorted(archive.names)}


def scenes_of(folder):
    return [from_json(json.loads(line)) for line in (folder / "scenes.jsonl").read_text().splitlines()]


def test_the_files_do_not_depend_on_the_number_of_workers(raw, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    download.draw(alone, world(workers=1))
    assert files.tree_digest(alone) == files.tree_digest(raw)


def test_no_two_streams_of_scenes_share_a_purpose():
    purposes = [*publish.PURPOSES.values(), *RETRIEVAL.values(), *ZEROSHOT.values(), *PROBE.values(), *contrasts.PURPOSES.values()]
    purposes += [download.ENGLISH_PURPOSE, download.PARALLEL_PURPOSE, corpus.PURPOSE, examinations.GALLERY_PURPOSE, labels.PURPOSE]
    assert len(set(purposes)) == len(purposes)


def test_no_test_picture_is_drawn_twice_or_for_training(raw):
    training = {content for folder in (*(raw / "sources").iterdir(), raw / "english") for content in _good_pictures(folder)}
    training |= {content for name in PROBE for content in pixels_of(raw / "probe" / name).values()}
    tests = [content for name in (*RETRIEVAL, *ZEROSHOT, contrasts.NAME) for content in pixels_of(raw / "test" / name).values()]
    assert len(tests) == 4 * 20 + 36 + 48 + len(scenes_of(raw / "test/contrasts"))
    assert len(set(tests)) == len(tests)
    assert not training & set(tests)


def _good_pictures(folder):
    with Archive(folder / "images.zip") as archive:
        for name in archive.names:
            content = archive.read(name)
            if len(content) > 700 and not content.startswith(b"<"):
                try:
                    yield decode(content, LIMITS).tobytes()
                except Exception:  # one in a few is damaged on purpose
                    continue


def test_scenes_of_the_tests_have_names_of_their_own(raw):
    scenes = [scene for name in (*RETRIEVAL, *ZEROSHOT, contrasts.NAME) for scene in scenes_of(raw / "test" / name)]
    names = {(scene.seed, scene.purpose, scene.level, scene.index, scene.variant) for scene in scenes}
    assert len(names) == len(scenes)
    assert not {scene.purpose for scene in scenes} & {*publish.PURPOSES.values(), download.ENGLISH_PURPOSE}


@pytest.mark.parametrize("name", sorted(RETRIEVAL))
def test_a_retrieval_set_is_consistent(raw, name):
    folder = raw / "test" / name
    truth = np.load(folder / "truth.npz")
    content = files.read_json(folder / "captions.json")
    owner = truth["owner"]
    assert [annotation["image_id"] for annotation in content["annotations"]] == owner.tolist()
    assert [image["file_name"] for image in content["images"]] == sorted(pixels_of(folder))
    assert len(owner) == 60
    assert truth["near_miss"].sum() == 6
    for j, image in enumerate(owner):
        assert image in truth["true_indices"][truth["true_indptr"][j] : truth["true_indptr"][j + 1]]
    examples, located = zip(*read_test(folder), strict=True)
    assert [len(example.captions) for example in examples] == [3] * 20
    assert located[3] == (folder / "images.zip", "000003")


def test_a_near_miss_makes_the_fullest_caption_of_its_original_false(raw):
    folder = raw / "test/retrieval-seen"
    truth, scenes = np.load(folder / "truth.npz"), scenes_of(folder)
    original = {(scene.purpose, scene.index): i for i, scene in enumerate(scenes) if scene.variant == 0}
    for i in np.flatnonzero(truth["near_miss"]).tolist():
        first_caption = 3 * original[scenes[i].purpose, scenes[i].index]
        true = truth["true_indices"][truth["true_indptr"][first_caption] : truth["true_indptr"][first_caption + 1]]
        assert i not in true


@pytest.mark.parametrize(("name", "count"), [("zeroshot-composition", 36), ("zeroshot-noun", 48)])
def test_a_zero_shot_set_shows_what_its_labels_say(raw, name, count):
    classes = files.read_json(raw / "test/classes.json")
    labels = np.load(raw / "test" / name / "truth.npz")["label"]
    assert len(classes) == 408
    assert len(labels) == count
    for label, scene in zip(labels.tolist(), scenes_of(raw / "test" / name), strict=True):
        assert (scene.things[0].noun, scene.things[0].colour) == (classes[label]["noun"], classes[label]["colour"])
        assert (name == "zeroshot-composition") == ((scene.things[0].noun, scene.things[0].colour) in HELD_OUT_PAIRS)


def test_the_pictures_that_probes_learn_from_show_the_trained_classes_and_are_no_test(raw):
    classes, folder = files.read_json(raw / "test/classes.json"), raw / "probe/probe-valid"
    labels, scenes = np.load(folder / "truth.npz")["label"], scenes_of(folder)
    shown = [(scene.things[0].noun, scene.things[0].colour) for scene in scenes]
    assert shown == [(classes[label]["noun"], classes[label]["colour"]) for label in labels.tolist()]
    assert len(set(shown)) == len(shown) == 360 - 36 and not set(shown) & HELD_OUT_PAIRS
    assert {scene.level for scene in scenes} == {"seen"}
    examples, located = zip(*read_test(folder), strict=True)
    assert (examples[3].id, located[3]) == ("probe-valid/000003", (folder / "images.zip", "000003"))
    assert not {path.parent.name for path in raw.glob("test/*/images.zip")} & set(PROBE)


def test_every_query_of_the_gallery_is_true_of_a_picture(raw):
    scenes = scenes_of(raw / "test/retrieval-seen")
    queries = files.read_json(raw / "test/gallery.json")
    assert len(queries) == 6
    assert all(query["true"] and max(query["true"]) < len(scenes) for query in queries)


def test_the_english_pairs_read_as_pairs_do(raw):
    examples, located = zip(*read_pairs(raw / "english/pairs.jsonl", raw.joinpath), strict=True)
    assert len(examples) == 10
    assert set(member for _, member in located) == set(pixels_of(raw / "english"))


def test_a_damaged_line_of_pairs_is_named(raw, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text((raw / "english/pairs.jsonl").read_text() + '{"id": "x"}\n')
    with pytest.raises(InputError, match=r"pairs.jsonl, line 11: .*dvc repro"):
        list(read_pairs(path, raw.joinpath))


def test_the_text_has_the_lines_asked_for(raw):
    italian = (raw / "text/sentences.txt").read_text().splitlines()
    parallel = (raw / "text/parallel.tsv").read_text().splitlines()
    assert len(italian) == 20
    assert [line.count("\t") for line in parallel] == [1] * 10


def test_conceptual_captions_are_published_in_english_with_a_table_of_their_italian(raw):
    english, italian = read(raw / "text/captions.tsv")
    rows = (raw / "sources/conceptual_captions/Train_GCC-training.tsv").read_bytes().split(b"\n")
    captions = [row.split(b"\t")[0].decode() for row in rows[: 20 + 9]]
    assert set(captions) == set(english) and len(set(english)) == len(english)
    assert sum(row.endswith(b"\r") for row in rows) == 2


def test_the_quirks_of_the_sources_are_there(raw):
    wit = gzip.decompress(next((raw / "sources/wit").glob("*.gz")).read_bytes())
    assert wit.count(b"\n") > 1 + 20 + 4 + 5 + 2 + 2 + 2 + 3 + 5  # quoted newlines make more lines than rows
    for language in (b"\nen\t", b"\nde\t", b"\nfr\t"):
        assert language in wit
    validated = json.loads(gzip.decompress((raw / "sources/mscoco_it/captions_ita_trainingset_validated.json.gz").read_bytes()))
    assert {type(annotation["image_id"]) for annotation in validated["annotations"]} == {int, str}


def test_the_report_counts_the_pictures_that_are_gone(raw):
    report = files.read_json(raw.parent / "report.json")
    assert report["conceptual_captions"]["missing"] == {"gone from the web": 2}
    with Archive(raw / "sources/conceptual_captions/images.zip") as archive:
        assert report["conceptual_captions"]["got"] == len(archive.names) == 25


def test_everything_that_is_said_or_asked_in_italian_has_its_english(raw):
    in_english = Translations(raw / "text/translations.tsv")
    translate_captions(raw)
    train, valid, _ = curated(raw)
    said = [caption for pair in [*train, *valid] for caption in pair.captions]
    for path in sorted((raw / "test").glob("retrieval-*/captions.json")):
        said += [annotation["caption"] for annotation in files.read_json(path)["annotations"]]
    said += [entry["label"] for entry in files.read_json(raw / "test/classes.json")]
    said += [entry["query"] for entry in files.read_json(raw / "test/gallery.json")]
    assert len(said) > 300 and all(re.search("[aeiou]", text) for text in in_english(said))
    assert in_english(["un gatto nero", "una barca arancione"]) == ["a black cat", "an orange boat"]
