"""Exports without torch: what is written is read back, runs in onnxruntime, and is described by a card the hub accepts."""

import dataclasses
import os
import pathlib
import re
import subprocess
import sys

import huggingface_hub
import jax
import numpy as np
import onnxruntime
import pytest
import transformers

from clip_italian import config, files
from clip_italian.__main__ import main
from clip_italian.checkpoints import assembly, layouts
from clip_italian.checkpoints.loading import load
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.data.images import resizing
from clip_italian.data.images.resizing import CLIP_ITALIAN, TRANSFORMERS, Fit
from clip_italian.errors import InputError
from clip_italian.evaluation.study import retrieval, zeroshot
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.journal import Journal
from clip_italian.models import dual_encoder
from clip_italian.use.export import card, hugging_face, onnx_files, writing
from clip_italian.use.export.card import ExportSettings, Facts, Result
from tests.helpers import exported, synthetic_study
from tests.helpers.small_models import CLIP_TEXT, IMAGE

ROOT = pathlib.Path(__file__).parents[2]
PROFILE = synthetic_study.PROFILE
LARGEST = 1e-5  # difference of unit vectors
PLAIN = Facts("a-model", "apache-2.0")
ABOUT = ExportSettings(
    arm="full",
    seed=1,
    licence="gpl-3.0",
    datasets=["drawn-world"],
    data="Drawn pictures.",
    limits="Drawn pictures alone.",
    hardware="Two cores.",
    picture="gatto.jpg",
    texts=["un gatto", "un cane", "un fiore"],
    language="it",
)
STUDIED = Facts(
    "a-model",
    "gpl-3.0",
    ABOUT,
    0.95,
    "0123456789ab",
    (
        Journal("pretrain", "full", 1, {"batch": 128}, {}, {}, {}),
        Journal("finetune", "full", 1, {"batch": 64, "scale": 20.0}, {}, {}, {}),
    ),
    (("wit", 5000),),
    (
        Result("retrieval-seen", 1000, False, "text_to_image/any/mrr@10", 0.612345, 0.6, (0.58, 0.62)),
        Result("zeroshot-seen", 360, True, "acc@1", 0.9, 0.905, (0.89, 0.92)),
    ),
)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    assembly.save(folder / "ours", exported.model())
    assert writing.write(folder / "out", exported.model(), STUDIED) == {}
    return folder / "out"


@pytest.fixture(scope="module")
def ours(out):
    return load(out.parent / "ours")


# --- What is written ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["transformers", "open_clip", "sentence_transformers"])
def test_a_folder_read_back_is_the_same_model(out, form):
    layout = layouts.find(out / form)
    settings, params = layout.settings, layout.params()
    image = exported.model().settings.image
    if form == "open_clip":  # which cuts an odd number of pixels off another way
        image = image.model_copy(update={"fit": CLIP_ITALIAN})
    assert settings == exported.model().settings.model_copy(update={"image": image})
    jax.tree.map(np.testing.assert_array_equal, params, exported.model().params)


@pytest.mark.parametrize("form", writing.FORMATS)
def test_the_tokeniser_gives_our_tokens_to_transformers(out, form):
    tokenizer = transformers.AutoTokenizer.from_pretrained(out / form)
    found = tokenizer(exported.SENTENCES, padding="max_length", truncation=True)
    wanted = tokens.encode(exported.model().tokenizer, exported.SENTENCES, exported.POSITIONS)
    np.testing.assert_array_equal(found["input_ids"], wanted.ids)
    np.testing.assert_array_equal(np.array(found["attention_mask"], bool), wanted.mask)
    assert max(map(len, tokenizer(exported.SENTENCES, truncation=True)["input_ids"])) == exported.POSITIONS
    assert tokenizer.pad_token_id == 0
    words = (out / form / "vocab.txt").read_text().split("\n")[:-1]
    assert {word: number for number, word in enumerate(words)} == tokenizer.get_vocab()


