"""Published test sets in the study's form, from small files in their publishers' formats; and the rehearsal's other inputs."""

import json
import pathlib
import shutil
import zipfile

import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.checkpoints import layouts, tokenisers
from clip_italian.checkpoints.model import Model
from clip_italian.config import Params
from clip_italian.data import preparation
from clip_italian.data.images.settings import ImageSettings
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.published import held_out, protocols
from clip_italian.evaluation.study import embed, probing, retrieval
from clip_italian.evaluation.study.settings import PROBE_SETS, EvaluationSettings, HeldOutSettings
from clip_italian.training import imported
from clip_italian.training.backbones import BackboneSettings, TowerSettings
from rehearsal import checkpoints, overlay, publishers
from rehearsal import hub as loopback_hub
from tests.data.test_preparation import SETTINGS
from tests.helpers.small_world import LIMITS, TWO, source

ROOT = pathlib.Path(__file__).parents[2]
PAPER = ROOT / "profiles/paper.yaml"
SIZES = publishers.sizes().model_copy(
    update={
        "height": 48,
        "wit": source(4, missing=1),
        "conceptual_captions": source(3),
        "il_post": source(2, damaged=1),
        "coco_train": 8,
        "coco_val": 3,
        "dev": 4,
        "dev_validated": 3,
        "xm3600": 4,
        "xtd10": 6,
        "classes": 4,
        "babel": 3,
        "val": 2,
        "train": 4,
    }
)
RETRIEVAL = ("mscoco-it-dev-unvalidated", "mscoco-it-dev-validated", "xm3600", "xtd10")
ZEROSHOT = ("imagenet-it", "babel-imagenet")
IMAGES = ImageSettings(**SETTINGS.model_dump() | {"views": 0, "limits": LIMITS})


def of_the_paper(**changed):
    """The section `tests` of the paper's profile with any counts, and two pictures a class to learn from."""
    content = config.read_yaml(PAPER)["tests"]
    content["probes"] |= {"train": 2, "valid": 1}
    return HeldOutSettings(**content | {"counts": "any"} | changed)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """What the publishers serve."""
    folder = tmp_path_factory.mktemp("served")
    publishers.write(folder, SIZES)
    return folder


@pytest.fixture(scope="module")
def prepared(served, tmp_path_factory):
    """The folder of a profile whose raw test sets were made of it."""
    data = tmp_path_factory.mktemp("work") / "data/paper"
    held_out.prepare(served / "published", data / "raw", of_the_paper())
    return data


@pytest.fixture
def published(served, tmp_path):
    """A copy of the publishers' files, to be spoilt."""
    return pathlib.Path(shutil.copytree(served / "published", tmp_path / "published"))


def read(prepared, name):
    described = list(preparation.read_test(prepared / "raw/test" / name))
    return [example.captions for example, _ in described], [member for _, (_, member) in described]


@pytest.mark.parametrize(
    "name, protocol, publisher",
    [
        ("mscoco-it-dev-unvalidated", "mscoco-it/published", ("mscoco_it",)),
        ("mscoco-it-dev-validated", "mscoco-it/validated", ("mscoco_it",)),
        ("xm3600", "xm3600-it/all", ("xm3600/captions", "xm3600")),
        ("xtd10", "xtd10-it", ("xtd10", "mscoco_it")),
    ],
)
def test_a_retrieval_set_holds_the_protocols_captions_and_pictures_in_its_order(served, prepared, name, protocol, publisher):
    with held_out._as_one([served / "published" / one for one in publisher]) as folder:
        expected = protocols.read(protocols.load(protocol), folder, counted=False)
        contents = [picture.read_bytes() for picture in expected.images]
    captions, members = read(prepared, name)
    owned = [
        [text for text, owner in zip(expected.texts, expected.truth.owner, strict=True) if owner == i] for i in range(len(contents))
    ]
    assert captions == owned and sum(map(len, captions)) == len(expected.texts)
    with zipfile.ZipFile(prepared / "raw/test" / name / "images.zip") as archive:
        assert [archive.read(member) for member in members] == contents
    (owner,) = arrays.read(prepared / "raw/test" / name / "truth.npz", "owner")
    assert owner.tolist() == expected.truth.owner.tolist()


def test_pictures_of_mscoco_keep_the_names_by_which_the_audit_knows_them(prepared):
    training = {f"COCO_{split}_" for split in ("train2014", "val2014")}
    for name in ("mscoco-it-dev-unvalidated", "xtd10"):
        assert all(member[:-16] in training for member in read(prepared, name)[1])
    assert {member.split("_")[1] for member in read(prepared, "xtd10")[1]} == {"train2014", "val2014"}


