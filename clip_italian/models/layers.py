"""The layers of all towers.

Most are functions for a module's compact method, so that their submodules belong to that module and have the names of the published
checkpoints' tensors. Results have the dtype of `x`; `compute_policy.py` lists what is always float32.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pydantic
from jaxtyping import Array, Bool, Float

from clip_italian.errors import InputError
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.matmul import matmul

EMBEDDING_STD = 0.02  # of initial vectors in a table; BERT (Devlin et al. 2019) and CLIP use the same
# Linear maps start with std 1 / sqrt(inputs), as OpenAI's CLIP does (model.py, initialize_parameters). BERT's 0.02 is
# nearly that at its width of 768 and would be five times too small for towers of a hundred units.
T = TypeVar("T")
Block = TypeVar("Block", bound=type[nn.Module])
Mask = Bool[Array, "#n #q k"]  # True where a query may look at a key
Activation = Literal["quick_gelu", "gelu", "gelu_tanh"]
ACTIVATIONS: dict[str, Activation] = {"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh"}
CLIP_EPSILON = 1e-5  # of layer norms, openai/CLIP, model.py (PyTorch's default)


def activation_named(name: str, where: str) -> Activation:
    """The activation of that name in transformers; raises InputError, beginning with `where`, for one that no tower has."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise InputError(f"{where}: activation `{name}` is not known; known: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


def stored_as(old: str, name: str, default: Any = ...) -> Any:
    """A field of settings with an old name in model folders and a new name in code and errors."""
    return pydantic.Field(default, validation_alias=pydantic.AliasChoices(name, old), serialization_alias=old)


def check_heads(settings: T) -> T:
    """Returns a tower's settings; raises ValueError unless `heads` divides `width`."""
    sizes: Any = settings
    if sizes.width % sizes.heads:
        raise ValueError(f"`heads` ({sizes.heads}) must divide `width` ({sizes.width})")
    return settings


class Dense(nn.Module):
    """A linear layer."""

    width: int

    @nn.compact
    def __call__(self, x: Float[Array, "... d"]) -> Float[Array, "... e"]:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], self.width))
        y = matmul(x, kernel.astype(x.dtype))
        return with_bias(y, self.param("bias", nn.initializers.zeros, (self.width,)))


def with_bias(y: Float[Array, "... d"], bias: Float[Array | np.ndarray, "d"]) -> Float[Array, "... d"]:
    """y + bias, added in float32, because the bias's gradient is a sum over all positions of all examples."""
    return (y + bias.reshape((1,) * (y.ndim - 1) + (-1,))).astype(y.dtype)


def dense(width: int, name: str) -> Dense:
    """A linear layer named `name`."""
    return Dense(width, name=name)


def norm(x: Float[Array, "... d"], epsilon: float, name: str) -> Float[Array, "... d"]:
    """A layer norm (Ba et al. 2016); flax computes its statistics in float32."""
    return nn.LayerNorm(epsilon, dtype=x.dtype, name=name)(x)


def embedding(rows: int, width: int, name: str) -> nn.Embed:
    """A table of `rows` embeddings."""
    return nn.Embed(rows, width, embedding_init=nn.initializers.normal(EMBEDDING_STD), name=name)


def quick_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """x * sigmoid(1.702 x), OpenAI CLIP's activation (model.py, class QuickGELU); exact GELU is off by 1e-2."""
    return x * jax.nn.sigmoid(1.702 * x)


def exact_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """BERT's activation, by the error function; the tanh approximation is off by 1e-3."""
    return jax.nn.gelu(x, approximate=False)


def activated(x: Float[Array, "..."], name: Activation) -> Float[Array, "..."]:
    """The activation of that name, computed in float32; `gelu_tanh` is SigLIP's, the approximation by tanh."""
    functions = {"quick_gelu": quick_gelu, "gelu": exact_gelu, "gelu_tanh": jax.nn.gelu}
    return functions[name](x.astype(jnp.float32)).astype(x.dtype)


def attention(
    x: Float[Array, "n q d"],
    heads: int,
    names: tuple[str, str, str, str],
    mask: Mask | None,
    context: Float[Array, "n k d"] | None = None,
    drop: Callable[[Array], Array] = lambda weights: weights,
) -> Float[Array, "n q d"]:
    """Multi-head attention (Vaswani et al. 2017); `names` are the checkpoint's for query, key, value and output.

    Keys and values are computed from `context`, or without it from `x`. `drop` is dropout on the attention weights.
    """
    width, seen = x.shape[-1], x if context is None else context
    query = _split(dense(width, names[0])(x), heads)
    key, value = (_split(dense(width, name)(seen), heads) for name in names[1:3])
    exact = jnp.einsum("nqhd,nkhd->nhqk", query, key, preferred_element_type=jnp.float32)
    scores = exact / math.sqrt(width // heads)
    if mask is not None:
        scores = jnp.where(mask[:, None], scores, jnp.finfo(scores.dtype).min)
    weights = drop(jax.nn.softmax(scores, axis=-1)).astype(x.dtype)
    mixed = jnp.einsum("nhqk,nkhd->nqhd", weights, value)
    return dense(width, names[3])(mixed.reshape(x.shape))


def _split(x: Float[Array, "n t d"], heads: int) -> Float[Array, "n t h e"]:
    return x.reshape(*x.shape[:2], heads, x.shape[-1] // heads)


def block(kind: Block, policy: ComputePolicy) -> Block:
    """The class of blocks, with recomputation in the backward pass if the policy demands it."""
    return nn.remat(kind) if policy.remat else kind


class ClipBlock(nn.Module):
    """The pre-norm transformer block of both towers of CLIP (Radford et al. 2021) and SigLIP (Zhai et al. 2023)."""

    heads: int
    mlp_dim: int
    activation: Activation = "quick_gelu"
    epsilon: float = CLIP_EPSILON

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: Mask | None) -> Float[Array, "n t d"]:
        names = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
        x = x + attention(norm(x, self.epsilon, "layer_norm1"), self.heads, names, mask)
        return x + feed_forward(norm(x, self.epsilon, "layer_norm2"), self.mlp_dim, self.activation)


def feed_forward(x: Float[Array, "n t d"], mlp_dim: int, activation: Activation) -> Float[Array, "n t d"]:
    """The two linear layers of a block, under CLIP's names."""
    return dense(x.shape[-1], "mlp.fc2")(activated(dense(mlp_dim, "mlp.fc1")(x), activation))
