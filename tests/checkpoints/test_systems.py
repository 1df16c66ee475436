"""Systems of every layout, loaded from a folder as a user loads them, against what their own libraries compute."""

import hashlib
import io
import pathlib
import re
import urllib.request

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import clip_italian
from clip_italian.checkpoints import assembly, layouts
from clip_italian.checkpoints.loading import SYSTEMS
from clip_italian.checkpoints.model import Model
from clip_italian.data import tokens
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder
from tests.helpers.golden_systems import NAMES, TEXTS, copied
from tests.helpers.small_models import ITALIAN

close = {"rtol": 0, "atol": 1e-5}


@pytest.mark.parametrize("name", NAMES)
def test_a_system_s_vectors_are_those_of_its_own_library(here, name):
    golden = copied(name, here)
    model = clip_italian.load(golden.folder, **golden.options())
    image, text = model.encode_image(list(golden.expected["pixels"])), model.encode_text(TEXTS)
    np.testing.assert_allclose(image, golden.expected["image"], **close)
    np.testing.assert_allclose(text, golden.expected["text"], **close)
    np.testing.assert_allclose(model.similarity(list(golden.expected["pixels"]), TEXTS), image @ text.T, **close)
    if "logits" in golden.expected:
        scale, offset = np.exp(model.params["logit_scale"]), model.params.get("logit_bias", 0)
        np.testing.assert_allclose(scale * image @ text.T + offset, golden.expected["logits"], rtol=1e-5, atol=1e-4)


def test_published_weights_without_a_scale_get_that_of_2021(here):
    golden = copied("clip-italian-version-4", here)
    np.testing.assert_allclose(np.exp(clip_italian.load(golden.folder).params["logit_scale"]), 20, rtol=1e-6)


def test_a_model_says_what_files_it_was_read_from_and_takes_their_digests_back(here):
    golden = copied("multilingual-clip", here)
    model = clip_italian.load(golden.folder, images=golden.images)
    texts, pictures = model.provenance
    assert (texts.source, texts.commit, pictures.source) == (str(golden.folder), None, str(golden.images))
    assert {"model.safetensors", "2_Dense/pytorch_model.bin", "modules.json", "vocab.txt"} <= set(texts.files)
    for provenance in model.provenance:
        for name, digest in provenance.files.items():
            content = pathlib.Path(provenance.source, name).read_bytes()
            assert digest == (hashlib.sha256(content).hexdigest(), len(content))
    pins = model.digests()
    assert clip_italian.load(golden.folder, images=golden.images, sha256=pins).settings == model.settings
    for name in ("2_Dense/pytorch_model.bin", "images/model.safetensors", "config.json"):
        with pytest.raises(InputError, match=rf"{name.removeprefix('images/')}: has SHA-256 \w+ instead of 00"):
            clip_italian.load(golden.folder, images=golden.images, sha256=pins | {name: "00"})


def test_digests_choose_the_weights_and_have_to_name_them(here):
    golden, other = copied("clip-italian", here), copied("clip-italian-flax", here)
    flax = other.folder / "flax_model.msgpack"
    (golden.folder / flax.name).write_bytes(flax.read_bytes())
    pins = {flax.name: hashlib.sha256(flax.read_bytes()).hexdigest()}
    (record,) = clip_italian.load(golden.folder, sha256=pins).provenance
    assert flax.name in record.files and "model.safetensors" not in record.files
    assert flax.name in clip_italian.load(golden.folder / flax.name).provenance[0].files
    config = {"config.json": record.files["config.json"].sha256}
    with pytest.raises(InputError, match=r"model\.safetensors: no SHA-256 is given for this file; add"):
        clip_italian.load(golden.folder, sha256=config)
    with pytest.raises(InputError, match=r"other\.json: missing or never read"):
        clip_italian.load(golden.folder, sha256=pins | {"other.json": "00"})
    with pytest.raises(InputError, match="has no image half of its own"):
        clip_italian.load(golden.folder, sha256=pins | {"images/config.json": "00"})


