"""Systems from a hub that runs on this machine: what is fetched, what is recorded, and every way in which it can fail."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest
from ruamel.yaml import YAML

import clip_italian
from clip_italian import files, journal
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.loading import SYSTEMS
from clip_italian.environment import variables
from clip_italian.errors import InputError
from rehearsal import hub as loopback_hub
from tests.helpers.golden_systems import TEXTS, copied

NAME = "clip-italian/clip-italian"
ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def hub(here, monkeypatch):
    """A hub with one golden system, and an empty cache."""
    with loopback_hub.serving() as hub:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
        monkeypatch.setattr("time.sleep", lambda _: None)  # between one try of the library and the next
        hub.folders[NAME] = copied("clip-italian", here).folder
        yield hub


def offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def refused(message, name=NAME, **options):
    with pytest.raises(InputError, match=message) as caught:
        clip_italian.load(name, **options)
    assert "\n" not in str(caught.value) and "; " in str(caught.value)


def test_of_all_the_forms_of_the_weights_one_is_fetched(hub, here):
    folder = hub.folders[NAME]
    for other in ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "training_args.bin"):
        (folder / other).write_bytes(b"not to be read")
    (folder / "onnx").mkdir()
    shutil.copy(folder / "model.safetensors", folder / "onnx")
    model = clip_italian.load(NAME)
    np.testing.assert_allclose(model.encode_text(TEXTS), clip_italian.load(folder).encode_text(TEXTS), atol=1e-6)
    assert hub.downloaded() == ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]
    (provenance,) = model.provenance
    assert (provenance.source, provenance.commit) == (NAME, hub.commit(NAME))
    assert model.digests() == {name: files.sha256(folder / name) for name in hub.downloaded()}


def test_shards_and_picture_halves_are_fetched_whole(hub, here):
    hub.folders[NAME] = copied("clip-italian-shards", here).folder
    clip_italian.load(NAME)
    assert [file for file in hub.downloaded() if "safetensors" in file] == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "model.safetensors.index.json",
    ]
    golden = copied("multilingual-clip", here)
    texts, pictures = "example/multilingual", "example/pictures"
    hub.folders |= {texts: golden.folder, pictures: golden.images}
    model = clip_italian.load(texts, images=pictures)
    np.testing.assert_allclose(model.encode_text(TEXTS), golden.expected["text"], atol=1e-5)
    assert [(one.source, one.commit) for one in model.provenance] == [(name, hub.commit(name)) for name in (texts, pictures)]


def test_what_was_fetched_once_is_used_without_a_network(hub, monkeypatch):
    first = clip_italian.load(NAME)
    asked = len(hub.requests)
    again = clip_italian.load(NAME, revision=hub.commit(NAME), sha256=first.digests())
    assert len(hub.requests) == asked and again.provenance == first.provenance
    offline(monkeypatch)
    for revision in (None, "main", hub.commit(NAME)):
        assert clip_italian.load(NAME, revision=revision).provenance == first.provenance
    refused("not all of it is on this machine, and HF_HUB_OFFLINE is set; load it once with a network", "example/other")
    refused("HF_HUB_OFFLINE is set", revision="v2")
    refused("HF_HUB_OFFLINE is set", revision="0" * 40)


def test_a_hub_that_cannot_be_reached_is_told_from_one_that_says_no(hub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    refused("not all of it is on this machine, and the hub cannot be reached")
    refused("(cannot be reached|the download failed)", revision="0" * 40)


def test_missing_gated_and_misspelt_names_are_told_in_words(hub):
    refused("example/nothing: no such folder, no such repository on the hub; check the name", "example/nothing")
    refused(f"{NAME}, revision v2: the repository has no such branch, tag or commit; check `revision`", revision="v2")
    refused("has no such branch", revision="0" * 40)
    hub.gated.add("example/gated")
    refused("example/gated: its publisher grants access on request; ask on its page", "example/gated")
    refused("no such folder, and no name of a repository on the hub; check the path", "a/b/c")
    refused("no such folder; check the path", "./model")
    refused("no such folder; check the path", pathlib.Path("example/model"))


def begins(hub):
    """From which byte on the weights were asked for, each time."""
    asked = [span for method, file, span in hub.requests if (method, file) == ("GET", "model.safetensors")]
    return [int(span.removeprefix("bytes=").rstrip("-")) if span else 0 for span in asked]


def test_a_broken_download_goes_on_where_it_stopped(hub):
    hub.broken["model.safetensors"] = 2
    clip_italian.load(NAME)
    first, second, third = begins(hub)
    size = (hub.folders[NAME] / "model.safetensors").stat().st_size
    assert first == 0 and size // 2 - 1000 <= second <= size // 2 < third <= size * 3 // 4


def test_a_download_that_never_ends_is_given_up_in_words_and_the_next_load_fetches_what_is_missing(hub):
    hub.broken["model.safetensors"] = 1000
    refused("the download failed .*; check the network .*, then load again: files that are whole are kept")
    hub.broken.clear()
    before = len(hub.requests)
    clip_italian.load(NAME)
    assert {file for _, file, _ in hub.requests[before:]} <= {"model.safetensors", "vocab.txt"}


def test_a_file_that_differs_from_what_the_hub_states_is_refused(hub):
    hub.altered.add("model.safetensors")
    refused(r"model\.safetensors of clip-italian/clip-italian has SHA-256 \w+, the hub states another; delete it; download")


def test_a_pinned_digest_is_checked_before_anything_is_parsed(hub, here):
    path = hub.folders[NAME] / "config.json"
    good = {name: files.sha256(hub.folders[NAME] / name) for name in ("config.json", "model.safetensors")}
    path.write_text("not JSON")
    refused(r"config\.json: has SHA-256 \w+ instead of", sha256=good)


def test_pinned_weights_are_fetched_in_place_of_preferred_ones(hub, here):
    flax = copied("clip-italian-flax", here).folder / "flax_model.msgpack"
    shutil.copy(flax, hub.folders[NAME])
    clip_italian.load(NAME, sha256={flax.name: hashlib.sha256(flax.read_bytes()).hexdigest()})
    assert "model.safetensors" not in hub.downloaded() and flax.name in hub.downloaded()


LAYOUTS = {  # the golden model in whose layout a system's repository lies
    "clip-italian/clip-italian": "clip-italian-version-4",
    "clip-italian/clip-italian-final": "clip-italian-flax",
    "openai/clip-vit-base-patch32": "openai-torch",
    "openai/clip-vit-base-patch16": "openai",
    "openai/clip-vit-large-patch14": "openai",
    "sentence-transformers/clip-ViT-B-32-multilingual-v1": "multilingual-clip",
    "laion/CLIP-ViT-B-32-xlm-roberta-base-laion5B-s13B-b90k": "open-clip-xlm-roberta",
    "laion/CLIP-ViT-H-14-frozen-xlm-roberta-large-laion5B-s13B-b90k": "open-clip-xlm-roberta",
    "M-CLIP/XLM-Roberta-Large-Vit-B-32": "m-clip",
    "M-CLIP/XLM-Roberta-Large-Vit-L-14": "m-clip",
    "M-CLIP/XLM-Roberta-Large-Vit-B-16Plus": "m-clip",
    "google/siglip-base-patch16-256-multilingual": "siglip",
    "google/siglip2-base-patch16-224": "siglip",
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_named_system_is_loaded_by_its_name_at_its_commit(hub, here, name):
    system, golden = SYSTEMS[name], copied(LAYOUTS[name], here / "golden")
    repositories = {system.repository: golden.folder}
    if system.images:
        pictures = copied("open-clip", here / "golden").folder if system.images.name.startswith("timm/") else golden.images
        repositories[system.images] = pictures
    for repository, folder in repositories.items():
        hub.folders[repository.name] = folder
        hub.commits |= {repository.name: repository.revision} if repository.revision else {}
    model = clip_italian.load(name)
    text = model.encode_text(TEXTS)
    np.testing.assert_allclose(text, golden.expected["text"], atol=1e-5)
    assert model.encode_image(list(golden.expected["pixels"])).shape[1] == text.shape[1]
    assert [(one.source, one.commit) for one in model.provenance] == [(each.name, hub.commit(each.name)) for each in repositories]


# --- The backbones stage ----------------------------------------------------------------------------------------------
CLIP, BERT = "openai/clip-vit-base-patch32", "dbmdz/bert-base-italian-xxl-uncased"
TOWER = {"width": 8, "depth": 2, "heads": 2, "hidden": 16}


def profile(hub, **changed):
    """The paper's profile at the sizes of the golden models."""
    yaml = YAML()
    content = yaml.load(ROOT / "profiles/paper.yaml")
    section = content["backbones"]
    assert section["kind"] == "imported"
    weights = hub.folders[CLIP] / "model.safetensors"
    section["imported"]["english_clip"] |= {"revision": hub.commit(CLIP), "sha256": {weights.name: files.sha256(weights)}}
    section["english_clip"] |= {"patch": 8, "image": TOWER, "text": TOWER, "projection": 6, "max_tokens": 20} | changed
    section["english_clip"]["image_size"] = 16
    section["english_clip"]["augmentation"]["crop"] = 16
    section["italian_bert"] |= {"tower": TOWER, "max_tokens": 12}
    content["environment"] |= {"threads": 2, "cell_threads": 1}
    pathlib.Path("profiles").mkdir(exist_ok=True)
    yaml.dump(content, pathlib.Path("profiles/paper.yaml"))
    pathlib.Path("params.yaml").write_text(
        "profile: paper\narms: [full]\ncurves: [full_5]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0]\n"
    )


