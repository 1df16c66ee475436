"""The loss, freezing, the loop and its checkpoints."""

import math
import os
import pathlib
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.compute_policy import PLAIN, ComputePolicy
from clip_italian.models.encoder import Encoder
from clip_italian.training import checkpoints, freezing, loop, objective, throughput
from clip_italian.training.loop import Plan, Task
from clip_italian.training.loss import contrastive as contrastive_loss
from clip_italian.training.loss import contrastive_per_pair, loss_per_pair, sigmoid, with_local_negatives
from clip_italian.training.settings import TrainingSettings
from tests.helpers.golden_values import unit
from tests.helpers.small_models import ITALIAN, optimiser, pictures, texts

ROOT = pathlib.Path(loop.__file__).parents[2]
UPDATES, EVERY = 12, 5  # the last evaluation comes out of turn


def unit_rows(seed, count=5, width=3):
    return jnp.asarray(unit(np.random.default_rng(seed).normal(size=(count, width))).astype(np.float32))


def test_the_loss_is_symmetric_in_its_towers():
    image, text = unit_rows(0), unit_rows(1)
    np.testing.assert_allclose(contrastive_loss(image, text, 20.0), contrastive_loss(text, image, 20.0), rtol=1e-6)


def test_the_loss_is_the_mean_of_two_cross_entropies():
    image, text = unit_rows(2), unit_rows(3)
    logits = 20 * np.asarray(image, np.float64) @ np.asarray(text, np.float64).T
    naive = [
        -np.mean([logits[i, i] - np.log(np.exp(logits[i]).sum()) for i in range(5)]),
        -np.mean([logits[i, i] - np.log(np.exp(logits[:, i]).sum()) for i in range(5)]),
    ]
    np.testing.assert_allclose(contrastive_loss(image, text, 20.0), np.mean(naive), rtol=1e-5)
    assert abs(naive[0] - naive[1]) > 1e-3


def test_the_loss_of_towers_that_say_nothing_is_the_logarithm_of_the_batch():
    same = jnp.broadcast_to(unit_rows(4)[:1], (7, 3))
    np.testing.assert_allclose(contrastive_loss(same, same, 20.0), math.log(7), rtol=1e-6)


def test_the_loss_of_perfect_towers_is_near_zero_and_finite_at_a_large_scale():
    apart = jnp.eye(6)
    assert contrastive_loss(apart, apart, 20.0) < 1e-6
    assert contrastive_loss(apart, jnp.roll(apart, 1, axis=0), 1000.0) == pytest.approx(1000, rel=1e-5)


def test_batches_of_two_sizes_are_refused():
    with pytest.raises(Exception, match="[Tt]ype-check"):
        contrastive_loss(unit_rows(0, 4), unit_rows(1, 3), 20.0)


def test_an_unknown_frozen_part_is_an_error_that_names_the_known_ones():
    with pytest.raises(InputError, match="the model has no part `visual_model` to freeze; its parts are text_model, vision_model"):
        freezing.split({"vision_model": 1, "text_model": 2}, ("visual_model",))


def test_splitting_puts_every_part_on_one_side():
    trainable, frozen = freezing.split({"a": 1, "b": 2, "c": 3}, ("b",))
    assert (trainable, frozen) == ({"a": 1, "c": 3}, {"b": 2})


# A toy for the loop: three parts, a loss that needs all of them, a batch that is a function of the step.
def toy_params():
    rng = np.random.default_rng(9)
    sizes = {"first": (3, 4), "second": (4, 2), "offset": (2,)}
    return {name: {"kernel": jnp.asarray(rng.normal(size=size), jnp.float32)} for name, size in sizes.items()}


def toy_loss(params, batch):
    hidden = jnp.tanh(batch["x"] @ params["first"]["kernel"])
    return jnp.mean((hidden @ params["second"]["kernel"] + params["offset"]["kernel"][None] - batch["y"]) ** 2)


def toy_batch(step):
    x = np.random.default_rng([10, step]).normal(size=(8, 3)).astype(np.float32)
    return {"x": x, "y": x[:, :2] * 2}


def toy_validate(params):
    return {"valid_loss": float(toy_loss(params, toy_batch(10**6)))}


def no_validation(params):
    return {"valid_loss": 0.0}


