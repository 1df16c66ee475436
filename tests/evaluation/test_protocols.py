"""Protocols by name: their files, the publishers' files they read, and what is scored."""

import io
import json
import pathlib
import tomllib

import numpy as np
import pytest

from clip_italian.errors import InputError
from clip_italian.evaluation import classification, scoring
from clip_italian.evaluation.published import protocols
from clip_italian.evaluation.published.test_sets import Captioned, Classified
from clip_italian.evaluation.ranks import Relevant
from clip_italian.evaluation.scoring import Pairing, score
from tests.helpers import evaluation_files as made
from tests.helpers.golden_values import load, unit

ROOT = pathlib.Path(__file__).parents[2]


def random_rows(seed: int, count: int, width: int = 16) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, width))).astype(np.float32)


def read(name: str, folder: pathlib.Path) -> Captioned | Classified:
    """The test set without the check of its counts: the files are miniatures."""
    protocol = protocols.load(name)
    reader = protocols.READERS[protocol.reader]
    return reader.read(folder, reader.settings.model_validate(protocol.data))


# --- The files of protocols -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", protocols.names())
def test_a_protocol_names_its_source_and_metrics_that_exist(name):
    protocol = protocols.load(name)
    assert protocol.source.strip()
    one, two = np.eye(2, dtype=np.float32), np.arange(2, dtype=np.int32)
    classes = protocol.reader in ("label_table", "babel", "class_lists") or protocol.data.get("kind") == "classification"
    if classes or "zeroshot" in name or "multilabel" in name:
        label = np.eye(2, dtype=np.int32) if "multilabel" in name else two
        scored = score(label, one, one, list(protocol.metrics.values()), protocol.ties)
    else:
        truth = Pairing(2, two, Relevant.single(two))
        scored = score(truth, one, one, list(protocol.metrics.values()), protocol.ties)
    assert set(scored.metrics) == set(protocol.metrics.values())


def test_the_study_s_own_sets_count_ties_against_the_model_and_published_ones_as_their_publisher():
    rules = {name: protocols.load(name).ties for name in protocols.names()}
    assert {rule for name, rule in rules.items() if name.startswith("drawn-world/")} == {"pessimistic"}
    assert rules["imagenet-it/published"] == rules["clip-benchmark/zeroshot"] == "lower_index"
    assert rules["mscoco-it/published"] == rules["clip-benchmark/retrieval"] == "pessimistic"


def test_an_installed_package_has_every_protocol_suite_list_of_words_and_published_number():
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for name in ("published", "study"):
        package = protocols.FOLDER.parents[1] / name
        installed = {path for pattern in packages[f"clip_italian.evaluation.{name}"] for path in package.glob(pattern)}
        assert installed == set(package.rglob("*.yaml"))


def test_a_protocol_that_is_not_known_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(InputError, match="`mscoco-it/publishd` is not known; did you mean `mscoco-it/published`"):
        protocols.load("mscoco-it/publishd")
    with pytest.raises(InputError, match="is not known"):
        protocols.read(protocols.load("../protocols/finetuner"), tmp_path)


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("source: x", "sources: x", "missing key `source`"),
        ("reader: coco", "reader: cocoa", "`reader` is `cocoa`; known are coco"),
        ("captions: [a]", "caption: [a]", "did you mean `captions`"),
        ("texts: 1", "texts: one", "key `counts.texts`"),
        ("margin: null", "margin: half", "key `margin"),
        ("ties: pessimistic", "ties: optimistic", "key `ties"),
        ("ties: pessimistic\n", "", "missing key `ties`"),
    ],
)
def test_a_wrong_protocol_file_is_refused_by_the_key(tmp_path, monkeypatch, old, new, message):
    right = "source: x\nreader: coco\ndata: {captions: [a], pictures: b}\ncounts: {pictures: 1, texts: 1}\nmargin: null\n"
    right += "ties: pessimistic\nmetrics: {a: b}"
    monkeypatch.setattr(protocols, "FOLDER", tmp_path)
    (tmp_path / "mine.yaml").write_text(right)
    assert protocols.load("mine").data == {"captions": ["a"], "pictures": "b"}
    (tmp_path / "mine.yaml").write_text(right.replace(old, new))
    with pytest.raises(InputError, match=rf"mine\.yaml.*{message}"):
        protocols.load("mine")


