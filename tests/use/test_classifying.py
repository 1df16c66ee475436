"""Labels of a picture in words: probabilities, templates, and what is refused."""

import numpy as np
import pytest

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.errors import InputError
from clip_italian.use.search import classifying
from tests.helpers.golden_systems import copied
from tests.helpers.small_models import pictures

LABELS = ["un gatto", "un cane", "due cavalli"]


@pytest.fixture
def model(here):
    return clip_italian.load(copied("clip-italian", here).folder)


def test_probabilities_are_the_softmax_of_scaled_cosines(model):
    images = list(pictures(1, 3))
    got = classifying.probabilities(model, images, LABELS)
    logits = np.exp(model.params["logit_scale"]) * model.similarity(images, LABELS)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_label_under_several_templates_is_the_unit_mean_of_its_vectors(model):
    images, templates = list(pictures(1, 3)), ["una foto di {}", "{}"]
    got = classifying.probabilities(model, images, LABELS, templates)
    means = np.stack([model.encode_text([f"una foto di {label}", label]).mean(axis=0) for label in LABELS])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    logits = np.exp(model.params["logit_scale"]) * model.encode_image(images) @ means.T
    np.testing.assert_allclose(got, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "templates", "said"),
    [
        (["un gatto"], ["{}"], "at least two"),
        ("un gatto", ["{}"], "at least two"),
        (["un gatto", " "], ["{}"], "number 2 is empty"),
        (["un gatto", "un cane", "un gatto"], ["{}"], "`un gatto` is given twice"),
        (["un gatto", "un cane"], ["una foto"], "`una foto` has no {} where the label goes"),
    ],
)
def test_labels_and_templates_that_mean_nothing_are_refused(model, labels, templates, said):
    with pytest.raises(InputError, match=said):
        classifying.probabilities(model, list(pictures(1, 1)), labels, templates)


def test_the_command_prints_the_likeliest_first(here, capsys):
    from PIL import Image

    folder = copied("clip-italian", here).folder
    Image.fromarray(pictures(1, 1)[0]).save("picture.png")
    shell.main(["classify", "picture.png", "--labels", *LABELS, "--model", str(folder)])
    name, *lines = capsys.readouterr().out.splitlines()
    shares = [float(line.split("%")[0]) for line in lines]
    assert name == "picture.png" and shares == sorted(shares, reverse=True) and abs(sum(shares) - 100) < 0.1
