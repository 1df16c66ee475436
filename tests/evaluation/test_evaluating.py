"""A model under a protocol, from files to files."""

import json
import zipfile

import numpy as np
import pytest

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.checkpoints.model import Model
from clip_italian.data.archives import add
from clip_italian.errors import InputError
from clip_italian.evaluation.published import evaluating, protocols
from tests.helpers import evaluation_files as made
from tests.helpers.golden_systems import copied
from tests.helpers.golden_values import unit

MODEL = "clip-italian"


@pytest.fixture
def model(here):
    return clip_italian.load(copied(MODEL, here).folder)


@pytest.fixture
def captions(here):
    """A web-dataset folder of six pictures with two captions each, one of them the same for two pictures."""
    samples = [{"png": made.picture(n), "txt": f"un gatto {n}\nuna foto {n // 2}\n".encode()} for n in range(6)]
    made.shards(here / "captions", "retrieval", samples)
    return here / "captions"


@pytest.fixture
def classes(here):
    """The same pictures in three classes, two of which bear one label."""
    samples = [{"png": made.picture(n), "cls": str(n % 3).encode()} for n in range(6)]
    made.shards(here / "classes", "classification", samples)
    made.class_names(here / "classes", ["gatto", "cane", "gatto"])
    return here / "classes"


@pytest.fixture
def encoded(monkeypatch):
    """How many pictures and texts go through a tower."""
    counts = {"pictures": 0, "texts": 0}

    def counting(kind, original):
        def encode(self, several, **options):
            counts[kind] += len(several)
            return original(self, several, **options)

        return encode

    monkeypatch.setattr(Model, "encode_image", counting("pictures", Model.encode_image))
    monkeypatch.setattr(Model, "encode_text", counting("texts", Model.encode_text))
    return counts


def test_retrieval_metrics_are_those_of_the_model_s_own_cosines(model, captions, here):
    found = evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    test = protocols.read(protocols.load("clip-benchmark/retrieval"), captions)
    cosines = model.encode_text(test.texts) @ model.encode_image([picture for picture in test.images]).T
    own = cosines[np.arange(12), test.truth.owner][:, None]
    rank = (cosines > own).sum(axis=1) + (cosines == own).sum(axis=1)
    assert found["image_retrieval_recall@1"] == np.mean(rank == 1)
    assert found["image_retrieval_recall@5"] == np.mean(rank <= 5)
    assert found["image_retrieval_recall@10"] is None
    with np.load(here / "out/clip-benchmark/retrieval/items.npz") as items:
        assert items["text_to_image/own"].tolist() == rank.tolist()
        assert items["text_to_image/image"].tolist() == test.truth.owner.tolist()
        assert items["pictures"].tolist() == [f"s{n:07d}.png" for n in range(6)]


def test_a_protocol_is_read_once_for_an_evaluation(model, captions, here, monkeypatch):
    read, load = [], protocols.load
    monkeypatch.setattr(protocols, "load", lambda name: read.append(name) or load(name))
    evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    assert read == ["clip-benchmark/retrieval"]


def test_zero_shot_metrics_are_those_of_the_ensembles(model, classes, here):
    found = evaluating.evaluate(model, "clip-benchmark/zeroshot", classes, here / "out")
    test = protocols.read(protocols.load("clip-benchmark/zeroshot"), classes)
    means = [np.mean(model.encode_text([f"una foto di {name}", f"un disegno di {name}"]), axis=0) for name in test.classes]
    scores = model.encode_image(list(test.images)) @ unit(np.stack(means)).T
    predicted = np.where(scores[:, 1] > scores[:, 0], 1, 0)  # never 2, whose label is that of 0
    assert found["acc1"] == np.mean(predicted == test.truth)
    assert found["acc5"] is None
    written = json.loads((here / "out/clip-benchmark/zeroshot/metrics.json").read_text())
    low, high = written["bounds"]["acc1"]
    assert low == np.mean((predicted == 1) & (test.truth == 1))
    assert high == np.mean((predicted == 1) == (test.truth == 1))
    assert written["data"] | {"pictures": 6, "classes": 3, "templates": 2} == written["data"]


def test_what_was_embedded_once_is_not_embedded_again_under_any_protocol(model, captions, classes, here, encoded):
    first = evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    assert encoded == {"pictures": 6, "texts": 9}
    items = (here / "out/clip-benchmark/retrieval/items.npz").read_bytes()
    written = (here / "out/clip-benchmark/retrieval/metrics.json").read_bytes()
    assert evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out") == first
    evaluating.evaluate(model, "finetuner", captions, here / "out")
    assert encoded == {"pictures": 6, "texts": 9}
    assert (here / "out/clip-benchmark/retrieval/items.npz").read_bytes() == items
    assert (here / "out/clip-benchmark/retrieval/metrics.json").read_bytes() == written
    evaluating.evaluate(model, "clip-benchmark/zeroshot", classes, here / "out")
    assert encoded == {"pictures": 6, "texts": 13}


