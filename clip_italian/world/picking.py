"""Choices that a random generator makes."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")


def pick(rng: np.random.Generator, options: Sequence[Item]) -> Item:
    """One of `options`, all equally likely; repeat an option to make it likelier."""
    return options[int(rng.integers(len(options)))]
