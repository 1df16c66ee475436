"""Freezing as splitting a dict: what is frozen is in neither the optimiser nor the backward pass."""
from collections.abc import Collection
from typing import Any

from clip_italian.errors import InputError

Params = dict[str, Any]


def split(params: Params, frozen: Collection[str]) -> tuple[Params, Params]:
    """The trainable and the frozen top-level parts; raises InputError for a name that is no part of the model."""
    unknown = sorted(set(frozen) - set(params))
    if unknown:
        raise InputError(f"frozen part `{unknown[0]}` is none of the model's parts: {', '.join(sorted(params))}")
    trainable = {name: part for name, part in params.items() if name not in frozen}
    return trainable, {name: params[name] for name in frozen}