def processed(folder):
    """Every picture by the processor that transformers finds in the folder."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    return np.concatenate([processor(one, return_tensors="np")["pixel_values"] for one in exported.pictures()])


def our_pixels(image):
    squares = [resizing.square(np.asarray(one), image.image_size, image.fit) for one in exported.pictures()]
    return np.asarray(dual_encoder.normalise_pixels(image, jax.numpy.asarray(np.stack(squares)))).transpose(0, 3, 1, 2)


@pytest.mark.parametrize("form", ["transformers", "onnx", "sentence_transformers"])
def test_every_folder_has_the_picture_processor(out, form):
    np.testing.assert_allclose(processed(out / form), our_pixels(IMAGE), atol=1e-6)


@pytest.mark.parametrize("fit", [TRANSFORMERS, Fit(kind="squash"), Fit(resized=40, interpolation="bilinear", margin="floor")])
def test_the_picture_processor_has_the_towers_side_fit_and_units(tmp_path, fit):
    image = IMAGE.model_copy(update={"image_size": 32, "fit": fit, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)})
    hugging_face.write_image_processor(tmp_path, image)
    np.testing.assert_allclose(processed(tmp_path), our_pixels(image), atol=1e-6)


# --- ONNX --------------------------------------------------------------------------------------------------------------
def embedded(folder, name, **feed):
    session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
    (vectors,) = session.run(None, feed)
    return vectors


def words(folder, texts):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    return dict(tokenizer(texts, padding="max_length", truncation=True, return_tensors="np"))


@pytest.mark.parametrize("count", [1, 2, 6])
def test_onnxruntime_gives_our_embeddings_of_raw_pictures_and_texts(out, ours, count):
    image = embedded(out / "onnx", "image.onnx", pixel_values=processed(out / "onnx")[:count])
    text = embedded(out / "onnx", "text.onnx", **words(out / "onnx", exported.SENTENCES[-count:]))
    np.testing.assert_allclose(image, ours.encode_image(exported.pictures()[:count]), atol=LARGEST)
    np.testing.assert_allclose(text, ours.encode_text(exported.SENTENCES[-count:]), atol=LARGEST)
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([image, text]), axis=1), 1, atol=LARGEST)


def test_onnx_files_say_what_they_take_and_give(out):
    image, text = (onnxruntime.InferenceSession(out / "onnx" / name) for name in ("image.onnx", "text.onnx"))
    taken = {one.name: (one.type, one.shape[1:]) for session in (image, text) for one in session.get_inputs()}
    side, length = IMAGE.image_size, exported.POSITIONS
    ids = ("tensor(int64)", [length])
    assert taken == {"pixel_values": ("tensor(float)", [3, side, side]), "input_ids": ids, "attention_mask": ids}
    assert {one.name: one.shape[1:] for session in (image, text) for one in session.get_outputs()} == {
        "image_embeds": [8],
        "text_embeds": [8],
    }
    assert {session.get_inputs()[0].shape[0] for session in (image, text)} == {"batch"}


def english_clip():
    """CLIP's own text tower, which only ONNX holds."""
    tokenizer = tokens.train_clip_bpe(exported.CORPUS, 150)
    tower = CLIP_TEXT.model_copy(update={"vocabulary": tokenizer.get_vocab_size(), "max_length": exported.POSITIONS})
    settings = exported.model().settings.model_copy(update={"text": tower})
    return Model(settings, dual_encoder.initial(settings, jax.random.key(0), 20.0), tokenizer)


@pytest.mark.parametrize("model", [exported.stemmed, english_clip])
def test_onnx_holds_the_towers_that_other_formats_cannot(tmp_path, model):
    writing.write(tmp_path / "out", model(), PLAIN, ["onnx"])
    assembly.save(tmp_path / "ours", model())
    wanted, folder = load(tmp_path / "ours"), tmp_path / "out/onnx"
    found = embedded(folder, "text.onnx", **words(folder, exported.SENTENCES))
    np.testing.assert_allclose(found, wanted.encode_text(exported.SENTENCES), atol=LARGEST)
    found = embedded(folder, "image.onnx", pixel_values=processed(folder))
    np.testing.assert_allclose(found, wanted.encode_image(exported.pictures()), atol=LARGEST)


def test_a_file_that_computes_other_numbers_is_refused_and_not_left(tmp_path, monkeypatch):
    whole = onnx_files.image_function

    def other(model):
        changed = model.params | {"visual_projection": {"kernel": model.params["visual_projection"]["kernel"] + 1e-3}}
        return whole(dataclasses.replace(model, params=changed))

    functions = [other, whole]  # converted, then compared
    monkeypatch.setattr(onnx_files, "image_function", lambda model: functions.pop(0)(model))
    with pytest.raises(InputError, match=r"image\.onnx: onnxruntime's embeddings differ by \d\.\de-0\d; install"):
        writing.write(tmp_path / "out", exported.model(), PLAIN, ["onnx"])
    assert list(tmp_path.iterdir()) == []


# --- What cannot be held -----------------------------------------------------------------------------------------------
def settings(**changes):
    return exported.model().settings.model_copy(update=changes)


