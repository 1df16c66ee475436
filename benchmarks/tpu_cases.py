"""The training steps that `benchmarks.tpu_check` compiles: the program's own, of profile `paper`, on slices of TPUs."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import Mesh

from benchmarks.tpu_chips import SLICES
from clip_italian import config
from clip_italian.devices import Layout
from clip_italian.models import dual_encoder, flops
from clip_italian.models.compute_policy import ComputePolicy
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.flops import Forward
from clip_italian.training import backbones, freezing, loop, objective
from clip_italian.training.arms import frozen_parts
from clip_italian.training.backbones import BackboneSettings
from clip_italian.training.settings import TrainingSettings

PROFILE, ARM = "paper", "full"
LARGEST = 90_112  # pairs: the batch of LAION's CLIP with an XLM-RoBERTa, ViT-B/32


class Case(NamedTuple):
    """A training step on a slice."""

    slice: str
    pairs: int  # of a batch, on all devices
    tokens: int  # of the longest caption
    dtype: str = "bfloat16"
    negatives: str = "all"  # or `own`: those of the same device, as in 2021
    micro_batches: int = 1
    remat: bool = False
    sharded: bool = False

    @property
    def name(self) -> str:
        """What tells it from the others."""
        parts = [self.slice, str(self.pairs), f"{self.tokens} tokens", self.dtype, f"{self.negatives} negatives"]
        parts += [f"in {self.micro_batches} parts"] if self.micro_batches > 1 else []
        return ", ".join([*parts, *(["remat"] if self.remat else []), *(["sharded"] if self.sharded else [])])


def training(case: Case, devices: int) -> TrainingSettings:
    """Section `training` of the profile, with what the case changes."""
    ours = config.arm(TrainingSettings, ARM, PROFILE).model_dump() | {
        "batch": case.pairs,
        "negatives": case.pairs if case.negatives == "all" else case.pairs // devices,
        "micro_batches": case.micro_batches,
        "dtype": case.dtype,
        "remat": case.remat,
        "sharded": case.sharded,
    }
    return config.parse(TrainingSettings, ours, case.name)


def architecture() -> DualEncoderSettings:
    """The model of the profile: the English CLIP's image tower and the Italian BERT."""
    sizes = config.section(BackboneSettings, "backbones", PROFILE)
    clip = backbones.english_architecture(sizes.english_clip, sizes.english_clip.vocabulary)
    return clip.model_copy(update={"text": backbones.bert_architecture(sizes.italian_bert, sizes.italian_bert.vocabulary)})


def step() -> dict[str, Any]:
    """What all cases have in common, to tell whether it is still what was compiled."""
    settings = config.arm(TrainingSettings, ARM, PROFILE)
    kept = ("optimiser", "learned_scale", "sigmoid_bias", "text_dropout", "locked")
    return {"model": architecture().model_dump(mode="json")} | {name: settings.model_dump(mode="json")[name] for name in kept}


def lower(case: Case, mesh: Mesh, model: DualEncoderSettings) -> jax.stages.Lowered:
    """`loop.train_step` for arrays that lie where a run on the mesh has them; none of them is made."""
    settings = training(case, mesh.size)
    layout, params = Layout(mesh, settings.sharded), dual_encoder.shapes(model)
    with jax.set_mesh(mesh):
        trainable, fixed = freezing.split(params, frozen_parts(settings, params))
        transform = loop._transform(settings.optimiser)
        state = jax.eval_shape(transform.init, trainable)
        batch = arrays(case, settings, model)
        return loop.train_step.lower(
            _placed(trainable, layout.parameters(trainable)),
            _placed(fixed, layout.parameters(fixed)),
            _placed(state, layout.state(state)),
            _placed(batch, layout.batch(batch)),
            jax.ShapeDtypeStruct((), jnp.float32),
            loss(settings, model),
            transform,
            layout,
        )


def loss(settings: TrainingSettings, model: DualEncoderSettings) -> loop.Loss:
    """That of fine-tuning."""
    policy = ComputePolicy(settings.dtype, settings.remat, settings.text_dropout)
    return objective.loss_on_pixels(model, settings.negatives, policy, settings.micro_batches)


def arrays(case: Case, settings: TrainingSettings, model: DualEncoderSettings) -> dict[str, Any]:
    """A batch, as `batches.PixelBatches` makes it."""
    number = jax.ShapeDtypeStruct((), jnp.uint32)
    side, texts = model.image.image_size, (case.pairs, case.tokens)
    pixels = jax.ShapeDtypeStruct((case.pairs, side, side, 3), jnp.uint8)
    rows = {"pixels": pixels, "ids": jax.ShapeDtypeStruct(texts, jnp.int32), "mask": jax.ShapeDtypeStruct(texts, jnp.bool_)}
    return rows | ({"seed": number, "step": number} if settings.text_dropout else {})


def operations(case: Case) -> Forward:
    """Floating-point operations of a forward pass of one device's share."""
    share = case.pairs // SLICES[case.slice].devices
    of_pair = flops.pair(architecture(), case.tokens, case.pairs if case.negatives == "all" else share)
    return Forward(*(share * part for part in of_pair))


def _placed(tree: Any, shardings: Any) -> Any:
    return jax.tree.map(lambda leaf, place: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=place), tree, shardings)


# What each device had in 2021, 128 pairs, with captions of the usual kind; on some also the longest and the shortest.
USUAL = [Case(name, 128 * one.devices, 32) for name, one in SLICES.items()]
AGAIN = [Case("v5litepod-64", 65_536, 32)]  # where the compiler computes blocks again by itself
BEYOND = [Case("v5litepod-64", 131_072, 32)]  # what does not fit
LARGEST_ON_V5E = Case("v5litepod-64", LARGEST, 32, micro_batches=8)
CASES = [
    *USUAL,
    Case("v3-8", 1024, 96),
    Case("v3-8", 1024, 96, dtype="float32", negatives="own"),  # the precision and the negatives of 2021
    Case("v5litepod-64", 8192, 96),
    Case("v5litepod-64", 8192, 16),
    Case("v4-32", 2048, 32, sharded=True),
    # Many pairs a device. On v5e with 1,024 the compiler computes some blocks again by itself, in more memory than our way takes.
    Case("v3-8", 2048, 32),
    Case("v4-32", 8192, 32),
    Case("v5litepod-64", 32_768, 32),
    Case("v6e-64", 32_768, 32),
    *AGAIN,
    Case("v5litepod-64", 65_536, 32, remat=True),
    *BEYOND,
    Case("v3-8", LARGEST, 32, micro_batches=88),
    Case("v4-32", LARGEST, 32, micro_batches=16),
    LARGEST_ON_V5E,
    Case("v6e-64", LARGEST, 32, micro_batches=4),
]
SHORT = [*USUAL, LARGEST_ON_V5E]
