"""The interface of text towers: their settings, and everything that depends on the kind of tower.

A new tower is a module beside `bert.py` and `clip_text.py`, and a line in the table of `text_towers.py`.
"""

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import pydantic
from jaxtyping import Array, Bool, Float, Int

from clip_italian.config import Depth, Settings, Size
from clip_italian.models import layers
from clip_italian.models.compute_policy import PLAIN, ComputePolicy, Keys

Pooling = Literal["pooler", "mean", "first_last"]


class Exported(NamedTuple):
    """A tower in transformers' terms."""

    config: dict[str, Any]  # its config.json
    pooling: Pooling  # of what that model gives, to the tower's features
    unlike: list[str]  # why transformers has no such tower; empty where it has


class TextTower(Settings, abc.ABC):
    """A text tower. A new kind needs a field without a default that BERT and CLIP lack: loading recognises the kind by it."""

    vocabulary: Size  # token ids
    max_length: Size = layers.stored_as("positions", "max_length")  # tokens of the longest text
    width: Size
    depth: Depth
    heads: Size
    mlp_dim: Size = layers.stored_as("hidden", "mlp_dim")

    model_types: ClassVar[tuple[str, ...]]  # of the configurations that `from_config` reads
    # From the names of transformers' tensors to those of `module`: regular expressions and replacements, applied in order.
    tensor_names: ClassVar[tuple[tuple[str, str], ...]] = ()
    special_tokens: ClassVar[dict[str, str]] = {}  # by transformers' names for them
    has_dropout: ClassVar[bool] = False  # whether `features` makes use of keys

    _heads = pydantic.model_validator(mode="after")(layers.check_heads)

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: Any, where: str, pooling: Pooling, shapes: Mapping[str, tuple[int, ...]]) -> "TextTower":
        """The tower of a configuration of transformers, its features pooled as stated where that is a choice.

        `shapes` are those of the checkpoint's tensors. Raises InputError, which begins with `where`, for what this tower is not.
        """

    @abc.abstractmethod
    def module(self, policy: ComputePolicy = PLAIN) -> nn.Module:
        """The network, from ids, mask and keys to pooled features, or to other features and these."""

    def init(self, key: Array) -> dict[str, Any]:
        """Fresh parameters."""
        ids = jnp.zeros((1, 2), int)
        params: dict[str, Any] = self.module().init(key, ids, ids == 0)["params"]
        return params

    def shapes(self) -> dict[str, Any]:
        """The parameters' shapes and types."""
        return jax.eval_shape(self.init, jax.random.key(0))

    def features(
        self,
        params: dict[str, Any],
        ids: Int[Array, "n t"],
        mask: Bool[Array, "n t"],
        policy: ComputePolicy = PLAIN,
        keys: Keys | None = None,
    ) -> Float[Array, "n d"]:
        """Pooled features of token ids, in float32; `mask` is true for tokens, false for padding, `keys` are dropout's."""
        given = (ids, mask) if keys is None else (ids, mask, keys)
        result: Any = self.module(policy).apply({"params": params}, *given)
        return result[-1] if isinstance(result, tuple) else result

    @property
    @abc.abstractmethod
    def description(self) -> str:
        """The kind of tower in words, for model cards and messages."""

    @property
    def ignored_tensors(self) -> tuple[str, ...]:
        """Regular expressions of the tensors that checkpoints of such a tower hold and this one has no use of."""
        return ()

    @property
    def reads_padding(self) -> bool:
        """Whether padding counts as text: all texts are padded to `max_length` tokens, and the mask is true throughout."""
        return False

    @property
    def pooling_flops(self) -> int:
        """Floating-point operations a text beside those of the blocks."""
        return 0

    def exported(self) -> Exported:
        """The tower in transformers' terms, for the exports; without this, a tower is exported to ONNX alone."""
        return Exported({}, "mean", [f"the text tower is {self.description}, not a BERT"])
