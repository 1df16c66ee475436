"""Our side of benchmarks/train_step.py: the training loop's own step, in each dtype on texts of each length."""

import argparse
from typing import Any

import jax
import numpy as np

from benchmarks import train_step_sizes, turns
from benchmarks.train_step_sizes import Size
from benchmarks.turns import Way
from clip_italian import devices
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.training import freezing, loop, objective, optimiser
from clip_italian.training.objective import Batch

RATE = np.float32(1e-5)


class Ours:
    """Weights and optimiser of arm `full`, whose scale is fixed, with all of a batch as negatives."""

    def __init__(self, of: Size) -> None:
        self.layout = devices.layout()
        self.losses = {dtype: objective.loss_on_pixels(of.model, of.batch, ComputePolicy(dtype)) for dtype in of.dtypes}
        self.transform = optimiser.build(train_step_sizes.arm().optimiser)
        self.trainable, self.fixed = freezing.split(train_step_sizes.params(of), ["logit_scale"])
        self.state: Any = jax.jit(self.transform.init)(self.trainable)

    def way(self, dtype: str, batch: Batch) -> Way:
        """Training on one batch."""
        loss = self.losses[dtype]
        return Way(lambda: jax.jit(loss)(freezing.join(self.fixed, self.trainable), batch), lambda: self._step(loss, batch))

    def _step(self, loss: loop.Loss, batch: Batch) -> None:
        self.trainable, self.state, _, _ = loop.train_step(
            self.trainable, self.fixed, self.state, batch, RATE, loss, self.transform, self.layout
        )
        jax.block_until_ready((self.trainable, self.state))


def names(of: Size) -> dict[str, tuple[str, int]]:
    """The dtype and the length of each way."""
    return {f"ours, {length} tokens, {dtype}": (dtype, length) for dtype in of.dtypes for length in of.lengths}


def ways(of: Size) -> dict[str, Way]:
    """One for each dtype and length."""
    ours, batch = Ours(of), train_step_sizes.pairs(of)
    short = {n: batch | {part: batch[part][:, :n] for part in ("ids", "mask")} for n in of.lengths}
    return {name: ours.way(dtype, short[length]) for name, (dtype, length) in names(of).items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size")
    with jax.set_mesh(devices.layout().mesh):
        turns.take(ways(train_step_sizes.size(parser.parse_args().size)))
