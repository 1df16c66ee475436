"""Parameters from checkpoint files of any format. A tensor that is neither a parameter nor ignored is an error."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from clip_italian.checkpoints import weights
from clip_italian.checkpoints.formats import Format, Origin, origins
from clip_italian.checkpoints.tensors import Tensors
from clip_italian.errors import InputError
from clip_italian.models.text_tower import TextTower

Params = dict[str, Any]


class Source(NamedTuple):
    """An open checkpoint file, its naming of tensors, and the parts of a dual encoder that are read from it."""

    tensors: Tensors
    form: Format
    text: TextTower | None  # whose naming the text tower's tensors follow; None: ours
    parts: tuple[str, ...]


class Located(NamedTuple):
    """The location of a parameter in an open file."""

    tensors: Tensors
    origin: Origin


def assemble(sources: Iterable[Source], like: Params, defaults: Params | None = None) -> Params:
    """The parameters in the structure and shapes of `like`, as float32, read one at a time.

    `defaults` has values for top-level parameters that no file has. Raises InputError naming a tensor that is missing, superfluous,
    of another shape, not finite, or the second one for the same parameter.
    """
    found: dict[str, Located] = {}
    for source in sources:
        for name in source.tensors.names():
            for ours, origin in origins(name, source.form, source.text).items():
                if ours.partition(".")[0] not in source.parts and ours.partition(".")[0] in weights.PARTS:
                    continue
                if ours in found:
                    both = f"`{found[ours].origin.name}` and `{name}` are both `{ours}`"
                    raise InputError(f"{source.tensors.where}: {both}; download the file again")
                found[ours] = Located(source.tensors, origin)
    absent = {name: value for name, value in (defaults or {}).items() if name not in found}
    wanted = {weights.torch_name(path): (path, leaf) for path, leaf in flatten_dict(like).items() if path[0] not in absent}
    _check_names(found, wanted)
    return unflatten_dict(dict(_leaves(found, wanted))) | absent


def _check_names(found: dict[str, Located], wanted: Collection[str]) -> None:
    for name in wanted:
        if name not in found:
            where = ", ".join(sorted({located.tensors.where for located in found.values()}))
            raise InputError(f"{where}: no tensor is `{name}`; the file is of another model or damaged")
    for name, located in found.items():
        if name not in wanted:
            raise InputError(
                f"{located.tensors.where}: tensor `{located.origin.name}` belongs to no part of the model; "
                "the file is of another model than its config.json says"
            )


def _leaves(found: dict[str, Located], wanted: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], jax.Array]]:
    # The largest first: it is copied, and memory is still empty then.
    for name, (path, leaf) in sorted(wanted.items(), key=lambda item: -item[1][1].size):
        yield path, jnp.asarray(_read(found[name], path, leaf.shape))


def _read(located: Located, path: tuple[str, ...], shape: tuple[int, ...]) -> np.ndarray:
    tensors, origin = located
    stored, label = tensors.read(origin.name), f"{tensors.where}: tensor `{origin.name}`"
    if origin.third is not None:
        if not stored.ndim or len(stored) % 3:
            raise InputError(f"{label} has shape {stored.shape}, which is not three parts of one size")
        stored = stored.reshape(3, -1, *stored.shape[1:])[origin.third]
    # Scalars are stored with one or no dimension.
    value = weights.from_torch(path, stored.T if origin.transposed else stored)
    if value.shape != shape and not (value.size == 1 and shape == ()):
        raise InputError(f"{label} has shape {stored.shape}, which becomes {value.shape}; the model needs {shape}")
    if not np.issubdtype(value.dtype, np.floating) and value.dtype.kind != "V" and value.dtype.name != "bfloat16":
        raise InputError(f"{label} holds {value.dtype}, not numbers with fractions; the file is of another model or damaged")
    value = np.ascontiguousarray(value, np.float32).reshape(shape)
    if not np.isfinite(value).all():
        raise InputError(f"{label} holds NaN or infinity; get the file anew")
    return value