def test_each_zero_shot_set_has_its_own_classes_and_a_label_may_be_shared(served, prepared):
    imagenet, babel = (files.read_json(prepared / "raw/test" / name / "labels.json") for name in ZEROSHOT)
    assert len(imagenet["classes"]) == 4 and imagenet["classes"][0] == imagenet["classes"][-1]
    assert babel["classes"] == imagenet["classes"][:3]
    for name, content, each in zip(ZEROSHOT, (imagenet, babel), (2, 2), strict=True):
        folders = [image["file_name"].split("/")[0] for image in content["images"]]
        assert [publishers.wordnet_id(image["label"]) for image in content["images"]] == folders
        assert len(folders) == each * len(content["classes"])
        (label,) = arrays.read(prepared / "raw/test" / name / "truth.npz", "label")
        assert label.tolist() == [image["label"] for image in content["images"]]


def test_probes_learn_from_imagenets_training_pictures_and_never_from_its_tests(served, prepared):
    training = {path.read_bytes() for path in (served / "published/imagenet/train").rglob("*.JPEG")}
    seen = []
    for name, each in zip(PROBE_SETS, (2, 1), strict=True):
        folder = prepared / "raw/probe" / name
        (label,) = arrays.read(folder / "truth.npz", "label")
        assert label.tolist() == np.repeat(range(4), each).tolist()
        with zipfile.ZipFile(folder / "images.zip") as archive:
            seen += [archive.read(member) for member in archive.namelist()]
    assert len(set(seen)) == 12 and set(seen) <= training


def test_the_same_files_give_the_same_bytes_and_another_seed_other_probes(served, prepared, tmp_path):
    probes = of_the_paper().probes
    for name, seed in (("again", probes.seed), ("other", probes.seed + 1)):
        settings = of_the_paper(probes=probes.model_copy(update={"seed": seed}).model_dump())
        held_out.prepare(served / "published", tmp_path / name, settings)
    first, again, other = (files.tree_digest(raw / "probe") for raw in (prepared / "raw", tmp_path / "again", tmp_path / "other"))
    assert again == first != other
    assert files.tree_digest(tmp_path / "again/test") == files.tree_digest(prepared / "raw/test")


def test_what_only_backbones_made_here_would_read_is_there_and_empty(prepared):
    raw = prepared / "raw"
    assert (raw / "english/pairs.jsonl").read_bytes() == (raw / "text/sentences.txt").read_bytes() == b""
    assert list(preparation.read_pairs(raw / "english/pairs.jsonl", raw.joinpath)) == []
    assert [entry["query"] for entry in files.read_json(raw / "test/gallery.json")][0] == "un fiore giallo"


def evaluation(**changed):
    """The paper's, with few resamples."""
    content = config.read_yaml(PAPER)["evaluation"]
    return EvaluationSettings(**content | {"resamples": 20, "permutations": 19} | changed)


def test_prepared_sets_are_embedded_and_evaluated_and_nothing_is_said_of_what_nobody_knows(prepared, monkeypatch, tmp_path):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for name in ("train", "valid"):
        (pairs / f"{name}.jsonl").touch()
    preparation.prepare(prepared / "shards", prepared / "raw", pairs, tmp_path / "done", IMAGES, TWO)
    tower = TowerSettings(width=8, depth=1, heads=1, hidden=16)
    sizes = checkpoints.ClipSizes(image=tower, text=tower, projection=8, patch=16, side=IMAGES.side, positions=24, vocabulary=100)
    checkpoints.write_clip(tmp_path / "clip", sizes, ["un gatto su una sedia"], 0)
    layout = layouts.find(tmp_path / "clip")
    model = Model(layout.settings, layout.params(), tokenisers.plain(tmp_path / "clip", layout.settings.text))
    monkeypatch.chdir(prepared.parents[1])
    folder, settings = pathlib.Path("embeddings/paper/full/0"), evaluation(retrieval_sets=["xm3600"])
    embed.write_tests(folder, model, prepared, settings.retrieval_sets, ["imagenet-it"], settings.templates)
    (text,) = arrays.read(folder / "imagenet-it.npz", "text")
    assert len(text) == 4 and (text[0] == text[3]).all()  # one label, so that the two classes tie
    retrieval.evaluate(
        Params(profile="paper", arms=["full"], curves=["frozen_4"], baselines=[], probed=["full"], seeds=[0]), settings
    )
    measured = files.read_json(pathlib.Path("results/paper/retrieval.json"))
    metrics = set(measured["models"]["full"]["xm3600"]["mean"])
    assert {metric.split("/")[1] for metric in metrics} == {"own"} and "text_to_image/own/mrr@10" in metrics
    labels = probing.labels_of("paper", ["imagenet-it"])
    assert labels.classes.tolist() == [0, 1, 2, 3] and len(labels.train) == 8
    shards_of = {path.parent.relative_to(prepared / "shards").as_posix() for path in (prepared / "shards").rglob("index.json")}
    assert shards_of >= {f"tests/{name}" for name in (*RETRIEVAL, *ZEROSHOT)} | {f"probe/{name}" for name in PROBE_SETS}


