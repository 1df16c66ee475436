"""Features of frozen backbones, computed part by part: in bounded memory, after a kill too, and read where they lie."""

import os
import pathlib
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.data import examples, tokens
from clip_italian.data.images.shards import Example, Shards
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder
from clip_italian.training import features, rows
from clip_italian.training.settings import FeatureSettings
from tests.helpers.shards import write_shards
from tests.helpers.small_models import ITALIAN, pictures

ROOT = pathlib.Path(__file__).parents[2]
CAPTIONS = ["un gatto uno", "due", "tre gatti", "quattro", "un gatto cinque"]
NUMBERS = np.arange(77, dtype=np.float32).reshape(11, 7)
KILLED_IN_THE_FOURTH_PART = """
import os, pathlib, signal
import numpy as np
from clip_italian.training import rows
def rows_of(start, stop):
    if start == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.arange(77, dtype=np.float32).reshape(11, 7)[start:stop]
rows.write(pathlib.Path("x.npy"), (11, 7), 2, rows_of)
"""


@pytest.fixture(scope="module")
def model():
    return Model(ITALIAN, dual_encoder.initial(ITALIAN, jax.random.key(0), 20.0), tokens.train_wordpiece(CAPTIONS, 40))


@pytest.fixture
def data(here, monkeypatch):
    """29 pictures, of which picture i has i modulo 3 captions, and at least one; at most 8 pictures or 16 texts at a time."""
    monkeypatch.setattr(features, "IMAGES", 8)
    monkeypatch.setattr(features, "TEXTS", 16)
    for part, seed in (("train", 0), ("valid", 1), ("views/0", 2), ("views/1", 3)):
        described = [Example(f"x/{i}", ("wit", "il_post")[i % 2], (CAPTIONS * 3)[i % 5 : i % 5 + max(1, i % 3)]) for i in range(29)]
        write_shards(here / "shards" / part, described, pictures(seed, 29), 10)
    return here / "shards"


def written(model, data, name="features", draws=0, dropout=0.0):
    features.write(data.parent / name, model, data, FeatureSettings(text_draws=draws, text_dropout=dropout), 8, 24)
    return data.parent / name


def test_rows_have_the_bytes_of_numpys_own_file(here):
    np.save(here / "whole.npy", NUMBERS)
    for part in (1, 2, 11, 100):
        rows.write(here / f"{part}.npy", NUMBERS.shape, part, lambda start, stop: NUMBERS[start:stop])
        assert (here / f"{part}.npy").read_bytes() == (here / "whole.npy").read_bytes()
    rows.write(here / "none.npy", (0, 7), 2, lambda start, stop: NUMBERS[start:stop])
    assert rows.read(here / "none.npy").shape == (0, 7)