def train(folder, batch_of=toy_batch, validate=toy_validate, frozen=()):
    task = Task(toy_params(), toy_loss, batch_of, validate, frozen)
    return loop.fit(task, Plan(optimiser(learning_rate=3e-2), UPDATES, EVERY), pathlib.Path(folder), lambda line: None)


def assert_same(result, expected):
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(np.asarray(a), np.asarray(b)), result[0], expected[0])
    assert files.dumps(result[1]) == files.dumps(expected[1])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return train(tmp_path_factory.mktemp("undisturbed"))


def test_training_lowers_the_loss_and_keeps_the_best_of_the_curve(undisturbed):
    params, curve = undisturbed
    losses = [row["valid_loss"] for row in curve]
    assert [row["step"] for row in curve] == [0, 5, 10, 12]
    assert min(losses) < 0.9 * losses[0]
    assert toy_validate(params)["valid_loss"] == pytest.approx(min(losses), rel=1e-6)


def test_the_best_checkpoint_is_returned_and_not_the_last(here):
    scores = iter([5.0, 1.0, 3.0, 4.0])
    seen = []

    def validate(params):
        seen.append(jax.device_get(params))
        return {"valid_loss": next(scores)}

    params, _ = train(here, validate=validate)
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(params), seen[1])


def test_training_leaves_the_callers_parameters_alone(here):
    params = toy_params()
    before = jax.device_get(params)
    task = Task(params, toy_loss, toy_batch, toy_validate, ["offset"])
    loop.fit(task, Plan(optimiser(), 2, 2), here, lambda line: None)
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(params), before)


@pytest.mark.parametrize("frozen", [("first",), ("second", "offset")])
def test_frozen_parts_keep_their_bits_and_have_no_optimiser_state(here, frozen):
    params, _ = train(here, frozen=frozen)
    for name, part in toy_params().items():
        same = np.asarray(params[name]["kernel"]).tobytes() == np.asarray(part["kernel"]).tobytes()
        assert same == (name in frozen)
    arrays = (here / f"{UPDATES:08d}" / checkpoints.ARRAYS).read_bytes()
    assert all((f"['{name}/kernel']".encode() in arrays) == (name not in frozen) for name in toy_params())


@pytest.mark.parametrize("name", ["adamw", "adabelief_2021"])
def test_frozen_towers_keep_their_bits_under_weight_decay_too(here, name):
    params = dual_encoder.initial(ITALIAN, jax.random.key(0), 20.0)
    batch = {"image": np.ones((4, 16), np.float32), "text": np.eye(4, 16, dtype=np.float32)}
    settings = optimiser(name=name, weight_decay=0.1, warmup_share=0.0)
    frozen = ("vision_model", "text_model", "logit_scale")
    task = Task(params, objective.loss_on_features(4), lambda step: batch, no_validation, frozen)
    trained, _ = loop.fit(task, Plan(settings, 3, 3), here, lambda line: None)
    for part in frozen:
        jax.tree.map(np.testing.assert_array_equal, jax.device_get(trained[part]), jax.device_get(params[part]))
    assert not np.array_equal(trained["text_projection"]["kernel"], params["text_projection"]["kernel"])


def test_training_on_cached_features_equals_training_with_frozen_towers_in_the_loop(here):
    params = jax.device_get(dual_encoder.initial(ITALIAN, jax.random.key(1), 20.0))
    pixels, encoded = pictures(seed=1, count=24), texts(seed=2, count=24)
    encoder = Encoder(ITALIAN, 24)
    image, text = encoder.images(params, pixels), encoder.texts(params, encoded)

    def rows(step):
        return np.random.default_rng([3, step]).permutation(24)[:8]

    def run(folder, loss, batch_of):
        task = Task(params, loss, batch_of, no_validation, ("vision_model", "text_model", "logit_scale"))
        return loop.fit(task, Plan(optimiser(warmup_share=0.0), 6, 6), here / folder, lambda line: None)[0]

    cached = run("cached", objective.loss_on_features(8), lambda step: {"image": image[rows(step)], "text": text[rows(step)]})
    in_loop = run(
        "loop",
        objective.loss_on_pixels(ITALIAN, 8),
        lambda step: {
            "pixels": pixels[rows(step)],
            "ids": encoded.ids[rows(step)],
            "mask": encoded.mask[rows(step)],
        },
    )
    for name in ("visual_projection", "text_projection"):
        np.testing.assert_allclose(cached[name]["kernel"], in_loop[name]["kernel"], rtol=0, atol=1e-5)
        assert np.abs(cached[name]["kernel"] - params[name]["kernel"]).max() > 1e-3