def test_other_pictures_texts_or_weights_are_embedded_anew(model, captions, here, encoded):
    evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    samples = [{"png": made.picture(n + 1), "txt": f"un gatto {n}\nuna foto {n // 2}\n".encode()} for n in range(6)]
    made.shards(captions, "retrieval", samples)
    evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    assert encoded == {"pictures": 12, "texts": 9}
    other = clip_italian.load(copied("clip-italian-version-4", here).folder)
    evaluating.evaluate(other, "clip-benchmark/retrieval", captions, here / "out")
    assert encoded == {"pictures": 18, "texts": 18}


def test_damaged_embeddings_are_made_anew(model, captions, here):
    first = evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    for path in (here / "out/embeddings").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    assert evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out") == first


def test_a_model_whose_vectors_are_not_numbers_is_refused(model, captions, here, monkeypatch):
    monkeypatch.setattr(Model, "encode_image", lambda self, several, **options: np.full((len(several), 8), np.nan, np.float32))
    with pytest.raises(InputError, match="embeddings of pictures are not finite"):
        evaluating.evaluate(model, "clip-benchmark/retrieval", captions, here / "out")
    assert not list((here / "out").rglob("*.npz"))


def test_a_picture_that_cannot_be_read_is_named_by_its_archive_and_member(model, here):
    made.shards(here / "broken", "retrieval", [{"png": made.picture(0)[:200], "txt": b"uno"}])
    with pytest.raises(InputError, match=r"0.tar: s0000000.png: damaged image"):
        evaluating.evaluate(model, "clip-benchmark/retrieval", here / "broken", here / "out")


@pytest.fixture
def drawn(here):
    """A retrieval set of the drawn world with the pictures of `captions`: three, the last of them without a caption."""
    folder = here / "test/retrieval-seen"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "images.zip", "w") as archive:
        for number in range(3):
            add(archive, f"{number:06d}", made.picture(number))
    images = [{"id": number, "file_name": f"{number:06d}"} for number in range(3)]
    annotations = [{"id": n, "image_id": n, "caption": f"un gatto {n}"} for n in range(2)]
    made.put(folder / "captions.json", json.dumps({"images": images, "annotations": annotations}))
    truth = {"owner": [0, 1], "true_indptr": [0, 3, 4], "true_indices": [0, 1, 2, 1]}
    np.savez(folder / "truth.npz", **{name: np.array(values, np.int32) for name, values in truth.items()})
    return here / "test"


def test_the_drawn_world_s_sets_are_scored_by_their_truth(model, drawn, here):
    found = evaluating.evaluate(model, "drawn-world/retrieval-seen", drawn, here / "out")
    assert found["text_to_image/any/mrr@1"] >= 0.5 and found["text_to_image/any/mrr@1"] >= found["text_to_image/own/mrr@1"]
    with np.load(here / "out/drawn-world/retrieval-seen/items.npz") as items:
        assert items["text_to_image/any"][0] == 1
        assert items["image_to_text/image"].tolist() == [0, 1]
    made.put(drawn / "retrieval-seen/captions.json", '{"images": []}')
    with pytest.raises(InputError, match="captions.json: .*not the drawn world's structure: KeyError 'annotations'"):
        evaluating.evaluate(model, "drawn-world/retrieval-seen", drawn, here / "out")


def test_a_protocol_cuts_pictures_as_its_source_did_whatever_the_model_says(model, drawn, here, monkeypatch):
    kept = {}
    original = Model.encode_image

    def recording(self, several, **options):
        kept[self.settings.image.fit.margin] = original(self, several, **options)
        return kept[self.settings.image.fit.margin]

    monkeypatch.setattr(Model, "encode_image", recording)
    protocol = protocols.load("drawn-world/retrieval-seen")
    assert protocol.margin == model.settings.image.fit.margin == "floor"  # the study's own sets are cut as its models are exported
    evaluating.evaluate(model, "drawn-world/retrieval-seen", drawn, here / "out")
    monkeypatch.setattr(protocols, "load", lambda name: protocol.model_copy(update={"margin": "round"}))
    evaluating.evaluate(model, "drawn-world/retrieval-seen", drawn, here / "out")
    assert kept.keys() == {"round", "floor"}
    assert np.abs(kept["round"] - kept["floor"]).max() > 1e-3
    assert len(list((here / "out/embeddings").iterdir())) == 3  # the texts, and the pictures twice


def test_the_shell_prints_every_metric_by_its_name_and_tells_a_wrong_protocol_before_a_model_is_read(here, captions, capsys):
    folder = copied(MODEL, here).folder
    rest = ["--data", str(captions), "--out", str(here / "out")]
    shell.main(["evaluate", "--model", str(folder), "--protocol", "finetuner", *rest])
    printed = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in printed[:-1]] == list(protocols.load("finetuner").metrics)
    assert printed[-1] == f"{here / 'out/finetuner'}: written"
    with pytest.raises(SystemExit, match="`finetune` is not known; did you mean `finetuner`"):
        shell.main(["evaluate", "--model", "no/such/model", "--protocol", "finetune", *rest])