def image(**changes):
    return settings(image=IMAGE.model_copy(update=changes))


def text(**changes):
    return settings(text=exported.model().settings.text.model_copy(update=changes))


UNHELD = {  # what the model has, and the formats that cannot hold it with a word of the reason
    "stem": (image(stem=((8, 2, 2),)), {"transformers": "convolutions", "open_clip": "convolutions"}),
    "mean of patches": (image(pooling="mean"), {"transformers": "pools by `mean`", "open_clip": "pools by `mean`"}),
    "mean of tokens": (text(pooling="mean"), {"transformers": "not by BERT's pooler", "open_clip": "not by BERT's pooler"}),
    "bias": (settings(logit_bias=True), {"transformers": "bias", "open_clip": "bias"}),
    "head": (settings(image_head="none"), {"transformers": "`none`", "open_clip": "`none`"}),
    "activation": (image(activation="gelu_tanh"), {"open_clip": "GELU approximated by tanh"}),
    "mlp_dim": (image(width=19, mlp_dim=53), {"open_clip": "`mlp_dim` 53"}),
    "epsilon": (image(epsilon=1e-6), {"open_clip": "1e-06"}),
    "causal text": (settings(text=CLIP_TEXT), dict.fromkeys(["transformers", "open_clip", "sentence_transformers"], "not a BERT")),
    "no segments": (text(segments=0), dict.fromkeys(["transformers", "open_clip", "sentence_transformers"], "DistilBERT")),
    "positions": (text(first_position=2), dict.fromkeys(["transformers", "open_clip", "sentence_transformers"], "XLM-RoBERTa")),
    "mlp": (settings(text_head="mlp"), dict.fromkeys(["transformers", "open_clip", "sentence_transformers"], "`mlp`")),
    "nothing": (settings(), {}),
}


@pytest.mark.parametrize("case", UNHELD)
def test_what_a_format_cannot_hold_is_left_out_with_the_reason(case):
    unheld, wanted = UNHELD[case]
    found = writing.left_out(unheld)
    assert found.keys() == wanted.keys()
    assert all(reason in found[name] for name, reason in wanted.items()), found