def run_stage(hub):
    environment = os.environ | variables(2) | {"HF_ENDPOINT": hub.url, "HF_HOME": "cache", "PYTHONPATH": str(ROOT)}
    for stage in ("import_backbones", "backbones"):
        command = [sys.executable, "-m", "stages", stage]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode:
            return done
    return done


@pytest.fixture
def study(hub, here):
    hub.folders |= {CLIP: copied("openai", here).folder, BERT: copied("italian-bert", here).folder}
    pathlib.Path("reports/code").mkdir(parents=True)
    for stage in ("import_backbones", "backbones"):
        pathlib.Path(f"reports/code/{stage}.txt").write_text("the code of the stage")
    return hub


def test_the_paper_s_backbones_are_imported_and_clip_italian_is_assembled_from_them(study, here):
    profile(study)
    done = run_stage(study)
    assert done.returncode == 0, done.stderr
    folder = here / "models/paper/backbones/shared"
    clip = clip_italian.load(study.folders[CLIP])
    model = assembly.italian(folder, 0, 20.0)
    for part in ("vision_model", "visual_projection"):
        np.testing.assert_equal(arrays(model.params[part]), arrays(clip.params[part]))
    assert model.params["text_projection"]["kernel"].shape == (8, 6)
    assert (model.settings.text.max_length, model.settings.text.pooling) == (20, "pooler")
    assert model.tokenizer.encode("una foto").tokens == ["[CLS]", "una", "foto", "[SEP]"]
    golden = copied("openai", here / "again")
    np.testing.assert_allclose(clip_italian.load(folder / "english_clip").encode_text(TEXTS), golden.expected["text"], atol=1e-5)
    for name, repository in (("english_clip", CLIP), ("italian_bert", BERT)):
        inputs = journal.read(here / "runs/paper" / name / "backbones.jsonl")[0].inputs
        weights = study.folders[repository] / "model.safetensors"
        assert inputs[f"{repository}@{study.commit(repository)}/model.safetensors"] == files.sha256(weights)


def arrays(tree):
    """The tree's arrays, comparable."""
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"patch": 16}, "its `image.patch` is 8, but the profile's `backbones.english_clip` gives 16; correct the profile"),
        ({"projection": 7}, "its `projection` is 6, but the profile's `backbones.english_clip` gives 7"),
    ],
)
def test_an_import_of_other_sizes_than_the_profile_states_is_refused(study, changed, message):
    profile(study, **changed)
    done = run_stage(study)
    assert done.returncode != 0 and message in done.stderr
    assert not pathlib.Path("models/paper/backbones").exists()
