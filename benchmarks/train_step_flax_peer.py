"""The Flax side of benchmarks/train_step.py: CLIP-Italian's code of 2021, for an interpreter that has version 4 of transformers.

hybrid_clip (clip-italian, hybrid_clip/run_hybrid_clip.py) on transformers' own Flax towers; FlaxVisionTextDualEncoder came of its
model. All of a batch as negatives, AdaBelief behind adaptive clipping, dropout in the text tower, float32, and the whole step
compiled, the state's memory given away. `without dropout` is the same step without random numbers.
"""

import os
import pathlib
import sys

os.environ["USE_TORCH"] = "0"  # transformers would load it too, where it is

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from flax.training import train_state  # noqa: E402
from transformers import FlaxVisionTextDualEncoderModel  # noqa: E402

from benchmarks import turns  # noqa: E402

CLIP, CLIP_EPSILON, RATE = 0.01, 1e-3, 1e-5


class TrainState(train_state.TrainState):
    """hybrid_clip's: with the key of the next dropout."""

    dropout_rng: jax.Array


def clip_loss(similarity):
    """hybrid_clip's: the mean of the cross-entropies along both axes."""
    rows, columns = (jnp.diag(jax.nn.log_softmax(similarity, axis=axis)) for axis in (0, 1))
    return -(jnp.mean(rows) + jnp.mean(columns)) / 2


def step_of(dropout):
    """hybrid_clip's `train_step`."""

    def step(state, batch):
        rng, following = jax.random.split(state.dropout_rng)

        def loss(params):
            return clip_loss(state.apply_fn(**batch, params=params, dropout_rng=rng, train=dropout)[0])

        value, grads = jax.value_and_grad(loss)(state.params)
        return state.apply_gradients(grads=grads, dropout_rng=following), value

    return jax.jit(step, donate_argnums=0)


class Flax:
    """Weights and optimiser."""

    def __init__(self, folder):
        self.model = FlaxVisionTextDualEncoderModel.from_pretrained(folder, from_pt=True)
        with np.load(folder / "batch.npz") as arrays:
            pixels, ids, mask = (arrays[name] for name in ("pixels", "ids", "mask"))
        self.batch = {"pixel_values": pixels, "input_ids": ids, "attention_mask": mask.astype(np.int32)}
        transform = optax.chain(optax.adaptive_grad_clip(CLIP, eps=CLIP_EPSILON), optax.scale_by_belief(), optax.scale(-RATE))
        self.state = TrainState.create(
            apply_fn=self.model.__call__, params=self.model.params, tx=transform, dropout_rng=jax.random.PRNGKey(0)
        )
        self.model._params = None  # the state has them, and gives them away

    def loss(self):
        return jax.jit(lambda params: clip_loss(self.model(**self.batch, params=params)[0]))(self.state.params)

    def way(self, dropout):
        step = step_of(dropout)

        def taken():
            self.state, _ = step(self.state, self.batch)
            jax.block_until_ready(self.state)

        return turns.Way(self.loss, taken)


if __name__ == "__main__":
    flax = Flax(pathlib.Path(sys.argv[1]))
    turns.take({"flax as in 2021": flax.way(True), "flax, no dropout": flax.way(False)})
