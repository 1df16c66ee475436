"""Heat maps: where windows fit a text better than the whole picture, and where the gradient says the patches matter."""

import pathlib

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.use.search import localising
from tests.helpers.golden_systems import copied
from tests.helpers.small_models import pictures

ROOT = pathlib.Path(__file__).parents[2]
SIDE = 28


class RedShare(Model):
    """A model of one text, whose cosine is the share of red among what is not grey."""

    def __init__(self):
        pass

    def encode_text(self, texts, *more):
        return np.ones((len(texts), 1), np.float32)

    def fitted(self, pixels):
        return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.NEAREST))

    def encode_fitted(self, pixels, *more):
        red = (pixels == (255, 0, 0)).all(axis=3).sum(axis=(1, 2))
        seen = (pixels != localising.GREY).any(axis=3).sum(axis=(1, 2))
        return (red / np.maximum(seen, 1)).astype(np.float32)[:, None]


def scene(height, width, rows, columns):
    """A red thing on blue."""
    pixels = np.full((height, width, 3), (0, 0, 255), np.uint8)
    pixels[rows, columns] = (255, 0, 0)
    return pixels


@pytest.mark.parametrize("shape", [(56, 56), (40, 80), (80, 40)], ids=["square", "wide", "high"])
def test_the_heat_is_where_the_thing_is(shape):
    height, width = shape
    rows, columns = slice(height // 2, height * 3 // 4), slice(width // 4, width // 2)
    heat = localising.localise(RedShare(), scene(height, width, rows, columns), ["rosso"], grids=(7, 14))[0]
    assert heat.shape == shape and heat.min() >= 0 and heat.max() > 0.9
    row, column = np.unravel_index(heat.argmax(), shape)
    assert rows.start <= row < rows.stop and columns.start <= column < columns.stop
    inside = np.zeros(shape, bool)
    inside[rows, columns] = True
    assert heat[inside].mean() > 5 * heat[~inside].mean()


def test_bands_are_all_runs_of_cells_but_the_whole():
    bands = localising._bands(4)
    assert bands.shape == (9, 4) and not bands.all(axis=1).any() and bands.any(axis=1).all()
    assert len(np.unique(bands, axis=0)) == 9


def test_nothing_is_hot_where_no_window_is_better_than_the_picture():
    heat = localising.localise(RedShare(), scene(56, 56, slice(0, 56), slice(0, 56)), ["rosso"])[0]
    assert not heat.any()


def test_the_relevance_is_the_slope_of_the_cosine_along_each_patch(here):
    """Against differences: the tower's last block alone, its input scaled at one patch."""
    model = clip_italian.load(copied("clip-italian", here).folder)
    side = model.settings.image.image_size
    pixels, text = pictures(3, 1, side)[0], model.encode_text(["un gatto"])
    added = np.asarray(localising._added(model.settings, model.params, jnp.asarray(pixels), jnp.asarray(text)))[0]
    assert added.shape == ((side // model.settings.image.patch) ** 2,)
    for patch in (0, len(added) - 1):
        slope = (cosine(model, pixels, text, patch, 1 + 1e-2) - cosine(model, pixels, text, patch, 1 - 1e-2)) / 2e-2
        np.testing.assert_allclose(added[patch], slope, rtol=2e-2, atol=1e-5)


def cosine(model, pixels, text, patch, factor):
    last = f"encoder.layers.{model.settings.image.depth - 1}"
    return scaled_at(model, last, lambda tokens: tokens.at[:, 1 + patch].multiply(factor), pixels, text)


def scaled_at(model, name, change, pixels, text):
    """The cosine where what enters the module of that name is changed."""

    def scaled(run, arguments, named, context):
        if context.module.name == name and context.method_name == "__call__":
            arguments = (change(arguments[0]), *arguments[1:])
        return run(*arguments, **named)

    with nn.intercept_methods(scaled):
        features = dual_encoder.image_features(model.settings, model.params, jnp.asarray(pixels[None]))
    return float((dual_encoder.project_image(model.params, features) @ text.T)[0, 0])


def test_of_a_tower_with_a_stem_the_relevance_is_of_the_places_that_leave_it():
    """Together they are the slope of the cosine along all of them, here scaled ahead of the patches."""
    model = clip_italian.load(ROOT / "demo/model")
    pixels, text = pictures(3, 1, model.settings.image.image_size)[0], model.encode_text(["un gatto"])
    added = np.asarray(localising._added(model.settings, model.params, jnp.asarray(pixels), jnp.asarray(text)))[0]
    assert added.shape == (36,) and added.std() > 1e-4
    near = [scaled_at(model, "embeddings.patch_embedding", lambda x, f=f: x * f, pixels, text) for f in (1 - 1e-3, 1 + 1e-3)]
    np.testing.assert_allclose(added.sum(), (near[1] - near[0]) / 2e-3, rtol=2e-2, atol=1e-4)


def test_relevance_has_a_map_for_each_text(here):
    model = clip_italian.load(copied("clip-italian", here).folder)
    heats = localising.localise(model, pictures(4, 1, 40)[0], ["un gatto", "due cavalli"], "relevance")
    assert heats.shape == (2, 40, 40) and heats.min() >= 0 and heats.max() <= 1 and not np.allclose(*heats)


def test_a_grid_that_no_picture_has_is_refused():
    with pytest.raises(InputError, match="a grid of 1 by 1 cells; use between 2 and 28"):
        localising.localise(RedShare(), scene(56, 56, slice(0, 9), slice(0, 9)), ["rosso"], grids=(1,))


def test_the_command_writes_the_picture_with_the_rest_in_the_dark(here, capsys):
    folder = copied("clip-italian", here).folder
    Image.fromarray(pictures(1, 1, 40)[0]).save("picture.png")
    shell.main(["localise", "picture.png", "un gatto", "--model", str(folder), "--grids", "3"])
    assert "brightest at column" in capsys.readouterr().out
    assert Image.open(pathlib.Path("picture.heat.png")).size == (40, 40)
    with pytest.raises(SystemExit, match="the query is empty"):
        shell.main(["localise", "picture.png", " ", "--model", str(folder)])