def test_rows_go_on_after_a_kill_with_the_last_whole_part(here):
    process = subprocess.run([sys.executable, "-c", KILLED_IN_THE_FOURTH_PART], env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.returncode == -signal.SIGKILL and not (here / "x.npy").exists()
    asked = []
    rows.write(here / "x.npy", NUMBERS.shape, 2, lambda start, stop: asked.append(start) or NUMBERS[start:stop])
    assert asked == [4, 6, 8, 10] and np.array_equal(rows.read(here / "x.npy"), NUMBERS)
    assert os.listdir(here) == ["x.npy"]


@pytest.mark.parametrize("left", [0, 1, 127, 128, 150, 128 + 2 * 28, 128 + 3 * 28 + 5, 128 + 6 * 28])
def test_whatever_bytes_a_kill_leaves_the_rows_are_the_same(here, left):
    np.save(here / "whole.npy", NUMBERS)
    (here / "x.npy.begun").write_bytes((here / "whole.npy").read_bytes()[:left])
    rows.write(here / "x.npy", NUMBERS.shape, 2, lambda start, stop: NUMBERS[start:stop])
    assert (here / "x.npy").read_bytes() == (here / "whole.npy").read_bytes()


def test_a_place_that_may_not_be_written_and_a_damaged_file_are_named(here):
    (here / "file").touch()
    with pytest.raises(InputError, match=r"file/x\.npy: cannot be written \(File exists\)"):
        rows.write(here / "file/x.npy", NUMBERS.shape, 2, lambda start, stop: NUMBERS[start:stop])
    np.save(here / "short.npy", NUMBERS)
    os.truncate(here / "short.npy", 300)
    for path in (here / "missing.npy", here / "file", here / "short.npy"):
        with pytest.raises(InputError, match=f"{path.name}: missing or damaged"):
            rows.read(path)


def test_features_are_those_of_everything_at_once(model, data):
    folder, encoder = written(model, data), Encoder(model.settings, 8)
    train, valid = (examples.load(data / name, model.tokenizer, 12) for name in ("train", "valid"))
    views = {f"train-view-{k}": Shards(data / f"views/{k}") for k in (0, 1)}
    for name, stored in {"train-clean": train.stored, "valid": valid.stored, **views}.items():
        assert np.array_equal(features.read(folder, name), encoder.images(model.params, stored.pixels(range(len(stored))))), name
    for name, encoded in {"train-text": train.tokens, "valid-text": valid.first_captions()}.items():
        expected = encoder.texts(model.params, encoded)
        np.testing.assert_allclose(features.read(folder, name), expected, rtol=1e-5, atol=1e-6)  # blocks of other texts
    assert np.array_equal(features.read(folder, "train-offsets"), train.offsets)
    assert features.read(folder, "train-sources").tolist() == train.sources
    assert features.views(folder, None) == ["train-view-0", "train-view-1"] and features.views(folder, 1) == ["train-view-0"]
    assert files.manifest_holds(folder)


def test_draws_of_the_captions_differ_and_repeat(model, data):
    folder, again = (written(model, data, name, 2, 0.3) for name in ("features", "again"))
    names = [*features.texts(folder, 0.0), *features.texts(folder, 0.3)]
    assert names == ["train-text", "train-text-draw-0", "train-text-draw-1"]
    plain, first, second = (features.read(folder, name) for name in names)
    assert not any(np.isclose(one, other).all(axis=1).any() for one, other in ((plain, first), (first, second), (plain, second)))
    same = [len(np.unique(first[start : start + 16], axis=0)) for start in range(0, len(first), 16)]
    assert sum(same) == len(first)  # nor do two captions of the same words share their draw
    assert files.tree_digest(folder) == files.tree_digest(again)
    with pytest.raises(InputError, match="has 0 arrays train-text-draw-<k>.npy, but needs at least one"):
        features.texts(written(model, data, "none"), 0.3)


def test_more_views_than_are_stored_are_refused(model, data):
    with pytest.raises(InputError, match="has 2 arrays train-view-<k>.npy, but needs 3"):
        features.views(written(model, data), 3)


def test_few_pictures_and_texts_are_in_memory_at_a_time(model, data, monkeypatch):
    asked, said, pixels, encode = [], [], Shards.pixels, tokens.encode
    monkeypatch.setattr(Shards, "pixels", lambda self, indices: asked.append(len(indices)) or pixels(self, indices))
    monkeypatch.setattr(tokens, "encode", lambda tokenizer, texts, n: said.append(len(texts)) or encode(tokenizer, texts, n))
    folder = written(model, data)
    assert sum(asked) == 4 * 29 and max(asked) == 8
    assert sum(said) == 29 + len(features.read(folder, "train-text")) and max(said) == 16
    assert isinstance(features.read(folder, "train-clean").base, np.memmap)


def test_captions_between_any_two_are_those_of_the_list(data):
    stored = Shards(data / "train")
    everything = [text for captions in stored.captions for text in captions]
    offsets = np.cumsum([0, *map(len, stored.captions)])
    for start in range(len(everything)):
        for stop in range(start + 1, len(everything) + 1):
            assert features.captions_between(stored, offsets, start, stop) == everything[start:stop]


@pytest.mark.parametrize("reads", [1, 6, 9, 13])
def test_a_kill_loses_a_part_and_changes_no_bit(model, data, monkeypatch, reads):
    whole, asked, pixels = written(model, data, "whole"), [], Shards.pixels

    def dying(self, indices):
        asked.append(indices)
        if len(asked) == reads:
            raise KeyboardInterrupt
        return pixels(self, indices)

    monkeypatch.setattr(Shards, "pixels", dying)
    with pytest.raises(KeyboardInterrupt):
        written(model, data)
    finished = {path: path.stat().st_ino for path in (data.parent / "features").glob("*[a-z0-9].npy") if "offsets" not in path.name}
    folder = written(model, data)
    assert len(asked) <= 4 * 4 + 2  # four parts an array; the one that was cut off, and the one before
    assert files.tree_digest(folder) == files.tree_digest(whole)
    assert all(path.stat().st_ino == number for path, number in finished.items() if "sources" not in path.name)
