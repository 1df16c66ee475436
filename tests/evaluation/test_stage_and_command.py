"""The study's stages and `evaluate --protocol` give the same figures."""

import json
import zipfile

import numpy as np
import pytest

import clip_italian
from clip_italian import files, paths
from clip_italian.config import Params
from clip_italian.data import preparation
from clip_italian.data.archives import add
from clip_italian.evaluation import arrays
from clip_italian.evaluation.published import evaluating, held_out, protocols
from clip_italian.evaluation.study import embed, retrieval, summary, zeroshot
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.training.backbones import TowerSettings
from rehearsal import checkpoints, publishers
from tests.evaluation.test_held_out import IMAGES, SIZES, of_the_paper
from tests.helpers import evaluation_files as made
from tests.helpers import synthetic_study
from tests.helpers.golden_systems import copied
from tests.helpers.golden_values import unit
from tests.helpers.small_world import TWO

PARAMS = Params(profile="drawn", arms=["full"], curves=["frozen_4"], baselines=[], probed=[], seeds=[0])
IMAGES_OF_A_SET, CLASSES = 12, 10


def settings(**changed):
    return EvaluationSettings.model_validate(synthetic_study.EVALUATION | {"resamples": 20, "permutations": 19} | changed)


def few_directions(seed, rows):
    """Unit vectors along few directions: many are equal, and their scores tie exactly."""
    return unit(np.random.default_rng(seed).integers(-1, 2, (rows, 3)) + [[3, 0, 0]]).astype(np.float32)


def agree(command, entry):
    """Every figure that both have is the same to the last digit, and so are its bounds; returns their names."""
    both = [name for name, value in command["metrics"].items() if value is not None and name in entry["mean"]]
    for name in both:
        assert round(command["metrics"][name], summary.DIGITS) == entry["mean"][name] == entry["seeds"]["0"][name], name
        assert [round(end, summary.DIGITS) for end in command["bounds"][name]] == entry["bounds"][name], name
    return both


def drawn_set(folder, kind):
    """Image and text rows with ties among them; writes a test set of the drawn world whose classes share labels."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for number in range(IMAGES_OF_A_SET):
            add(archive, f"{number:06d}", made.picture(number))
    rng, images = np.random.default_rng(3), [{"id": n, "file_name": f"{n:06d}"} for n in range(IMAGES_OF_A_SET)]
    if kind == "retrieval":
        owner = np.repeat(np.arange(IMAGES_OF_A_SET - 1, dtype=np.int32), 2)  # the last image has no caption
        captions = [f"un gatto {n % 5}" for n in range(len(owner))]
        annotations = [{"id": n, "image_id": int(owner[n]), "caption": caption} for n, caption in enumerate(captions)]
        files.write_json(folder / "captions.json", {"images": images, "annotations": annotations})
        true = [sorted({int(one), int(rng.integers(IMAGES_OF_A_SET))}) for one in owner]
        indptr = np.cumsum([0, *map(len, true)])
        near_miss = np.zeros(IMAGES_OF_A_SET, bool)
        arrays.write(folder / "truth.npz", owner=owner, near_miss=near_miss, true_indptr=indptr, true_indices=np.concatenate(true))
    else:
        label = rng.integers(CLASSES, size=IMAGES_OF_A_SET).astype(np.int32)
        captions = [f"un gatto {n % 7}" for n in range(CLASSES)]  # three labels are those of two classes
        described = [image | {"label": int(one)} for image, one in zip(images, label, strict=True)]
        files.write_json(folder / "labels.json", {"images": described, "classes": captions})
        arrays.write(folder / "truth.npz", label=label)
    place = {text: number for number, text in enumerate(dict.fromkeys(captions))}
    text = few_directions(1, len(place))[[place[caption] for caption in captions]]
    return few_directions(0, IMAGES_OF_A_SET), text


class Same:
    """Stands for a model's embeddings: those that the stage reads."""

    def __init__(self, image, text):
        self.image, self.text = image, text

    def images(self, _):
        return self.image, "digest"

    def texts(self, _):
        return self.text, "digest"