# --- MSCOCO-IT --------------------------------------------------------------------------------------------------------
def test_the_published_protocol_counts_8486_captions_over_1696_pictures_and_random_embeddings_give_chance(tmp_path):
    made.coco(tmp_path, "captions_ita_devset_unvalidated.json.gz", [5] * 1690 + [6] * 6)
    test = protocols.read(protocols.load("mscoco-it/published"), tmp_path)
    assert (len(test.texts), len(test.images)) == (8486, 1696)
    names = protocols.load("mscoco-it/published").metrics
    scored = score(test.truth, random_rows(0, 1696), random_rows(1, 8486), [*names.values()], "pessimistic")
    for k, chance in ((1, 0.00059), (5, 0.00135), (10, 0.00173)):
        deviation = np.sqrt(np.sum(1 / np.arange(1, k + 1) ** 2) / 1696 / 8486)
        assert sum(1 / place for place in range(1, k + 1)) / 1696 == pytest.approx(chance, abs=1e-5)
        assert abs(scored.metrics[names[f"MRR@{k}"]] - chance) < 4 * deviation
    assert scored.metrics[names["MRR@1"]] == scored.metrics[names["image_retrieval_recall@1"]]


def test_captions_keep_the_file_s_order_and_their_blanks_and_pictures_the_order_of_their_ids(tmp_path):
    made.coco(tmp_path, "captions_ita_devset_unvalidated.json.gz", [2, 1, 3])
    test = read("mscoco-it/published", tmp_path)
    assert test.texts == ["Un gatto su una sedia.", "Una scena 1 ", "Una scena 2\n", "Una scena 3", "Una scena 4 ", "Una scena 5\n"]
    assert [path.name for path in test.images] == [f"COCO_val2014_{i:012d}.jpg" for i in (359, 366, 373)]
    assert np.bincount(test.truth.owner).tolist() == [2, 1, 3]


def test_ids_that_are_numbers_and_strings_in_one_file_are_one_picture(tmp_path):
    made.coco(tmp_path, "captions_ita_devset_validated.json.gz", [5] * 308 + [0], as_text=True)
    test = read("mscoco-it/validated", tmp_path)
    assert (len(test.images), len(test.texts)) == (308, 1540)
    with pytest.raises(InputError, match="1540 texts, `mscoco-it/validated` has 1541"):
        protocols.read(protocols.load("mscoco-it/validated"), tmp_path)


def test_the_union_of_two_files_holds_the_pictures_of_both(tmp_path):
    made.coco(tmp_path, "captions_ita_devset_unvalidated.json.gz", [2, 2])
    made.coco(tmp_path, "captions_ita_devset_validated.json.gz", [3], first=1, as_text=True)
    test = read("mscoco-it/union", tmp_path)
    assert test.truth.owner[:4].max() == 2 and test.truth.owner[4:].tolist() == [0, 0, 0]
    assert test.images[0].name == "COCO_val2014_000000000001.jpg"


def test_a_missing_picture_or_a_damaged_file_is_named(tmp_path):
    made.coco(tmp_path, "captions_ita_devset_unvalidated.json.gz", [1, 1, 1])
    (tmp_path / "val2014/COCO_val2014_000000000366.jpg").unlink()
    with pytest.raises(InputError, match="000000000366.jpg: missing, and 0 more of 3 images"):
        read("mscoco-it/published", tmp_path)
    path = tmp_path / "captions_ita_devset_unvalidated.json.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="devset_unvalidated.json.gz: damaged or of another data set"):
        read("mscoco-it/published", tmp_path)
    path.unlink()
    with pytest.raises(InputError, match="devset_unvalidated.json.gz: missing"):
        read("mscoco-it/published", tmp_path)


# --- ImageNet ---------------------------------------------------------------------------------------------------------
def test_imagenet_s_labels_templates_and_pictures_are_those_of_the_published_files(tmp_path):
    made.imagenet(tmp_path, ["una tinca", "una gru", "un rovo", "una gru"])
    test = read("imagenet-it/published", tmp_path)
    assert test.classes == ["una tinca", "una gru", "un rovo", "una gru"] and test.templates == ["{}"]
    assert test.truth.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert test.images[2].parent.name == "n00000001"
    templates = read("imagenet-it/templates", tmp_path).templates
    assert templates == ["una foto di {} carino\N{NO-BREAK SPACE}", "{} ricamato", "una foto di {} carino\N{NO-BREAK SPACE}"]
    assert read("imagenet-it/long", tmp_path).classes[0] == "una foto di una tinca"
    merged = read("imagenet-it/merged-synonym", tmp_path)
    assert merged.classes == ["una tinca", "una gru", "un rovo"] and merged.truth.tolist() == [0, 0, 1, 1, 2, 2, 1, 1]


