"""Each exported folder through the library it was made for, in a process of its own: the same embeddings from raw inputs."""

import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.loading import load
from clip_italian.checkpoints.model import Model
from clip_italian.use.export import writing
from clip_italian.use.export.card import Facts
from tests.helpers import exported

FOREIGN = pathlib.Path(__file__).parent / "foreign"
LARGEST = 1e-5  # difference of unit vectors
SINGLY = "one text at a time"
TABLE = "Exported models in their own libraries, from raw pictures and texts"
TRANSFORMERS_4 = pathlib.Path(__file__).parents[2] / ".venv-transformers-4/bin/python"  # `make parity` makes it
TEXT_TOWERS = ("pooler", "mean", "first_last")
WITH_TORCH = ("transformers", "open_clip", "sentence_transformers")  # ONNX needs none: tests/use/test_export.py
CARDS = [*(("published", form) for form in WITH_TORCH), ("stemmed first_last", "sentence_transformers")]


class Study:
    """Exported models beside the inputs, and what each library makes of them."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root, self.inputs = root, root / "inputs"
        self.inputs.mkdir()
        (self.inputs / "texts.json").write_text(json.dumps(exported.SENTENCES))
        for number, picture in enumerate(exported.pictures()):
            picture.save(self.inputs / f"{number}.png")
        exported.pictures()[0].save(self.inputs / "gatto.jpg")
        self.models = {"published": exported.model()} | {f"stemmed {text}": exported.stemmed(text) for text in TEXT_TOWERS}
        for name, model in self.models.items():
            assembly.save(root / name / "ours", model)
            formats = WITH_TORCH if name == "published" else WITH_TORCH[-1:]
            writing.write(root / name / "out", model, Facts(name, "apache-2.0"), formats)

    def ours(self, name: str) -> Model:
        return load(self.root / name / "ours")

    def foreign(self, name: str, form: str, script: str, python: str = sys.executable) -> dict[str, Any]:
        result = self.root / "result.npz"
        command = [python, str(FOREIGN / f"load_{script}.py"), str(self.root / name / "out" / form), str(self.inputs), str(result)]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
        assert done.returncode == 0, done.stderr[-3000:]
        with np.load(result) as content:
            return dict(content)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("exports"))


def difference(given: np.ndarray, wanted: np.ndarray) -> float:
    assert given.shape == wanted.shape
    return float(np.abs(given - wanted).max())


def check_transformers(study: Study, found: dict[str, Any], record: Any) -> None:
    model = study.ours("published")
    image, text = model.encode_image(exported.pictures()), model.encode_text(exported.SENTENCES)
    logits = np.exp(model.params["logit_scale"]) * image @ text.T
    errors = {
        "image": difference(found["image"], image),
        "text": difference(found["text"], text),
        "logits": difference(found["logits"], logits) / np.abs(logits).max(),
    }
    resized = {"with torchvision's resizing": difference(found["image_default"], image)}
    record(TABLE, (f"transformers {found['version']}", errors | resized))
    assert found["lacking"].tolist() == [0, 0, 0]
    assert max(errors.values()) < LARGEST, errors


def test_transformers_5_computes_the_same_with_no_tensor_missing(study: Study, record_property: Any) -> None:
    found = study.foreign("published", "transformers", "transformers")
    assert str(found["version"]).startswith("5.")
    check_transformers(study, found, record_property)


def test_transformers_4_computes_the_same_with_no_tensor_missing(study: Study, record_property: Any) -> None:
    found = study.foreign("published", "transformers", "transformers", str(TRANSFORMERS_4))
    assert str(found["version"]).startswith("4.57")
    check_transformers(study, found, record_property)


def middles_of_torchvision(side: int) -> list[np.ndarray]:
    """The pictures cut as torchvision does it: it rounds the corner to the even pixel, Pillow's users and transformers down."""
    cut = []
    for picture in exported.pictures():
        width, height = picture.size
        scaled = picture.resize((side * width // min(picture.size), side * height // min(picture.size)), Image.Resampling.BICUBIC)
        left, top = (round((long - side) / 2) for long in scaled.size)
        cut.append(np.asarray(scaled)[top : top + side, left : left + side])
    return cut


def test_open_clip_computes_the_same_however_it_is_loaded(study: Study, record_property: Any) -> None:
    found, model = study.foreign("published", "open_clip", "open_clip"), study.ours("published")
    image = model.encode_image(middles_of_torchvision(model.settings.image.image_size))
    text = model.encode_text(exported.SENTENCES)
    errors = {name: difference(value, image if "image" in name else text) for name, value in found.items() if "scale" not in name}
    ways = {"open_clip": "open_clip", "from_pretrained": "open_clip, weights alone", "clip_benchmark": "CLIP_benchmark"}
    for way, library in ways.items():
        record_property(TABLE, (library, {kind: errors[f"{kind}_{way}"] for kind in ("image", "text")}))
    assert max(errors.values()) < LARGEST, errors
    np.testing.assert_allclose(found["scale_open_clip"], np.exp(model.params["logit_scale"]), rtol=1e-6)


def test_sentence_transformers_encodes_texts_and_pictures_with_one_model(study: Study, record_property: Any) -> None:
    found, model = study.foreign("published", "sentence_transformers", "sentence_transformers"), study.ours("published")
    image, text = model.encode_image(exported.pictures()), model.encode_text(exported.SENTENCES)
    errors = {
        "image": difference(found["image"], image),
        "text": difference(found["text"], text),
        SINGLY: difference(found["alone"], text),
    }
    resized = {"with torchvision's resizing": difference(found["image_default"], image)}
    record_property(TABLE, ("sentence-transformers", errors | resized))
    assert max(errors.values()) < LARGEST, errors


@pytest.mark.parametrize("text", TEXT_TOWERS)
def test_sentence_transformers_has_the_text_tower_where_it_has_no_such_picture_tower(
    study: Study, text: str, record_property: Any
) -> None:
    found = study.foreign(f"stemmed {text}", "sentence_transformers", "sentence_transformers")
    wanted = study.ours(f"stemmed {text}").encode_text(exported.SENTENCES)
    errors = {"text": difference(found["text"], wanted), SINGLY: difference(found["alone"], wanted)}
    record_property(TABLE, (f"sentence-transformers, text tower alone, {text}", errors))
    assert "image" not in found and max(errors.values()) < LARGEST, errors


@pytest.mark.parametrize("name, form", CARDS)
def test_the_code_of_the_card_runs_in_its_folder(study: Study, name: str, form: str) -> None:
    folder = study.root / name / "out" / form
    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    assert code is not None
    program = f"import os, tests.parity.torchvision_without_cuda\nos.chdir({str(folder)!r})\n" + code[1]
    exported.pictures()[0].save(folder / "gatto.jpg")
    try:
        pythonpath = str(pathlib.Path(__file__).parents[2])
        environment = os.environ | {"PYTHONPATH": pythonpath, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    finally:
        (folder / "gatto.jpg").unlink()
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"\d\.\d+", done.stdout)
