"""How long the frozen phase takes: as in 2021, with gradients of the projections alone, and on cached features.

`python -m benchmarks.frozen_phase` runs the three in turn, twice, in one process, with the batch and the optimiser of arm
`full` of profile mini on random pictures and texts, and prints what each of two models took: `plain` has towers of the
form of ViT-B/32 and BERT-base, with 5 million weights rather than 198, and takes 96 tokens, as the model of 2021; `mini` is
the profile's own, whose towers are so small that the updates on features weigh. Half of the texts are longer than 16 tokens
(`plain`) or 8 (`mini`, as the drawn world's captions, whose quartiles are 7, 8 and 11). Every step of every epoch is run;
nothing is extrapolated. Compilation is left out of all three; the extraction of features, to files, is counted. With
`--views` each picture has so many, seen an epoch each, in turn: their extraction takes so many times as long, that of the
texts is done once.

* 2021: both towers in every step, `stop_gradient` on their pooled features, gradients and optimiser over every parameter,
  texts padded to the longest that the model takes (hybrid_clip's `freeze_backbones` and data loader).
* projections: both towers in every step, gradients and optimiser over the two projections, texts padded as our loader does.
* cached: features once, into files, and the projections train on these, as the stages `features` and `pretrain` do.
"""

import argparse
import functools
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from clip_italian import config, devices, environment
from clip_italian.data import batches, tokens
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings, Params
from clip_italian.models.encoder import Encoder
from clip_italian.models.vit import ViTSettings
from clip_italian.training import arms, backbones, features, freezing, loop, objective, optimiser, rows
from clip_italian.training.arms import BACKBONES
from clip_italian.training.backbones import BackboneSettings
from clip_italian.training.objective import Batch
from clip_italian.training.optimiser import OptimiserSettings
from clip_italian.training.settings import TrainingSettings

MODELS = ("plain", "mini")
PROFILE, ARM = "mini", "full"
BLOCK = 256  # pictures or texts at once, as in stage features
PLAIN = DualEncoderSettings(
    image=ViTSettings(image_size=64, stem=(), patch=8, pooling="class", width=192, depth=6, heads=3, mlp_dim=768),
    text=BertSettings(vocabulary=4000, max_length=96, pooling="pooler", width=192, depth=4, heads=3, mlp_dim=768),
    projection=128,
)
SHORTEST, SPREAD = 3, 0.4  # of the random texts: tokens, and the deviation of the logarithm of their number


class Timed(NamedTuple):
    """What one way leaves and took."""

    params: Params
    seconds: float


def profiles_own(settings: BackboneSettings) -> DualEncoderSettings:
    """The dual encoder of the profile, its vocabulary as large as it may become."""
    clip = backbones.english_architecture(settings.english_clip, settings.english_clip.vocabulary)
    return clip.model_copy(update={"text": backbones.bert_architecture(settings.italian_bert, settings.italian_bert.vocabulary)})


def data(model: DualEncoderSettings, views: int, count: int, median: int) -> tuple[np.ndarray, Tokens]:
    """Random pictures in so many views, and random texts of which half are longer than `median` tokens."""
    rng = np.random.default_rng(0)
    side, length = model.image.image_size, model.text.max_length
    pixels = rng.integers(0, 256, (views, count, side, side, 3), dtype=np.uint8)
    lengths = np.clip(rng.lognormal(np.log(median), SPREAD, count).round(), SHORTEST, length)
    mask = np.arange(length)[None] < lengths[:, None]
    return pixels, Tokens(np.where(mask, rng.integers(5, model.text.vocabulary, mask.shape), 0).astype(np.int32), mask)


def stopped_loss(model: DualEncoderSettings, negatives: int) -> loop.Loss:
    """The loss of 2021: both towers, with `stop_gradient` behind them."""

    def loss(params: Params, batch: Batch) -> jax.Array:
        image = dual_encoder.image_features(model, params, batch["pixels"])
        text = dual_encoder.text_features(model, params, batch["ids"], batch["mask"])
        return objective.loss_on_features(negatives)(params, jax.lax.stop_gradient({"image": image, "text": text}))

    return loss


def train(
    params: Params,
    loss: loop.Loss,
    batch_of: Callable[[int], Batch],
    frozen: tuple[str, ...],
    settings: OptimiserSettings,
    steps: int,
) -> Timed:
    """Takes so many of the training loop's own steps."""
    transform, layout = optimiser.build(settings), devices.layout()
    trainable, fixed = freezing.split(jax.tree.map(jax.numpy.array, params), frozen)
    state = jax.jit(transform.init)(trainable)
    step_of = functools.partial(loop.train_step, loss=loss, transform=transform, layout=layout)
    copy = jax.tree.map(jax.numpy.array, (trainable, state))
    jax.block_until_ready(step_of(copy[0], fixed, copy[1], batch_of(0), np.float32(0)))  # compiles
    started = time.perf_counter()
    for step in range(steps):
        rate = optimiser.learning_rate(settings, step, steps)
        trainable, state, _, _ = step_of(trainable, fixed, state, batch_of(step), rate)
    jax.block_until_ready(trainable)
    return Timed(freezing.join(fixed, trainable), time.perf_counter() - started)