def test_a_label_goes_into_either_kind_of_place_as_it_is():
    assert classification.prompts([r"a\1 {}", "b"], ["{c}!", "x {}"]) == [r"a\1 {}!", r"x a\1 {}", "b!", "x b"]


def test_a_class_without_its_folder_or_pictures_is_named(tmp_path):
    made.imagenet(tmp_path, ["una tinca", "una gru"], each=1)
    (tmp_path / "val/n00000001/ILSVRC2012_val_00000000.JPEG").unlink()
    with pytest.raises(InputError, match="n00000001: has no images"):
        read("imagenet-it/published", tmp_path)
    (tmp_path / "val/n00000001").rmdir()
    with pytest.raises(InputError, match="n00000001: missing, and 0 more of 2 classes"):
        read("imagenet-it/published", tmp_path)
    made.put(tmp_path / "italian_templates_IT.txt", "una foto")
    made.imagenet(tmp_path / "again", ["a"])
    made.put(tmp_path / "again/italian_templates_IT.txt", "una foto")
    with pytest.raises(InputError, match=r"italian_templates_IT.txt: .*template 'una foto' has no \{\}"):
        read("imagenet-it/templates", tmp_path / "again")


def test_babel_imagenet_keeps_the_listed_classes_and_counts_from_the_list(tmp_path):
    made.imagenet(tmp_path, [str(number) for number in range(1000)], each=1)
    made.put(tmp_path / "babel_imagenet.json", json.dumps({"IT": [[7, 999, 3], ["gatto", "cane", "gatto"]], "DE": [[0], ["x"]]}))
    made.put(tmp_path / "nllb_dist13b_prompts.json", json.dumps({"IT": ["una foto di {}", "{}."]}))
    test = read("babel-imagenet-it/label", tmp_path)
    assert [path.parent.name for path in test.images] == ["n00000007", "n00000999", "n00000003"]
    assert test.truth.tolist() == [0, 1, 2] and test.classes == ["gatto", "cane", "gatto"]
    assert read("babel-imagenet-it/prompts", tmp_path).templates == ["una foto di {}", "{}."]
    (tmp_path / "val/n00000500/ILSVRC2012_val_00000000.JPEG").unlink()
    (tmp_path / "val/n00000500").rmdir()
    with pytest.raises(InputError, match="999 classes' folders, 1000 are needed"):
        read("babel-imagenet-it/label", tmp_path)


# --- Caption sets -----------------------------------------------------------------------------------------------------
def test_xm3600_s_first_captions_and_all_captions_are_two_protocols(tmp_path):
    made.crossmodal3600(tmp_path, [2, 1, 3])
    first, everything = read("xm3600-it/first", tmp_path), read("xm3600-it/all", tmp_path)
    assert first.texts == ["didascalia 0 0", "didascalia 1 0", "didascalia 2 0"] and first.truth.owner.tolist() == [0, 1, 2]
    assert len(everything.texts) == 6 and everything.truth.owner.tolist() == [0, 0, 1, 2, 2, 2]
    assert not set(protocols.load("xm3600-it/first").metrics) & set(protocols.load("xm3600-it/all").metrics)
    made.put(tmp_path / "captions.jsonl", '{"image/key": "0", "de": {"caption": ["x"]}}\n')
    with pytest.raises(InputError, match="captions.jsonl: .*line 1 is not Crossmodal-3600's: KeyError 'it'"):
        read("xm3600-it/first", tmp_path)