@pytest.mark.parametrize("change", [{"updates": 13}, {"evaluate_every": 4}, {"optimiser": optimiser(learning_rate=2e-2)}])
def test_a_checkpoint_of_other_settings_is_refused(here, change):
    train(here)
    task = Task(toy_params(), toy_loss, toy_batch, toy_validate)
    with pytest.raises(InputError, match="00000012: was saved with other settings.*delete the folder"):
        loop.fit(task, Plan(optimiser(learning_rate=3e-2), UPDATES, EVERY)._replace(**change), here, lambda line: None)


CHANGES = {
    "another shape": lambda params: {**params, "offset": {"kernel": jnp.zeros(3)}},
    "another type": lambda params: {**params, "offset": {"kernel": jnp.zeros(2, jnp.bfloat16)}},
    "one more": lambda params: {**params, "third": {"kernel": jnp.zeros(2)}},
    "one less": lambda params: {name: part for name, part in params.items() if name != "second"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_checkpoint_of_another_model_is_refused_by_the_name_of_the_array(here, change):
    train(here)
    task = Task(CHANGES[change](toy_params()), toy_loss, toy_batch, toy_validate)
    with pytest.raises(InputError, match=r"00000012: `.*(offset|third|second)/kernel.*`.*delete the folder"):
        loop.fit(task, Plan(optimiser(learning_rate=3e-2), UPDATES, EVERY), here, lambda line: None)


class Killed(BaseException):
    """Stands for a process that ends at once."""


@pytest.mark.parametrize("step", range(UPDATES))
def test_a_run_killed_at_any_step_and_started_again_ends_with_the_same_bytes(here, undisturbed, step):
    def batch_of(number):
        if number == step:
            raise Killed
        return toy_batch(number)

    with pytest.raises(Killed):
        train(here, batch_of)
    assert_same(train(here), undisturbed)


@pytest.mark.parametrize("evaluation", range(4))
def test_a_run_killed_at_any_evaluation_and_started_again_ends_with_the_same_bytes(here, undisturbed, evaluation):
    left = [evaluation]

    def validate(params):
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return toy_validate(params)

    with pytest.raises(Killed):
        train(here, validate=validate)
    assert_same(train(here), undisturbed)


def test_a_finished_run_started_again_computes_nothing_and_ends_with_the_same_bytes(here, undisturbed):
    train(here)

    def nothing(step):
        raise AssertionError(f"step {step} ran again")

    assert_same(train(here, nothing), undisturbed)


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


DAMAGE = {"a flipped bit": flipped, "a cut": lambda content: content[: len(content) // 2], "nothing left": lambda _: b""}


@pytest.mark.parametrize("file", [checkpoints.ARRAYS, checkpoints.VALUES, files.MANIFEST, "deleted"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(here, undisturbed, capsys, file, damage):
    train(here)
    newest = sorted(here.glob("0*"))[-1]
    if file == "deleted":
        (newest / checkpoints.ARRAYS).unlink()
    else:
        (newest / file).write_bytes(DAMAGE[damage]((newest / file).read_bytes()))
    steps = []

    def batch_of(step):
        steps.append(step)
        return toy_batch(step)

    assert_same(train(here, batch_of), undisturbed)
    assert steps == [10, 11]
    assert capsys.readouterr().err == f"{newest}: damaged checkpoint skipped\n"


def test_a_run_all_of_whose_checkpoints_are_damaged_starts_anew(here, undisturbed):
    train(here)
    for path in here.glob("0*/arrays.safetensors"):
        path.write_bytes(b"")
    assert_same(train(here), undisturbed)


def test_only_the_two_newest_checkpoints_are_kept(here):
    train(here)
    assert sorted(os.listdir(here)) == ["00000010", "00000012", throughput.FILE]


@pytest.mark.parametrize("step", [0, 7, 11])
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_its_batch(here, step):
    def batch_of(number):
        batch = toy_batch(number)
        if number == step:
            batch["x"][2, 1] = np.nan
        return batch

    with pytest.raises(InputError, match=rf"not finite at update {step + 1}; the batch is in .*diverged-{step}\.npz; lower"):
        train(here, batch_of)
    with np.load(here / f"diverged-{step}.npz") as saved:
        np.testing.assert_array_equal(saved["['x']"], batch_of(step)["x"])
        np.testing.assert_array_equal(saved["['y']"], batch_of(step)["y"])
    assert len(list(here.glob("0*"))) == step // EVERY  # nothing was saved after it went wrong


def test_a_validation_that_is_not_finite_stops_the_run(here):
    scores = iter([1.0, math.nan])
    with pytest.raises(InputError, match="a validation metric is not finite after update 5; lower"):
        train(here, validate=lambda params: {"valid_loss": next(scores)})
    assert not list(here.glob("0*"))


TERMINATED = """
import os, signal, sys
import tests.training.test_training as t
seen = []
def validate(params):
    seen.append(1)
    if len(seen) == 2:
        os.kill(os.getpid(), signal.SIGTERM)
    return t.toy_validate(params)
t.train(sys.argv[1], validate=validate)
"""


def test_a_run_asked_to_stop_saves_and_exits_and_ends_with_the_same_bytes(here, undisturbed):
    command = [sys.executable, "-c", TERMINATED, str(here / "state")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stderr) == (143, "")
    assert sorted(path.name for path in (here / "state").glob("0*")) == ["00000005", "00000006"]
    steps = []

    def batch_of(step):
        steps.append(step)
        return toy_batch(step)

    assert_same(train(here / "state", batch_of), undisturbed)
    assert steps[0] == 6
    shutil.rmtree(here / "state")


def test_negatives_are_those_of_the_own_block_and_a_broken_last_block_is_left_out():
    rng = np.random.default_rng(0)
    image, text = (jnp.asarray(unit(rng.standard_normal((11, 6))), jnp.float32) for _ in range(2))
    parts = [contrastive_loss(image[i : i + 4], text[i : i + 4], 20.0) for i in (0, 4)]

    def at_20(one, other):
        return contrastive_per_pair(one, other, 20.0)

    np.testing.assert_allclose(with_local_negatives(at_20, image, text, 4).mean(), np.mean(parts), rtol=1e-6)
    assert not np.isclose(with_local_negatives(at_20, image, text, 8).mean(), np.mean(parts))


def test_the_sigmoid_loss_asks_of_every_pair_whether_it_belongs_together():
    image, text = unit_rows(5), unit_rows(6)
    logits = 10 * np.asarray(image, np.float64) @ np.asarray(text, np.float64).T - 10
    naive = sum(math.log1p(math.exp(-logits[i, j] if i == j else logits[i, j])) for i in range(5) for j in range(5))
    np.testing.assert_allclose(sigmoid(image, text, 10.0, -10.0), naive / 5, rtol=1e-5)


def test_a_bias_among_the_parameters_makes_the_loss_the_sigmoid_one():
    image, text, scale = unit_rows(7), unit_rows(8), dual_encoder.log_scale(10.0)
    softmax = loss_per_pair({"logit_scale": scale})
    questions = loss_per_pair({"logit_scale": scale, "logit_bias": jnp.float32(-3.0)})
    np.testing.assert_allclose(softmax(image, text).mean(), contrastive_loss(image, text, 10.0), rtol=1e-5)
    np.testing.assert_allclose(questions(image, text).mean(), sigmoid(image, text, 10.0, -3.0), rtol=1e-5)


@pytest.mark.parametrize("negatives", [0, 1, 48, 256])
def test_negatives_that_do_not_divide_the_batch_are_refused(negatives):
    content = config.section(TrainingSettings, "training", "mini").model_dump()
    with pytest.raises(InputError, match="`negatives` is"):
        config.parse(TrainingSettings, content | {"negatives": negatives}, "the profile")


@pytest.mark.parametrize("profile", ["mini", "paper"])
@pytest.mark.parametrize(("recipe", "frozen", "tuned"), [("paper_2021", 50 / 26, 1), ("released_2021", 1, 17 / 4)])
def test_the_recipes_of_2021_stop_their_schedules_where_2021_did(profile, recipe, frozen, tuned):
    settings = config.arm(TrainingSettings, recipe, profile)
    assert settings.batch == 8 * settings.negatives  # a block for each device of a TPU v3-8
    assert 1 / settings.frozen_optimiser.run_share == pytest.approx(frozen)
    assert 1 / settings.optimiser.run_share == pytest.approx(tuned)


def test_validation_metrics_are_the_losses_of_whole_blocks_and_the_mean_reciprocal_rank():
    params = jax.device_get(dual_encoder.initial(ITALIAN, jax.random.key(2), 10.0))
    rng = np.random.default_rng(5)
    image, text = (rng.normal(size=(11, 16)).astype(np.float32) for _ in range(2))
    values = objective.validator(lambda _: image, lambda _: text, 4, ["a", "b"] * 5 + ["c"])(params)
    i = unit(image @ params["visual_projection"]["kernel"])
    t = unit(text @ params["text_projection"]["kernel"])
    for name, scale in (("valid_loss", 10.0), ("valid_loss_at_20", 20.0)):
        blocks = [contrastive_loss(jnp.asarray(i[s : s + 4]), jnp.asarray(t[s : s + 4]), scale) for s in (0, 4)]
        assert values[name] == pytest.approx(np.mean(blocks), rel=1e-5)
    ranks = [1 + list(np.argsort(-row)).index(own) for own, row in enumerate(t @ i.T)]
    assert values["valid_mrr@10"] == pytest.approx(np.mean([1 / rank if rank <= 10 else 0 for rank in ranks]), rel=1e-5)
    cosines = i @ t.T
    assert values["valid_cosine"] == pytest.approx(np.diag(cosines).mean(), abs=1e-6)
    assert values["valid_cosine_of_others"] == pytest.approx(cosines[~np.eye(11, dtype=bool)].mean(), abs=1e-6)
    assert (values["valid_loss_a"] + values["valid_loss_b"]) / 2 == pytest.approx(values["valid_loss"], rel=1e-6)
    assert "valid_loss_c" not in values  # its only pair is in the block that is left out


def test_a_validation_of_less_than_a_batch_is_an_error_that_says_so():
    rows = np.ones((3, 16), np.float32)
    params = jax.device_get(dual_encoder.initial(ITALIAN, jax.random.key(2), 10.0))
    with pytest.raises(InputError, match="3 validation pairs are fewer than the batch of 4; lower `batch`"):
        objective.validator(lambda _: rows, lambda _: rows, 4)(params)


def towers_batch(count=8):
    encoded = texts(2, count)
    return {"pixels": pictures(1, count), "ids": encoded.ids, "mask": encoded.mask}


def value_and_gradient(loss, batch, params):
    value, grads = jax.jit(jax.value_and_grad(loss))(params, batch)
    return {"value": value, **freezing.split(grads, ())[0]}


def assert_close(ours, theirs, tolerance):
    largest = {name: float(np.abs(leaf).max()) for name, leaf in theirs.items()}
    least = 1e-2 * max(largest.values())  # the gradient of keys' biases is zero but for rounding
    for name, leaf in theirs.items():
        np.testing.assert_allclose(ours[name], leaf, rtol=0, atol=tolerance * max(largest[name], least), err_msg=name)


@pytest.mark.parametrize(("negatives", "parts"), [(8, 4), (4, 2)])
def test_accumulation_keeps_the_value_and_the_gradient_of_the_whole_batch(negatives, parts):
    params, batch = jax.device_get(dual_encoder.initial(ITALIAN, jax.random.key(4), 20.0)), towers_batch()
    whole = value_and_gradient(objective.loss_on_pixels(ITALIAN, negatives), batch, params)
    in_turn = value_and_gradient(objective.loss_on_pixels(ITALIAN, negatives, PLAIN, parts), batch, params)
    assert_close(in_turn, whole, 1e-5)


def test_accumulation_needs_the_memory_of_one_part():
    params = dual_encoder.shapes(ITALIAN)

    def bytes_of(parts):
        grad = jax.jit(jax.grad(objective.loss_on_pixels(ITALIAN, 256, PLAIN, parts)))
        return grad.lower(params, towers_batch(256)).compile().memory_analysis().temp_size_in_bytes

    assert bytes_of(8) < bytes_of(1) / 3


def test_dropped_values_depend_on_seed_and_step_and_not_on_accumulation():
    params = jax.device_get(dual_encoder.initial(ITALIAN, jax.random.key(4), 20.0))
    policy = ComputePolicy(text_dropout=0.1)

    def at(seed, step, parts=1):
        batch = {**towers_batch(), "seed": np.uint32(seed), "step": np.uint32(step)}
        return value_and_gradient(objective.loss_on_pixels(ITALIAN, 8, policy, parts), batch, params)

    first = at(0, 0)
    assert_close(at(0, 0, 4), first, 1e-5)
    assert len({float(at(*place)["value"]) for place in ((0, 0), (0, 1), (1, 0))}) == 3
