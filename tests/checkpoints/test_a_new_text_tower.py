"""The recipe for a text tower, done on a copy of the library: ELECTRA is one module and one line of a table."""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import clip_italian
from clip_italian.errors import InputError
from clip_italian.models.bert import BertSettings
from tests.helpers.golden_systems import TEXTS, copied

ROOT = pathlib.Path(__file__).parents[2]
MODULE = ROOT / "tests/helpers/electra.py"
ENCODE = """
import sys, numpy as np, clip_italian
from clip_italian.checkpoints import assembly
folder, images, out = sys.argv[1:]
model = clip_italian.load(folder, images=images)
assert type(model.settings.text).__name__ == "ElectraSettings"
np.save(out, model.encode_text({texts!r}))
"""


def as_electra(folder):
    """The multilingual CLIP's DistilBERT, in the form of an ELECTRA that computes the same.

    Its tables are twice as wide, hold everything twice, and are mapped back by a matrix that takes the first half.
    """
    inner = folder / "0_Transformer" if (folder / "0_Transformer").exists() else folder
    config = json.loads((inner / "config.json").read_text())
    width = config["dim"]
    state = {}
    for name, value in load_file(inner / "model.safetensors").items():
        for pattern, replacement in BertSettings.tensor_names:
            name = re.sub(pattern, replacement, name)
        twice = name.startswith("embeddings.")
        state[f"electra.{name}"] = np.concatenate([value, value], axis=-1) if twice else value
    state["electra.embeddings.token_type_embeddings.weight"] = np.zeros((2, 2 * width), np.float32)
    state["electra.embeddings_project.weight"] = np.eye(width, 2 * width, dtype=np.float32)
    state["electra.embeddings_project.bias"] = np.zeros(width, np.float32)
    state["discriminator_predictions.dense.bias"] = np.zeros(width, np.float32)
    save_file(state, inner / "model.safetensors", {"format": "pt"})
    electra = {
        "model_type": "electra",
        "vocab_size": config["vocab_size"],
        "max_position_embeddings": config["max_position_embeddings"],
        "embedding_size": 2 * width,
        "hidden_size": width,
        "num_hidden_layers": config["n_layers"],
        "num_attention_heads": config["n_heads"],
        "intermediate_size": config["hidden_dim"],
        "layer_norm_eps": 1e-12,
    }
    (inner / "config.json").write_text(json.dumps(electra))


@pytest.fixture
def library(tmp_path):
    """A copy of the library, in which the recipe was followed."""
    shutil.copytree(ROOT / "clip_italian", tmp_path / "clip_italian", ignore=shutil.ignore_patterns("__pycache__"))
    models = tmp_path / "clip_italian/models"
    shutil.copy(MODULE, models / "electra.py")
    table = models / "text_towers.py"
    before = table.read_text()
    first = "from clip_italian.models.bert import BertSettings\n"
    after = before.replace(first, f"{first}from clip_italian.models.electra import ElectraSettings\n")
    after = after.replace("    ClipTextSettings,\n", "    ClipTextSettings,\n    ElectraSettings,\n")
    assert len(after.splitlines()) == len(before.splitlines()) + 2  # the line of the table, and its import
    table.write_text(after)
    return tmp_path


def run(library, *command):
    done = subprocess.run([sys.executable, *command], cwd=library, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_text_tower_is_one_module_and_one_line(library, here):
    golden = copied("multilingual-clip", here)
    as_electra(golden.folder)
    run(library, "-c", ENCODE.format(texts=TEXTS), golden.folder, golden.images, here / "text.npy")
    np.testing.assert_allclose(np.load(here / "text.npy"), golden.expected["text"], rtol=0, atol=1e-5)


def test_without_that_the_tower_is_named_among_those_that_are_not_known(here):
    golden = copied("multilingual-clip", here)
    as_electra(golden.folder)
    with pytest.raises(InputError, match="`model_type` is `electra`; known are bert"):
        clip_italian.load(golden.folder, images=golden.images)