def test_xtd10_s_pictures_in_mscoco_it_s_training_files_are_marked(tmp_path):
    names = ["COCO_train2014_000000000005.jpg", "COCO_val2014_000000000359.jpg", "COCO_val2014_000000000366.jpg"]
    made.put(tmp_path / "test_image_names.txt", "\n".join(names) + "\n")
    made.put(tmp_path / "test_1kcaptions_it.txt", "uno\ndue\ntre\n")
    for name in names:
        made.put(tmp_path / "images" / name, made.picture(0))
    made.coco(tmp_path, "captions_ita_trainingset_val2014.json.gz", [1])
    made.coco(tmp_path, "captions_ita_trainingset_train2014.json.gz", [1, 1], first=10000)
    test = read("xtd10-it", tmp_path)
    assert test.texts == ["uno", "due", "tre"] and test.truth.owner.tolist() == [0, 1, 2] and test.seen.tolist() == [0, 1, 0]
    made.put(tmp_path / "test_1kcaptions_it.txt", "uno\ndue\n")
    with pytest.raises(InputError, match="test_1kcaptions_it.txt: 2 captions for the 3 images"):
        read("xtd10-it", tmp_path)


# --- Web-dataset folders of CLIP_benchmark ----------------------------------------------------------------------------
def test_a_web_dataset_of_classes_is_read_as_clip_benchmark_reads_it(tmp_path):
    made.shards(tmp_path, None, [{"cls": str(n % 3).encode(), "webp" if n else "jpg": made.picture(n)} for n in range(5)])
    made.class_names(tmp_path, ["gatto", "cane", "fiore"])
    test = read("clip-benchmark/zeroshot", tmp_path)
    assert test.truth.tolist() == [0, 1, 2, 0, 1] and test.templates == ["una foto di {c}", "un disegno di {c}"]
    assert [picture.read_bytes() for picture in test.images] == [made.picture(n) for n in range(5)]
    assert str(test.images[4]).endswith("1.tar: s0000004.webp")
    made.class_names(tmp_path, ["gatto", "cane"])
    with pytest.raises(InputError, match=r"0.tar: s0000002.cls: a label beyond the 2 classes"):
        read("clip-benchmark/zeroshot", tmp_path)
    with pytest.raises(InputError, match="of kind classification, the protocol is for retrieval"):
        read("clip-benchmark/retrieval", tmp_path)


def test_a_web_dataset_of_several_classes_a_picture_is_read(tmp_path):
    truth = np.array([[1, 0, 1], [0, 0, 0]])
    files = [io.BytesIO() for _ in truth]
    for row, file in zip(truth, files, strict=True):
        np.save(file, row)
    samples = [{"npy": file.getvalue(), "png": made.picture(n)} for n, file in enumerate(files)]
    made.shards(tmp_path, "multilabel", samples)
    made.class_names(tmp_path, ["gatto", "cane", "fiore"])
    assert (read("clip-benchmark/multilabel", tmp_path).truth == truth).all()


def test_a_web_dataset_of_captions_has_a_text_a_line(tmp_path):
    made.shards(tmp_path, "retrieval", [{"jpg": made.picture(n), "txt": f"uno {n}\ndue {n}\n".encode()} for n in range(3)])
    test = read("clip-benchmark/retrieval", tmp_path)
    assert test.texts[:3] == ["uno 0", "due 0", "uno 1"] and test.truth.owner.tolist() == [0, 0, 1, 1, 2, 2]
    made.shards(tmp_path, "retrieval", [{"jpg": made.picture(0)}])
    with pytest.raises(InputError, match=r"0.tar: s0000000.jpg: has no .txt beside it"):
        read("clip-benchmark/retrieval", tmp_path)
    made.shards(tmp_path, "retrieval", [{"jpg": made.picture(0), "txt": b"caff\xe8"}])
    with pytest.raises(InputError, match=r"0.tar: s0000000.txt: not UTF-8"):
        read("clip-benchmark/retrieval", tmp_path)
    (tmp_path / "test/1.tar").unlink()
    with pytest.raises(InputError, match="1.tar: missing"):
        read("clip-benchmark/retrieval", tmp_path)