def test_a_model_of_this_study_is_loaded_as_the_study_reads_it(here):
    model = Model(ITALIAN, dual_encoder.initial(ITALIAN, jax.random.key(0), 20.0), tokens.train_wordpiece(TEXTS, 40))
    assembly.save(here / "model", model)
    loaded = clip_italian.load(here / "model")
    jax.tree.map(np.testing.assert_array_equal, loaded.params, model.params)
    features = Encoder(ITALIAN, 4).texts(model.params, tokens.encode(model.tokenizer, TEXTS, ITALIAN.text.max_length))
    np.testing.assert_allclose(loaded.encode_text(TEXTS), dual_encoder.project_text(model.params, features), atol=1e-6)
    assert set(loaded.digests()) == {"config.json", "model.safetensors", "tokenizer.json"}
    path = here / "model/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.safetensors: has SHA-256 \w+ instead of"):
        clip_italian.load(here / "model")


@pytest.mark.parametrize("pooling", ["pooler", "mean"])
def test_an_italian_bert_of_2019_is_read_with_and_without_its_pooler(here, pooling):
    golden = copied("italian-bert", here)
    settings, params = layouts.read_text_tower(golden.folder, pooling)
    assert settings.vocabulary == params["embeddings.word_embeddings"]["embedding"].shape[0]
    assert ("pooler.dense" in params) == (pooling == "pooler")
    ids, mask = (np.asarray(golden.expected[name]) for name in ("ids", "mask"))
    pooled = settings.features(params, *map(jnp.asarray, (ids, mask)))
    np.testing.assert_allclose(pooled, golden.expected[pooling], **close)


def test_a_text_tower_alone_is_told_what_it_lacks(here):
    golden = copied("italian-bert", here)
    with pytest.raises(InputError, match="a text tower that was never trained to match images"):
        clip_italian.load(golden.folder)
    with pytest.raises(InputError, match=r"holds a text tower alone; give the folder of its image half too \(`images=`\)"):
        clip_italian.load(copied("m-clip", here).folder)
    wide = copied("openai", here)
    with pytest.raises(InputError, match="`model_type` is `clip`; known are bert"):
        layouts.read_text_tower(wide.folder, "mean")


def test_every_system_is_named_once_with_a_commit_or_none():
    assert len(SYSTEMS) == 13
    for name, system in SYSTEMS.items():
        for repository in filter(None, (system.repository, system.images)):
            assert repository.name.count("/") == 1
            assert repository.revision is None or len(bytes.fromhex(repository.revision)) == 20
        assert system.repository.name == name


(README,) = re.findall(r"^```python\n(.*?)^```", (pathlib.Path(__file__).parents[2] / "README.md").read_text(), re.M | re.S)


def test_a_folder_of_pictures_is_searched_in_five_lines(here, capsys):
    golden = copied("clip-italian", here)
    (here / "pictures").mkdir()
    for number in range(7):
        noise = np.random.default_rng(number).integers(0, 256, (20, 30, 3), dtype=np.uint8)
        Image.fromarray(noise).save(here / f"pictures/{number}.jpg")
    assert len(list(filter(None, README.splitlines()))) == 5 and '"clip-italian/clip-italian"' in README
    exec(README.replace('"clip-italian/clip-italian"', repr(str(golden.folder))), {})
    scores = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert len(scores) == 5 and scores == sorted(scores, reverse=True)


@pytest.mark.network
def test_the_published_model_gives_the_published_logits_on_the_published_example():
    with urllib.request.urlopen("http://images.cocodataset.org/val2017/000000039769.jpg") as answer:
        cats = Image.open(io.BytesIO(answer.read()))
    cosines = clip_italian.load("clip-italian/clip-italian").similarity([cats], ["una foto di un gatto", "una foto di un cane"])
    # transformers, test_modeling_vision_text_dual_encoder.py; its `logit_scale_init_value=1.0` is the scale's logarithm.
    np.testing.assert_allclose(np.e * cosines, [[1.2284727, 0.3104122]], atol=1e-3)
