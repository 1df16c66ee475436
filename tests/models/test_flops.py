"""Operations counted from the architecture against those of the program that is traced."""

import math

import jax
import jax.numpy as jnp
import pytest
from jax.extend.core import jaxprs_in_params
from jax.interpreters import partial_eval

from clip_italian.models import dual_encoder, flops
from clip_italian.models.bert import BertSettings
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.models.vit import ViTSettings
from tests.helpers.small_models import ENGLISH, SIZES

BASE = {"width": 768, "depth": 12, "heads": 12, "mlp_dim": 3072}
NARROW = {"width": 192, "heads": 3, "mlp_dim": 768}
BASE_32 = DualEncoderSettings(
    image=ViTSettings(image_size=224, stem=(), patch=32, pooling="class", **BASE),
    text=BertSettings(vocabulary=31102, max_length=512, pooling="pooler", **BASE),
    projection=512,
)
BENCH_64 = DualEncoderSettings(
    image=ViTSettings(image_size=64, stem=(), patch=8, pooling="class", depth=6, **NARROW),
    text=BertSettings(vocabulary=4000, max_length=32, pooling="pooler", depth=4, **NARROW),
    projection=128,
)
# No stride divides what it is given, and every projection has another form.
SIGLIP = DualEncoderSettings(
    image=ViTSettings(image_size=50, stem=((8, 3, 2), (6, 4, 4)), patch=2, pooling="attention", **SIZES),
    text=ClipTextSettings(vocabulary=40, max_length=12, reading="fixed", **SIZES),
    projection=24,
    image_head="mlp",
    text_head="affine",
)


def traced(function, *inputs):
    """Operations of the matrix products and convolutions of a program, and of the programs inside it."""
    program = jax.make_jaxpr(function)(*inputs).jaxpr
    # XLA leaves out what nothing asks for, such as the gradient of the pixels, which `layers.product` gives too.
    needed, _ = partial_eval.dce_jaxpr(program, [True] * len(program.outvars))
    return counted(needed)


def counted(program):
    total = 0
    for step in program.eqns:
        output = math.prod(step.outvars[0].aval.shape)
        if step.primitive.name == "dot_general":
            (summed, _), _ = step.params["dimension_numbers"]
            total += 2 * output * math.prod(step.invars[0].aval.shape[axis] for axis in summed)
        if step.primitive.name == "conv_general_dilated":
            total += 2 * output * math.prod(step.invars[1].aval.shape[:-1])
        inner = [counted(program) for program in jaxprs_in_params(step.params)]
        # Of a choice one branch runs; those of `layers.product`, one of them for CPUs, are as long as each other.
        total += max(inner) if step.primitive.name == "cond" else sum(inner)
    return total


def shapes(settings, count, tokens):
    side = settings.image.image_size
    params = dual_encoder.shapes(settings)
    ids = jax.ShapeDtypeStruct((count, tokens), jnp.int32)
    return params, jax.ShapeDtypeStruct((count, side, side, 3), jnp.uint8), ids, jax.ShapeDtypeStruct(ids.shape, bool)


def cosines(settings, policy=PLAIN):
    def function(params, pixels, ids, mask):
        image = dual_encoder.project_image(params, dual_encoder.image_features(settings, params, pixels, policy))
        text = dual_encoder.project_text(params, dual_encoder.text_features(settings, params, ids, mask, policy))
        return image @ text.T

    return function


@pytest.mark.parametrize("settings", [BASE_32, BENCH_64, ENGLISH, SIGLIP], ids=["B/32", "bench-64", "stem", "siglip"])
def test_the_operations_of_a_forward_pass_are_those_of_the_traced_program(settings):
    params, pixels, ids, mask = shapes(settings, 5, 12)
    image = traced(lambda params, pixels: dual_encoder.image_features(settings, params, pixels), params, pixels)
    assert image == 5 * sum(flops.image_features(settings))
    text = traced(lambda params, ids, mask: dual_encoder.text_features(settings, params, ids, mask), params, ids, mask)
    assert text == 5 * sum(flops.text_features(settings, 12))
    assert traced(cosines(settings), params, pixels, ids, mask) == 5 * sum(flops.pair(settings, 12, batch=5))


def test_the_operations_of_a_training_step_are_those_of_the_traced_program_but_for_the_gradient_of_the_pixels():
    inputs = shapes(BENCH_64, 4, 8)
    forward = flops.pair(BENCH_64, 8, batch=4)
    patches = 2 * 64 * 3 * 8 * 8 * 192
    for remat in (False, True):
        summed = cosines(BENCH_64, ComputePolicy(remat=remat))
        step = traced(jax.value_and_grad(lambda *inputs, summed=summed: summed(*inputs).sum()), *inputs)
        # A block that is computed again leaves out the last product of CLIP's blocks, which no gradient needs.
        unneeded = 6 * 65 * 2 * 768 * 192 if remat else 0
        assert step == 4 * (flops.training(forward, remat) - patches - unneeded)


def test_the_operations_are_those_that_xla_counts():
    """XLA also counts what is done to each number alone, which is a few hundredths at this width."""
    program = jax.jit(cosines(BENCH_64)).lower(*shapes(BENCH_64, 4, 8))
    counted = program.cost_analysis()["flops"] / (4 * sum(flops.pair(BENCH_64, 8, batch=4)))
    assert 1 < counted < 1.1


def test_known_sizes_have_their_known_operations():
    assert flops.training(flops.pair(BENCH_64, 32, batch=256)) == pytest.approx(1.457e9, rel=1e-3)
    assert flops.training(flops.pair(BASE_32, 96, batch=16)) == pytest.approx(76.4e9, rel=1e-3)
    image = flops.image_features(BASE_32)  # Radford et al. 2021 and open_clip state 4.4 giga multiply-adds
    assert sum(image) / 2 == pytest.approx(4.4e9, rel=0.01)