# --- Languages --------------------------------------------------------------------------------------------------------
def uncounted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a protocol take miniatures: of any counts."""
    counts = protocols.Counts(pictures=None, texts=None)
    changed = protocols.load(name).model_copy(update={"counts": counts})
    monkeypatch.setattr(protocols, "load", lambda _: changed)


@pytest.mark.parametrize("name", ["clip-benchmark/imagenet1k", "clip-benchmark/imagenet1k-val"])
def test_imagenet_has_its_class_names_and_templates_in_the_language_asked_for(tmp_path, monkeypatch, name):
    data, labels = tmp_path / "data", tmp_path / "clip_benchmark/datasets"
    made.shards(data, "classification", [{"cls": str(n % 2).encode(), "jpg": made.picture(n)} for n in range(4)])
    made.class_names(data, ["own name", "another"])
    for number in range(2):
        made.put(data / "val" / f"n{number:08d}" / "one.JPEG", made.picture(number))
    made.label_files(data, "en", ["cat", "dog"], ["a photo of a {c}."])
    made.label_files(labels, "jp", ["\u732b", "\u72ac"], ["{c}\u306e\u5199\u771f"])
    uncounted(name, monkeypatch)
    english, japanese = protocols.read(protocols.load(name), data), protocols.read(protocols.load(name), data, "jp", labels)
    assert (english.classes, english.templates) == (["cat", "dog"], ["a photo of a {c}."])
    assert (japanese.classes, japanese.templates) == (["\u732b", "\u72ac"], ["{c}\u306e\u5199\u771f"])
    assert sorted(english.truth.tolist()) == sorted(japanese.truth.tolist()) and english.truth.max() == 1
    with pytest.raises(InputError, match="data/jp_classnames.json: missing; it is in CLIP_benchmark's"):
        protocols.read(protocols.load(name), data, "jp")
    with pytest.raises(InputError, match=rf"`{name}` has no language `de`; known are en, ar, cn, it, jp"):
        protocols.read(protocols.load(name), data, "de")
    made.put(labels / "jp_classnames.json", json.dumps({"flowers": ["a"]}))
    with pytest.raises(InputError, match="jp_classnames.json: has no `imagenet1k`"):
        protocols.read(protocols.load(name), data, "jp", labels)
    made.put(labels / "jp_classnames.json", json.dumps({"imagenet1k": {"a": 1}}))
    with pytest.raises(InputError, match="jp_classnames.json: damaged .*`imagenet1k` is not a list"):
        protocols.read(protocols.load(name), data, "jp", labels)


def test_class_names_that_are_not_as_many_as_the_classes_folders_are_refused(tmp_path):
    made.put(tmp_path / "val/n00000000/one.JPEG", made.picture(0))
    made.label_files(tmp_path, "en", ["cat", "dog"], ["{c}"])
    with pytest.raises(InputError, match="val: 1 classes' folders for the 2 names of .*en_classnames.json"):
        protocols.read(protocols.load("clip-benchmark/imagenet1k-val"), tmp_path)


def test_xm3600_and_babel_imagenet_are_read_in_the_language_asked_for(tmp_path, monkeypatch):
    made.crossmodal3600(tmp_path, [2, 1])
    with monkeypatch.context() as patch:
        uncounted("xm3600/first", patch)
        assert protocols.read(protocols.load("xm3600/first"), tmp_path).texts == ["x", "x"]
        assert protocols.read(protocols.load("xm3600/first"), tmp_path, "it").texts == ["didascalia 0 0", "didascalia 1 0"]
    made.imagenet(tmp_path, [str(number) for number in range(1000)], each=1)
    listed = {"EN": [[1], ["cat"]], "IT": [[7, 3], ["gatto", "cane"]], "NO": [[2], ["katt"]]}
    made.put(tmp_path / "elsewhere/babel_imagenet.json", json.dumps(listed))
    made.put(tmp_path / "elsewhere/nllb_dist13b_prompts.json", json.dumps({"IT": ["una foto di {}"]}))
    test = protocols.read(protocols.load("babel-imagenet/prompts"), tmp_path, "IT", tmp_path / "elsewhere")
    assert (test.classes, test.templates) == (["gatto", "cane"], ["una foto di {}"])
    assert protocols.read(protocols.load("babel-imagenet/label"), tmp_path, "NO", tmp_path / "elsewhere").classes == ["katt"]


@pytest.mark.parametrize("name", [name for name in protocols.names() if protocols.load(name).languages])
def test_a_protocol_s_languages_differ_and_each_has_a_place_in_its_files(name):
    protocol = protocols.load(name)
    assert len(set(protocol.languages)) == len(protocol.languages) and protocols.language_of(protocol) == protocol.languages[0]
    assert "{language}" in str(protocol.data)


def test_a_language_or_labels_for_a_protocol_that_takes_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="`mscoco-it/published` has no language `it`; its files are of one language"):
        protocols.read(protocols.load("mscoco-it/published"), tmp_path, "it")
    with pytest.raises(InputError, match="`finetuner` takes no files of labels from elsewhere"):
        protocols.read(protocols.load("finetuner"), tmp_path, labels=tmp_path)


# --- Scores -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["one_caption", "five_captions", "ragged_captions", "tiny"])
def test_retrieval_metrics_by_their_published_names_are_clip_benchmark_s(name):
    case = load("retrieval")["cases"][name]
    published = protocols.load("clip-benchmark/retrieval").metrics
    truth = Pairing(len(case["image"]), case["owner"])
    scored = score(truth, unit(case["image"]), unit(case["text"]), list(published.values()), "pessimistic")
    for key in published.keys() & case["expected"].keys():
        assert scored.metrics[published[key]] == pytest.approx(case["expected"][key], abs=1e-6), key
        assert scored.bounds[published[key]] == (scored.metrics[published[key]],) * 2


def test_a_cutoff_beyond_the_number_of_items_has_no_value():
    names = ["text_to_image/own/recall@5", "text_to_image/own/mrr@5"]
    found = score(Pairing(2, np.arange(2)), np.eye(2), np.eye(2), names, "pessimistic")
    assert found.metrics == {"text_to_image/own/recall@5": None, "text_to_image/own/mrr@5": 1.0}
    assert score(np.arange(4), np.eye(4), np.eye(4), ["acc@5", "acc@1"], "pessimistic").metrics == {"acc@5": None, "acc@1": 1.0}


def test_accuracies_of_classes_with_one_label_stand_between_their_bounds():
    image, text = np.eye(2)[[0, 1, 0]], np.eye(2)[[0, 1, 0]]
    scored = score(np.array([0, 1, 2]), image, text, ["acc@1", "mean_per_class_recall"], "lower_index")
    assert scored.metrics == {"acc@1": pytest.approx(2 / 3), "mean_per_class_recall": pytest.approx(2 / 3)}
    assert scored.bounds["acc@1"] == (pytest.approx(1 / 3), 1.0)


def test_lists_hold_the_best_items_first_and_earn_what_docarray_gives_them():
    image, text, owner = random_rows(0, 30), random_rows(1, 50), np.arange(50, dtype=np.int32) % 30
    names = [f"text_to_image/own/list/{kind}@5" for kind in scoring.LIST_METRICS]
    others = ["text_to_image/own/mrr@5", "text_to_image/own/recall@5"]
    scored = score(Pairing(30, owner), image, text, [*names, *others], "lower_index")
    value = {name.split("/")[-1]: found for name, found in scored.metrics.items()}
    assert value["average_precision@5"] == pytest.approx(value["mrr@5"]) == pytest.approx(value["reciprocal_rank@5"])
    assert value["hit@5"] == pytest.approx(scored.metrics["text_to_image/own/recall@5"]) == pytest.approx(5 * value["precision@5"])
    places = np.argsort(-(text @ image.T), axis=1)[:, :5]
    task = scoring.Task(text, image, Relevant.single(owner), owner)
    assert (scoring.best(task, 5, "lower_index") == (places == owner[:, None])).all()


def test_ties_in_a_list_go_by_the_rule_and_bound_what_more_hits_can_only_raise():
    image, text, truth = np.ones((3, 1)), np.ones((1, 1)), Pairing(3, np.array([1]))
    names = [f"text_to_image/own/list/{kind}@2" for kind in ("hit", "reciprocal_rank", "ndcg")]
    for ties, hit, reciprocal in (("lower_index", 1, 1 / 2), ("pessimistic", 0, 0)):
        found = score(truth, image, text, names, ties)
        assert [found.metrics[name] for name in names[:2]] == [hit, reciprocal]
        assert found.bounds == {names[0]: (0, 1), names[1]: (0, 1)}


def test_a_name_that_is_no_metric_is_refused():
    truth = Pairing(1, np.zeros(1, np.int32))
    for name in ("text_to_image/any/mrr@1", "sideways/own/mrr@1", "text_to_image/own/list/nothing@1"):
        with pytest.raises(ValueError):
            score(truth, np.eye(1), np.eye(1), [name], "pessimistic")
