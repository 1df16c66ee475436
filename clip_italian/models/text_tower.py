"""The interface of text towers: settings, network, and all else that differs between kinds of towers.

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
    """A tower as a model of transformers."""

    config: dict[str, Any]  # its config.json
    pooling: Pooling  # from that model's output to the tower's features
    unlike: list[str]  # reasons why transformers has no such tower; empty if it has one


class TextTower(Settings, abc.ABC):
    """The settings of a text tower. A new kind needs a field of its own without a default, by which loading recognises it."""

    vocabulary: Size  # token ids
    max_length: Size = layers.stored_as("positions", "max_length")  # tokens of the longest text
    width: Size
    depth: Depth
    heads: Size
    mlp_dim: Size = layers.stored_as("hidden", "mlp_dim")

    model_types: ClassVar[tuple[str, ...]]  # of the transformers configurations that `from_config` accepts
    # Regular expressions and replacements, applied in order, from the names of transformers' tensors to those of `module`.
    tensor_names: ClassVar[tuple[tuple[str, str], ...]] = ()
    special_tokens: ClassVar[dict[str, str]] = {}  # by their names in transformers
    has_dropout: ClassVar[bool] = False  # whether `features` accepts keys

    _heads = pydantic.model_validator(mode="after")(layers.check_heads)

    @classmethod
    @abc.abstractmethod
    def from_config(cls, config: Any, where: str, pooling: Pooling, shapes: Mapping[str, tuple[int, ...]]) -> "TextTower":
        """The tower of a transformers configuration; `pooling` is used if the tower has several kinds.

        `shapes` are those of the checkpoint's tensors. Raises InputError, beginning with `where`, for an unsupported configuration.
        """

    @abc.abstractmethod
    def module(self, policy: ComputePolicy = PLAIN) -> nn.Module:
        """The network, which maps ids, mask and keys to pooled features, or to a tuple that ends with them."""

    def init(self, key: Array) -> dict[str, Any]:
        """Initial parameters."""
        ids = jnp.zeros((1, 2), int)
        params: dict[str, Any] = self.module().init(key, ids, ids == 0)["params"]
        return params

    def shapes(self) -> dict[str, Any]:
        """The parameters' shapes and dtypes."""
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
        """The kind of tower, for model cards and messages."""

    @property
    def ignored_tensors(self) -> tuple[str, ...]:
        """Regular expressions of tensors in checkpoints of this kind that the tower does not use."""
        return ()

    @property
    def reads_padding(self) -> bool:
        """Whether padding is read as text: then all texts are padded to `max_length` tokens, and the mask is always true."""
        return False

    @property
    def pooling_flops(self) -> int:
        """Floating-point operations per text outside the blocks."""
        return 0

    def exported(self) -> Exported:
        """The tower as a model of transformers, for exports; towers without this method are exported to ONNX only."""
        return Exported({}, "mean", [f"the text tower is {self.description}, not a BERT"])
