"""Texts to tokens, for folders in the layout of every system; expected tokens are the systems' own libraries'."""

import json
import pathlib

import numpy as np
import pytest

from clip_italian.checkpoints import layouts
from clip_italian.errors import InputError
from tests.helpers import tokeniser_folders as folders

GOLDEN = json.loads((pathlib.Path(__file__).parents[1] / "golden/texts.json").read_text())


def tokeniser(folder, settings):
    """The tokeniser of the model in a folder, for the text tower of these settings."""
    return layouts.recognised(folder).tokeniser(folder, settings.text)


@pytest.mark.parametrize("name", folders.FOLDERS)
def test_tokens_are_those_of_the_systems_own_library(name, tmp_path):
    settings = folders.FOLDERS[name](tmp_path)
    found = tokeniser(tmp_path, settings)(folders.TEXTS)
    for text, ids, mask, expected in zip(folders.TEXTS, *found, GOLDEN[name], strict=True):
        assert ids[mask].tolist() == expected, text


def test_accents_survive_in_a_cased_tokeniser_alone(tmp_path):
    found = {}
    for cased in (True, False):
        settings = folders.clip_italian(tmp_path / str(cased), cased)
        found[cased] = tokeniser(tmp_path / str(cased), settings)(["così", "cosi"]).ids
    assert (found[False][0] == found[False][1]).all()
    assert (found[True][0] != found[True][1]).any()


def test_a_clip_italian_text_has_96_tokens_at_most(tmp_path):
    found = tokeniser(tmp_path, folders.clip_italian(tmp_path, True))(["gatto " * 500, "gatto"])
    assert found.ids.shape == (2, 96)
    assert found.mask.sum(axis=1).tolist()[0] == 96


def test_a_tower_that_reads_padding_is_given_all_of_it(tmp_path):
    found = tokeniser(tmp_path, folders.siglip(tmp_path))(["un gatto"])
    assert found.ids.shape == (1, 64) and found.mask.all()
    assert (found.ids[0, -3:] == 1).all()  # its end token pads


def test_m_clips_tokeniser_may_lie_in_the_folder_of_its_base(tmp_path):
    settings = folders.m_clip(tmp_path / "base")
    folders.written(tmp_path / "model", config={"model_type": "M-CLIP", "modelBase": str(tmp_path / "base")})
    found = tokeniser(tmp_path / "model", settings)(["un gatto"])
    assert np.array_equal(found.ids, tokeniser(tmp_path / "base", settings)(["un gatto"]).ids)


def test_a_folder_without_a_tokeniser_is_named(tmp_path):
    folders.written(tmp_path, config={"model_type": "clip"})
    with pytest.raises(InputError, match=r"no tokeniser; one of tokenizer.json.*copy it from the model.s repository"):
        tokeniser(tmp_path, folders.clip(60, 77))


def test_an_open_clip_folder_without_a_tokeniser_is_told_whose_it_needs(tmp_path):
    folders.written(tmp_path, open_clip_config={"model_cfg": {"text_cfg": {}}})
    with pytest.raises(InputError, match="that of openai/clip-vit-base-patch32: copy tokenizer.json from there"):
        tokeniser(tmp_path, folders.clip(60, 77))


def test_a_damaged_tokeniser_is_named(tmp_path):
    folders.written(tmp_path, config={"model_type": "clip"})
    (tmp_path / "tokenizer.json").write_text('{"version": "1.0", "model"')
    with pytest.raises(InputError, match=r"no tokeniser that transformers can read.*download its files again"):
        tokeniser(tmp_path, folders.clip(60, 77))


def test_a_tokeniser_of_another_model_is_refused(tmp_path):
    folders.openai(tmp_path)
    with pytest.raises(InputError, match=r"token \d+ is beyond the 60 of the text tower; the tokeniser is of another model"):
        tokeniser(tmp_path, folders.clip(60, 77))(["un gatto"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clean": "polish"}, "`clean` is `polish`; known are whitespace, lower, canonicalize"),
        ({"language": "it"}, "`language` of the tokeniser is not known"),
    ],
)
def test_options_of_open_clip_that_are_not_known_are_named(options, message, tmp_path):
    folders.written(tmp_path, open_clip_config={"model_cfg": {"text_cfg": {"tokenizer_kwargs": options}}})
    with pytest.raises(InputError, match=message):
        tokeniser(tmp_path, folders.clip(60, 77))