def test_a_format_asked_for_by_name_is_refused_with_the_reason_before_anything_is_written(tmp_path):
    with pytest.raises(InputError, match=r"open_clip: cannot hold this model: .*convolutions.*; .*pooler.*; leave the format out"):
        writing.write(tmp_path / "out", exported.stemmed(), PLAIN, ["onnx", "open_clip"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_anything_but_an_export_is_not_replaced(tmp_path):
    for place in ("thesis.tex", "onnx/thesis.tex"):  # also one in a folder that is called as a format
        files.write_text(tmp_path / place, "years of work")
        with pytest.raises(InputError, match=rf"{place}: was not written by this command.*; name another folder"):
            writing.write(tmp_path, exported.model(), PLAIN, ["sentence_transformers"])
        assert (tmp_path / place).read_text() == "years of work"
        (tmp_path / place).unlink()


# --- The command -------------------------------------------------------------------------------------------------------
def test_the_command_writes_what_can_be_held_and_says_what_was_left_out(here, capsys):
    assembly.save(here / "model", exported.stemmed())
    main(["export", "model", "out"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["out/onnx: written", "out/sentence_transformers: written"]
    assert [line.split(": left out: ")[0] for line in lines[2:]] == ["transformers", "open_clip"]
    assert sorted(path.name for path in (here / "out").iterdir()) == ["manifest.json", "onnx", "sentence_transformers"]
    main(["export", "model", "out", "--format", "sentence_transformers"])  # an earlier export is replaced as a whole
    assert capsys.readouterr().out == "out/sentence_transformers: written\n"
    assert sorted(path.name for path in (here / "out").iterdir()) == ["manifest.json", "sentence_transformers"]
    (here / "out/sentence_transformers/README.md").write_text("my own card")
    with pytest.raises(SystemExit, match=r"out/sentence_transformers/README\.md: .*has changed since"):
        main(["export", "model", "out", "--format", "sentence_transformers"])
    assert (here / "out/sentence_transformers/README.md").read_text() == "my own card"


def test_the_command_ends_with_one_line_on_bad_input(here):
    with pytest.raises(SystemExit, match=r"^nowhere/manifest\.json: missing; .*"):
        main(["export", "nowhere", "out"])
    assert not (here / "out").exists()


def test_equal_models_are_equal_bytes_in_any_process(here):
    assembly.save(here / "model", exported.model())
    command, running = [sys.executable, "-m", "clip_italian", "export", str(here / "model"), "out"], []
    for seed in ("1", "2"):  # of hashes, which order sets
        (here / seed).mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        running.append(subprocess.Popen(command, cwd=here / seed, env=environment, stdout=subprocess.DEVNULL))
    assert [process.wait() for process in running] == [0, 0]
    assert files.tree_digest(here / "1/out") == files.tree_digest(here / "2/out")


# --- Cards -------------------------------------------------------------------------------------------------------------
HEADINGS = [
    "Model description",
    "Direct use",
    "Downstream use",
    "Out-of-scope use",
    "How to load",
    "Training data",
    "Training procedure",
    "Hardware",
    "Measured results",
    "Limitations",
    "Licence",
    "Citation",
]


@pytest.mark.parametrize("form", writing.FORMATS)
def test_the_metadata_of_a_card_are_what_the_hub_reads(out, form):
    card = huggingface_hub.ModelCard.load(out / form / "README.md")  # raises on metadata that are none
    assert huggingface_hub.metadata_load(out / form / "README.md")["language"] == "it"
    data = card.data.to_dict()
    assert data["license"] == "gpl-3.0" and data["datasets"] == ["drawn-world"] and data["tags"]
    assert data["library_name"] == {"sentence_transformers": "sentence-transformers"}.get(form, form)
    assert data["pipeline_tag"] in ("zero-shot-image-classification", "sentence-similarity") and data["widget"]
    assert [one.metric_value for one in card.data.eval_results] == [0.612345, 0.9]
    assert card.data.eval_results[0].dataset_name == "retrieval-seen"
    assert card.data.eval_results[0].metric_args == {"mean_over_seeds": 0.6, "interval": [0.58, 0.62], "confidence": 0.95}


@pytest.mark.parametrize("form", writing.FORMATS)
def test_a_card_has_every_heading_and_the_studys_facts(out, form):
    card = (out / form / "README.md").read_text()
    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == HEADINGS
    assert not re.search(r"^## .*\n+(## |\Z)", card, re.MULTILINE)
    for fact in (
        "seed 1, run key `0123456789ab`",
        "| batch | 128 | 64 |",
        "| scale |  | 20.0 |",
        "| wit | 5,000 |",
        "Two cores.",
        "| retrieval-seen | 1,000 | text_to_image/any/mrr@10 | 61.2 | 60.0 (58.0–62.0) |",
        "GPL-3.0",
        "arXiv 2108.08688",
    ):
        assert fact in card, fact


def test_a_card_without_a_study_says_that_nothing_is_known(tmp_path):
    writing.write(tmp_path / "out", exported.model(), PLAIN, ["sentence_transformers"])
    card = huggingface_hub.ModelCard.load(tmp_path / "out/sentence_transformers/README.md")
    assert card.data.eval_results is None and card.data.license == "apache-2.0"
    assert card.text.count("Not known to the export") == 4


def test_the_code_of_the_onnx_card_runs_in_its_folder(out):
    folder = out / "onnx"
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    exported.pictures()[0].save(folder / "gatto.jpg")
    try:
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    finally:
        (folder / "gatto.jpg").unlink()
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"-?\d\.\d+", done.stdout)) == len(ABOUT.texts)


# --- Facts of the study ------------------------------------------------------------------------------------------------
def test_facts_are_read_from_the_results_and_journals_of_the_exported_seed(here):
    synthetic_study.write_all()
    tests = config.section(EvaluationSettings, "evaluation")
    retrieval.evaluate(config.params(), tests)
    zeroshot.evaluate(config.params(), tests)
    found = card.of_study(PROFILE, ABOUT.model_copy(update={"seed": 2}), tests)
    content = files.read_json(here / "results" / PROFILE / "retrieval.json")["models"]["full"]["retrieval-seen"]
    metric = "text_to_image/any/mrr@10"
    first = found.results[0]
    assert (first.test_set, first.metric, first.zeroshot) == ("retrieval-seen", metric, False)
    assert (first.value, first.mean) == (content["seeds"]["2"][metric], content["mean"][metric])
    assert list(first.interval) == content["interval"][metric]
    declared = tests.primary_endpoints + tests.exploratory_endpoints
    assert [f"{one.test_set}/{one.metric}" for one in found.results] == list(dict.fromkeys(declared))
    assert len(found.phases) == 2 and {(phase.arm, phase.seed) for phase in found.phases} == {("full", 2)}
    assert found.pairs and found.confidence == tests.confidence
