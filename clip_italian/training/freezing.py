"""Freezing as splitting the parameters: what is frozen is in neither the optimiser nor the backward pass.

Parameters are named by their path, as `text_model/encoder.layer.0/output.dense/kernel`; whatever begins with a path can be frozen.
"""

import re
from collections.abc import Callable, Collection
from typing import Any

from flax import traverse_util

from clip_italian.errors import InputError

Params = dict[str, Any]
Flat = dict[str, Any]  # parameters by path
Frozen = Callable[[int], Collection[str]]  # what is frozen before the update of that number
BLOCK = re.compile(r"encoder\.layers?\.(\d+)")  # of a tower, from the bottom up
BELOW = re.compile(r"embeddings\.|pre_layrnorm")  # what of a tower comes before its blocks


def split(params: Params, frozen: Collection[str]) -> tuple[Flat, Flat]:
    """The trainable and the frozen parameters; raises InputError for a path that is none of the model's."""
    flat = traverse_util.flatten_dict(params, sep="/")
    unknown = sorted(name for name in frozen if not any(_within(path, name) for path in flat))
    if unknown:
        raise InputError(f"frozen part `{unknown[0]}` is none of the model's parts: {', '.join(sorted(params))}")
    fixed = {path: leaf for path, leaf in flat.items() if any(_within(path, name) for name in frozen)}
    return {path: leaf for path, leaf in flat.items() if path not in fixed}, fixed


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")


def join(*parts: Flat) -> Params:
    """The parameters that were split."""
    return traverse_util.unflatten_dict({path: leaf for part in parts for path, leaf in part.items()}, sep="/")


def always(frozen: Collection[str]) -> Frozen:
    """The same parts from the first update to the last."""
    return lambda step: frozen


def gradual(params: Params, towers: Collection[str], frozen: Collection[str], every: int) -> Frozen:
    """Unfreezes both towers from the top, a block more after every so many updates (Howard & Ruder 2018, section 3.3).

    What is behind the blocks trains from the start, and what is ahead of them once all blocks do. `frozen` stays so throughout.
    """
    chains = [_from_the_bottom(params, tower) for tower in towers if tower not in frozen]

    def frozen_at(step: int) -> list[str]:
        asleep = [name for chain in chains for name in _below(chain, step // every)]
        return [*frozen, *asleep]

    return frozen_at


def _from_the_bottom(params: Params, tower: str) -> list[list[str]]:
    """The parts of a tower that thaw together: what is ahead of the blocks, then each block."""
    blocks = {int(found[1]): name for name in params[tower] if (found := BLOCK.fullmatch(name))}
    ahead = [name for name in params[tower] if BELOW.match(name)]
    return [[f"{tower}/{name}" for name in part] for part in (ahead, *([blocks[i]] for i in sorted(blocks)))]


def _below(chain: list[list[str]], thawed: int) -> list[str]:
    """What is still frozen when so many parts have followed the uppermost, which trains from the start."""
    return [name for part in chain[: max(len(chain) - 1 - thawed, 0)] for name in part]