@pytest.mark.parametrize("kind, stage", [("retrieval", retrieval), ("zeroshot", zeroshot)])
def test_on_the_same_embeddings_with_ties_stage_and_command_agree_to_the_last_digit(here, monkeypatch, kind, stage):
    name = f"{kind}-seen"
    image, text = drawn_set(here / "data/drawn/raw/test" / name, kind)
    arrays.write(paths.embedded("drawn", "full", 0, name), image=image, text=text)
    stage.evaluate(PARAMS, settings(**{f"{kind}_sets": [name]}))
    entry = files.read_json(paths.results("drawn", kind))["models"]["full"][name]

    monkeypatch.setattr(evaluating, "_Embeddings", lambda *_: Same(image, text))
    model = clip_italian.load(copied("clip-italian", here).folder)
    evaluating.evaluate(model, f"drawn-world/{name}", here / "data/drawn/raw/test", here / "out")
    command = json.loads((here / f"out/drawn-world/{name}/metrics.json").read_text())
    assert command["ties"] == "pessimistic"
    names = agree(command, entry)
    assert len(names) >= (20 if kind == "retrieval" else 3)
    assert any(command["bounds"][metric][0] < command["bounds"][metric][1] for metric in names)  # ties that a rule decides


@pytest.fixture
def published(here):
    """A study of published test sets, prepared, and embedded by a small model; its folder and the model's."""
    publishers.write(here / "served", SIZES)
    data = here / "data/paper"
    held_out.prepare(here / "served/published", data / "raw", of_the_paper())
    (here / "pairs").mkdir()
    for name in ("train", "valid"):
        (here / "pairs" / f"{name}.jsonl").touch()
    preparation.prepare(data / "shards", data / "raw", here / "pairs", here / "done", IMAGES, TWO)
    tower = TowerSettings(width=8, depth=1, heads=1, hidden=16)
    sizes = checkpoints.ClipSizes(image=tower, text=tower, projection=8, patch=16, side=IMAGES.side, positions=24, vocabulary=100)
    checkpoints.write_clip(here / "clip", sizes, ["un gatto su una sedia"], 0)
    folder = paths.embedded("paper", "full", 0, "").parent
    embed.write_tests(folder, clip_italian.load(here / "clip"), data, ["mscoco-it-dev-unvalidated"], ["imagenet-it"], ["{}"])
    return here


def test_a_published_set_in_the_study_has_its_protocol_s_numbers(published, monkeypatch):
    params = PARAMS.model_copy(update={"profile": "paper"})
    ours = settings(retrieval_sets=["mscoco-it-dev-unvalidated"], zeroshot_sets=["imagenet-it"])
    retrieval.evaluate(params, ours)
    zeroshot.evaluate(params, ours)
    model, load = clip_italian.load(published / "clip"), protocols.load
    uncounted = {"counts": protocols.Counts(pictures=None, texts=None)}
    monkeypatch.setattr(protocols, "load", lambda name: load(name).model_copy(update=uncounted))
    for kind, test_set, protocol, folder in (
        ("retrieval", "mscoco-it-dev-unvalidated", "mscoco-it/published", "mscoco_it"),
        ("zeroshot", "imagenet-it", "imagenet-it/published", "imagenet"),
    ):
        data = published / "served/published" / folder
        evaluating.evaluate(model, protocol, data, published / "out")
        command = json.loads((published / "out" / protocol / "metrics.json").read_text())
        names = load(protocol).metrics
        command |= {part: {names[name]: value for name, value in command[part].items()} for part in ("metrics", "bounds")}
        entry = files.read_json(paths.results("paper", kind))["models"]["full"][test_set]
        assert agree(command, entry)
        # The images were cut as the protocol says, not as the study's own.
        pictures = protocols.read(protocols.load(protocol), data).images
        (image,) = arrays.read(paths.embedded("paper", "full", 0, test_set), "image")
        assert np.allclose(model.with_margin("round").encode_image(pictures), image, atol=1e-5)
        assert not np.allclose(model.with_margin("floor").encode_image(pictures), image, atol=1e-5)
    with np.load(published / "out/imagenet-it/published/items.npz") as items:
        rank, worst, label = items["rank"], items["pessimistic"], items["label"]
        assert (rank[label == 0] < worst[label == 0]).all()  # the first and the last class have one label
