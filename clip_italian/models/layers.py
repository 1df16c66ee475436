"""The parts that every tower is made of.

They are functions, called inside a module's compact method: the submodules they make belong to that module and carry the
names of the published checkpoints' tensors.
"""
import math
from typing import Any, Literal, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

EMBEDDING_DEVIATION = 0.02  # of initial vectors in a table; BERT (Devlin et al. 2019) and CLIP use the same
# Linear maps start with deviation 1 / sqrt(inputs), as OpenAI's CLIP does (model.py, initialize_parameters). BERT's 0.02 is
# nearly that at its width of 768 and would be five times too small for towers of a hundred units.
T = TypeVar("T")
Mask = Bool[Array, "#n #q k"]  # True where a query may look at a key
Activation = Literal["quick_gelu", "gelu", "gelu_tanh"]
CLIP_EPSILON = 1e-5  # of layer norms, openai/CLIP, model.py (PyTorch's default)


def check_heads(settings: T) -> T:
    """Raises ValueError unless the heads of a tower's settings divide its width."""
    sizes: Any = settings
    if sizes.width % sizes.heads:
        raise ValueError(f"`heads` ({sizes.heads}) must divide `width` ({sizes.width})")
    return settings


def dense(width: int, name: str, bias: bool = True) -> nn.Dense:
    """A linear layer."""
    return nn.Dense(width, use_bias=bias, kernel_init=nn.initializers.lecun_normal(), name=name)


def embedding(rows: int, width: int, name: str) -> nn.Embed:
    """A table of vectors."""
    return nn.Embed(rows, width, embedding_init=nn.initializers.normal(EMBEDDING_DEVIATION), name=name)


def quick_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """x * sigmoid(1.702 x), OpenAI CLIP's activation (model.py, class QuickGELU); exact GELU is off by 1e-2."""
    return x * jax.nn.sigmoid(1.702 * x)


def exact_gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """BERT's activation, by the error function; the tanh approximation is off by 1e-3."""
    return jax.nn.gelu(x, approximate=False)


def activated(x: Float[Array, "..."], name: Activation) -> Float[Array, "..."]:
    """The activation of that name; `gelu_tanh` is SigLIP's, the approximation by tanh."""
    if name == "quick_gelu":
        return quick_gelu(x)
    return exact_gelu(x) if name == "gelu" else jax.nn.gelu(x, approximate=True)


def attention(
    x: Float[Array, "n q d"],
    heads: int,
    names: tuple[str, str, str, str],
    mask: Mask | None,
    context: Float[Array, "n k d"] | None = None,
) -> Float[Array, "n q d"]:
    """Multi-head attention (Vaswani et al. 2017); `names`: the checkpoint's query, key, value and output.

    `context` is what is looked at; without it every position looks at all the others.
    """
    width, seen = x.shape[-1], x if context is None else context
    query = _split(dense(width, names[0])(x), heads)
    key, value = (_split(dense(width, name)(seen), heads) for name in names[1:3])
    scores = jnp.einsum("nqhd,nkhd->nhqk", query, key) / math.sqrt(width // heads)
    if mask is not None:
        scores = jnp.where(mask[:, None], scores, jnp.finfo(scores.dtype).min)
    mixed = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores, axis=-1), value)
    return dense(width, names[3])(mixed.reshape(x.shape))


def _split(x: Float[Array, "n t d"], heads: int) -> Float[Array, "n t h e"]:
    return x.reshape(*x.shape[:2], heads, x.shape[-1] // heads)


class ClipBlock(nn.Module):
    """A pre-norm transformer block, the same in both towers of CLIP (Radford et al. 2021) and of SigLIP (Zhai et al. 2023)."""

    heads: int
    hidden: int
    activation: Activation = "quick_gelu"
    epsilon: float = CLIP_EPSILON

    @nn.compact
    def __call__(self, x: Float[Array, "n t d"], mask: Mask | None) -> Float[Array, "n t d"]:
        names = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj")
        x = x + attention(nn.LayerNorm(self.epsilon, name="layer_norm1")(x), self.heads, names, mask)
        return x + feed_forward(nn.LayerNorm(self.epsilon, name="layer_norm2")(x), self.hidden, self.activation)


def feed_forward(x: Float[Array, "n t d"], hidden: int, activation: Activation) -> Float[Array, "n t d"]:
    """The two linear layers of a block, under CLIP's names."""
    return dense(x.shape[-1], "mlp.fc2")(activated(dense(hidden, "mlp.fc1")(x), activation))