def extract(
    model: DualEncoderSettings, params: Params, pixels: np.ndarray, texts: Tokens, folder: pathlib.Path
) -> tuple[list[np.ndarray], np.ndarray, float]:
    """The features of every view and of the texts, where they lie in `folder`, and the seconds they took."""
    encoder, count = Encoder(model, BLOCK), len(texts.ids)
    encoder.images(params, pixels[0, :BLOCK]), encoder.texts(params, texts)  # compiles, each length of text

    def images_of(view: int, start: int, stop: int) -> np.ndarray:
        return encoder.images(params, pixels[view, start:stop])

    def texts_of(start: int, stop: int) -> np.ndarray:
        return encoder.texts(params, tokens.take(texts, slice(start, stop)))

    started = time.perf_counter()
    views = [folder / f"view-{view}.npy" for view in range(len(pixels))]
    for view, path in enumerate(views):
        rows.write(path, (count, model.image.width), features.IMAGES, functools.partial(images_of, view))
    rows.write(folder / "text.npy", (count, model.text.width), features.TEXTS, texts_of)
    return [rows.read(path) for path in views], rows.read(folder / "text.npy"), time.perf_counter() - started


def compare(
    name: str, model: DualEncoderSettings, settings: TrainingSettings, size: tuple[int, int], median: int, epochs: int, rounds: int
) -> None:
    """Runs the three ways in turn, `rounds` times, and prints the table of each one's least seconds.

    `size`: views of each picture, and pairs.
    """
    params, (views, examples) = dual_encoder.initial(model, jax.random.key(0), settings.scale), size
    pixels, texts = data(model, views, examples, median)
    offsets, steps = np.arange(examples + 1), epochs * (examples // settings.batch)

    def raw(step: int, multiple: int) -> Batch:
        drawn = batches.draw(0, step, settings.batch, offsets)
        captions = tokens.trim(tokens.take(texts, drawn.examples), multiple)
        return {"pixels": pixels[drawn.epoch % views, drawn.examples], **captions._asdict()}

    padded = functools.partial(raw, multiple=model.text.max_length)
    trimmed = functools.partial(raw, multiple=settings.token_multiple)
    fixed = (*BACKBONES, "logit_scale")
    run = functools.partial(train, params, settings=settings.frozen_optimiser, steps=steps)

    def on_features(folder: pathlib.Path) -> Timed:
        image, text, seconds = extract(model, params, pixels, texts, folder)

        def batch_of(step: int) -> Batch:
            drawn = batches.draw(0, step, settings.batch, offsets)
            return {"image": image[drawn.epoch % views][drawn.examples], "text": text[drawn.examples]}

        heads = arms.without_backbones(params)
        on_rows = objective.loss_on_features(settings.negatives)
        trained = train(heads, on_rows, batch_of, ("logit_scale",), settings.frozen_optimiser, steps)
        print(f"  features {seconds:.2f} s, updates on them {trained.seconds:.2f} s", flush=True)
        return Timed(trained.params, seconds + trained.seconds)

    def on_files() -> Timed:
        with tempfile.TemporaryDirectory() as folder:
            return on_features(pathlib.Path(folder))

    ways = {
        "2021": lambda: run(stopped_loss(model, settings.negatives), padded, frozen=("logit_scale",)),
        "projections": lambda: run(objective.loss_on_pixels(model, settings.negatives), trimmed, frozen=fixed),
        "cached": on_files,
    }
    sizes = f"{epochs} epochs of {examples} pairs, {views} views, {steps} updates of {settings.batch}"
    print(f"{name}: {sizes}, least of {rounds} rounds", flush=True)
    turns = [{way: run_way() for way, run_way in ways.items()} for _ in range(rounds)]
    # Other programs on the machine only ever add time, so the least is the nearest to what the way itself takes.
    least = {way: min(turn[way].seconds for turn in turns) for way in ways}
    for way, seconds in least.items():
        apart = difference(turns[0][way].params, turns[0]["cached"].params)
        print(f"  {way:12} {seconds:8.2f} s   largest difference of the projections from cached: {apart:.0e}")
    ratios = f"2021 / cached {least['2021'] / least['cached']:.1f}, 2021 / projections {least['2021'] / least['projections']:.2f}"
    print(f"  {ratios}", flush=True)


def difference(one: Params, other: Params) -> float:
    """The largest difference of a weight of the projections: that all three ways train the same model."""
    names = ("visual_projection", "text_projection")
    return max(float(np.abs(one[name]["kernel"] - other[name]["kernel"]).max()) for name in names)


def main(models: list[str], epochs: int, rounds: int, views: int, examples: int) -> None:
    """Compares the three ways for some of the models."""
    settings = config.arm(TrainingSettings, ARM, PROFILE)
    own = profiles_own(config.section(BackboneSettings, "backbones", PROFILE))
    known = {"plain": (PLAIN, 16), "mini": (own, 8)}
    for name in models:
        model, median = known[name]
        compare(name, model, settings, (views, examples), median, epochs, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, help="default both")
    parser.add_argument("--epochs", type=int, default=15, help="default %(default)s")
    parser.add_argument("--rounds", type=int, default=2, help="default %(default)s")
    parser.add_argument("--views", type=int, default=1, help="of each picture; default %(default)s")
    parser.add_argument("--examples", type=int, default=10_000, help="pairs; default %(default)s")
    arguments = parser.parse_args()
    environment.enter(config.section(environment.EnvironmentSettings, "environment").threads)
    with jax.set_mesh(devices.layout().mesh):
        main(arguments.models, arguments.epochs, arguments.rounds, arguments.views, arguments.examples)