# --- Refusals -----------------------------------------------------------------------------------------------------------
def refused(published, tmp_path, message, **changed):
    with pytest.raises(InputError, match=message) as caught:
        held_out.prepare(published, tmp_path / "raw", of_the_paper(**changed))
    assert "\n" not in str(caught.value) and not (tmp_path / "raw/test").exists()


def test_files_that_are_not_as_many_as_published_are_refused_where_they_must_be(published, tmp_path):
    refused(published, tmp_path, "4 pictures, `mscoco-it/published` has 1696", counts="published")


def test_a_publisher_whose_files_are_not_there_is_named(published, tmp_path):
    shutil.rmtree(published / "xm3600")
    refused(published, tmp_path, "published/xm3600/captions: missing; put the publisher's files there")


def test_a_picture_that_no_archive_holds_is_named(published, tmp_path):
    with zipfile.ZipFile(published / "mscoco_it/val2014.zip", "w"):
        pass
    refused(published, tmp_path, r"COCO_val2014_\d{12}.jpg: missing, and 3 more of 4 images; all are needed")


def test_two_pictures_of_one_name_and_templates_of_a_protocols_own_are_refused(published, tmp_path):
    (one, *_) = of_the_paper().sets[-2:]
    templates = one.model_copy(update={"protocol": "imagenet-it/templates"})
    refused(published, tmp_path, "imagenet-it: one class per image and no templates were expected", sets=[templates])
    described = published / "xm3600/captions/captions.jsonl"
    described.write_text(described.read_text() + described.read_text().splitlines()[0])
    refused(published, tmp_path, "xm3600: two images are called 0{16}.jpg")


def test_a_class_with_too_few_training_pictures_or_none_is_named(published, tmp_path):
    train = published / "imagenet/train"
    next((train / "n00000002").iterdir()).unlink()
    next((train / "n00000002").iterdir()).unlink()
    for message in ("n00000002: 2 images, 3 are needed", "n00000002: missing; put this class's"):
        with pytest.raises(InputError, match=message):
            held_out.prepare(published, tmp_path / "raw", of_the_paper())
        assert not (tmp_path / "raw/probe").exists()
        shutil.rmtree(train / "n00000002", ignore_errors=True)


# --- The rehearsal --------------------------------------------------------------------------------------------------------
def test_an_overlay_changes_what_it_names_and_may_name_no_other_key():
    paper = {"a": {"b": 1, "c": [1, 2]}, "d": 3}
    assert overlay.profile(paper, {"a": {"c": [3]}}) == {"a": {"b": 1, "c": [3]}, "d": 3}
    with pytest.raises(InputError, match="profiles/paper.yaml has no key `a.e`"):
        overlay.profile(paper, {"a": {"e": 1}})


def test_the_small_checkpoints_are_those_that_the_rehearsals_profile_imports(here, monkeypatch):
    overlay.write_checkpoints(here / "hub", PAPER)
    overlay.write(here / "profiles/paper.yaml", PAPER, here / "hub", "127.0.0.1:1")
    settings = config.section(BackboneSettings, "backbones", "paper")
    with loopback_hub.serving() as hub:
        for source_of in (settings.imported.english_clip, settings.imported.italian_bert):
            hub.folders[source_of.repository] = here / "hub" / source_of.repository
            hub.commits |= {source_of.repository: source_of.revision} if source_of.revision else {}
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        model, provenance = imported.english_clip(settings)
        architecture, _, tokenizer, _ = imported.italian_bert(settings)
    assert model.settings.image.image_size == 224 and {"pytorch_model.bin", "tokenizer.json"} <= set(provenance.files)
    assert architecture.max_length == 512 and tokenizer.encode("UN GATTO").tokens == tokenizer.encode("un gatto").tokens


def test_addresses_lead_to_pictures_but_for_those_that_are_gone(served):
    lines = (served / "published/il_post/il_post.jsonl").read_text().splitlines()
    addresses = [entry["image_url"] for line in lines if line.endswith("}") for entry in [json.loads(line)] if "image_url" in entry]
    assert len(addresses) == 3 and all((served / "web" / publishers.place_of(one)).is_file() for one in addresses)
    pictures = [path for path in (served / "web/wit.example").rglob("*.jpg")]
    assert len(pictures) == 4  # and one row's is gone
