"""Forged results of a commit are refused: by the commit's other files, by the ranks on this disk, by a rerun's."""

import contextlib
import copy
import hashlib
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from clip_italian import config, files, paths
from clip_italian.errors import InputError
from clip_italian.evaluation.study import comparisons, errors, labels, retrieval, zeroshot
from clip_italian.evaluation.study.settings import EvaluationSettings
from pipeline import committed, consistency, shipped
from tests.helpers import synthetic_study

PROFILE = synthetic_study.PROFILE
MRR, ACCURACY = "retrieval-seen/text_to_image/any/mrr@10", "zeroshot-seen/acc@1"
EXPORT = config.profile("tiny", pathlib.Path(config.__file__).parents[1] / "profiles").content["export"] | {
    "arm": "full",
    "seed": 0,
}
NAMES = ("retrieval", "zeroshot", "labels", "errors", "comparisons", "summary")


def evaluate():
    """Writes the results files of the made-up study, and its dvc.lock."""
    params, settings = config.params(), config.section(EvaluationSettings, "evaluation")
    for module in (retrieval, zeroshot, labels, errors, comparisons):
        module.evaluate(params, settings)
    content = read()
    summary = {model: {e: mean_of(content, model, e) for e in (MRR, ACCURACY)} for model in synthetic_study.QUALITY}
    files.write_json(paths.results(PROFILE, "summary"), summary)
    write_lock()


def read():
    return {name: files.read_json(paths.results(PROFILE, name)) for name in NAMES if paths.results(PROFILE, name).exists()}


def mean_of(content, model, endpoint):
    return consistency.entry_of(content, model, endpoint)["mean"][endpoint.partition("/")[2]]


def write_lock():
    """dvc.lock, in which a stage has each output."""
    outs = [paths.results(PROFILE, name) for name in NAMES] + [paths.items(PROFILE, protocol) for protocol in committed.RANKED]
    stages = {}
    for path in outs:
        content = b"".join(file.read_bytes() for file in files.files_below(path))
        out = {"path": path.as_posix(), "md5": hashlib.md5(content, usedforsecurity=False).hexdigest()}
        stages[path.as_posix().replace("/", "_")] = {"cmd": "x", "outs": [out]}
    files.write_json(pathlib.Path("dvc.lock"), {"schema": "2.0", "stages": stages})  # JSON is YAML


def commit():
    for command in (["init", "-q"], ["add", "results/*/*.json", "dvc.lock"]):
        subprocess.run(["git", *command], check=True)
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"], check=True)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with contextlib.chdir(folder):
        synthetic_study.write_all(images=120)
        evaluate()
        commit()
    return folder


@pytest.fixture
def study(evaluated, tmp_path, monkeypatch):
    """A copy that a test may spoil; embeddings and data are the same."""
    for name in ("results", ".git", "profiles"):
        shutil.copytree(evaluated / name, tmp_path / name, symlinks=True)
    for name in ("params.yaml", "dvc.lock"):
        shutil.copy(evaluated / name, tmp_path / name)
    (tmp_path / "data").symlink_to(evaluated / "data")
    monkeypatch.chdir(tmp_path)
    return read()


def test_an_honest_commit_passes_and_each_digit_is_checked(study, capsys):
    committed.check(config.params())
    told = capsys.readouterr().out
    assert "numbers of the last commit agree with one another" in told
    assert "committed numbers are theirs to the digit" in told


def raised(values, metric, by=0.01):
    """Raises a metric of a results entry in all that states it: every seed, the mean, the intervals."""
    for seed in values["seeds"].values():
        seed[metric] = round(seed[metric] + by, 6)
    values["mean"][metric] = round(values["mean"][metric] + by, 6)
    for name in ("interval", "item_interval", "bounds"):
        values[name][metric] = [round(limit + by, 6) for limit in values[name][metric]]


def raised_everywhere(content, model, endpoint, by=0.01):
    """Raises a model's results by a point in retrieval.json or zeroshot.json, in the summary and in all its comparisons."""
    raised(consistency.entry_of(content, model, endpoint), endpoint.partition("/")[2], by)
    content["summary"][model][endpoint] = mean_of(content, model, endpoint)
    for row in [*content["comparisons"]["primary"], *content["comparisons"]["exploratory"]]:
        sign = (row["first"] == model) - (row["second"] == model)
        if row["endpoint"] == endpoint and sign:
            row["seeds"] = {seed: round(value + sign * by, 6) for seed, value in row["seeds"].items()}
            row["difference"] = round(row["difference"] + sign * by, 6)
            row["interval"] = [round(limit + sign * by, 6) for limit in row["interval"]]
            row["effect"] = comparisons.effect(np.array(row["interval"]), content["comparisons"]["smallest_effect"] / 100)


def raise_row(content):
    row = content["comparisons"]["primary"][0]
    row["seeds"] = {seed: value + 0.01 for seed, value in row["seeds"].items()}
    row["difference"] += 0.01


def flip_row(content):
    row = next(row for row in content["comparisons"]["primary"] if row["effect"] == "above")
    row["seeds"] = {seed: -value for seed, value in row["seeds"].items()}
    row["difference"], row["effect"] = -row["difference"], "below"
    for name in ("interval", "item_interval"):
        row[name] = [-limit for limit in row[name][::-1]]


def reword(content):
    content["comparisons"]["primary"][0]["effect"] = "within"


def raise_one_seed(content):
    consistency.entry_of(content, "full", MRR)["seeds"]["1"]["text_to_image/any/mrr@10"] += 0.01


def raise_p(content):
    content["comparisons"]["primary"][0]["p_holm"] /= 2


FORGERIES = {
    "a comparison by a point": (raise_row, "comparisons.json: `primary/0 .*by retrieval.json and zeroshot.json"),
    "a decided comparison's sign": (flip_row, "comparisons.json: `primary/.*by retrieval.json and zeroshot.json"),
    "a word": (reword, "comparisons.json: `primary/0 .*effect`"),
    "one seed": (raise_one_seed, "retrieval.json: `models/full/retrieval-seen/mean/.*by its seeds"),
    "a corrected p": (raise_p, "comparisons.json: `primary/0 .*p_holm"),
    "an arm's MRR by a point, everywhere": (
        lambda content: raised_everywhere(content, "full", MRR),
        "retrieval.json: `models/full/retrieval-seen/seeds/0/text_to_image/any/mrr@10` .* by the recalls",
    ),
    "an arm's accuracy by a point, everywhere": (
        lambda content: raised_everywhere(content, "full", ACCURACY),
        "zeroshot.json: `models/full/zeroshot-seen/seeds/0/acc@1` .* by whole hits of 120 queries",
    ),
    "an arm's accuracy by six images, everywhere": (
        lambda content: raised_everywhere(content, "full", ACCURACY, 0.05),
        "by McNemar's counts|by zeroshot.json|by the whole test set",
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_commit_contradicts_itself(study, name):
    forge, message = FORGERIES[name]
    forge(study)
    with pytest.raises(InputError, match=message):
        consistency.check(consistency.among_themselves(study))


def test_a_model_that_one_file_lacks_is_named(study):
    del study["retrieval"]["models"]["full"]
    with pytest.raises(InputError, match="one lacks 'full', which another has"):
        consistency.check(consistency.among_themselves(study))


def test_what_contradicts_nothing_else_is_found_by_the_ranks_of_this_disk(study):
    row = study["comparisons"]["primary"][0]
    row["item_interval"][0] -= 0.001
    assert consistency.check(consistency.among_themselves(study)) > 1000
    params, settings = config.params(), config.section(EvaluationSettings, "evaluation")
    with pytest.raises(InputError, match=r"comparisons.json: `primary/0/item_interval/0` is .*by the items"):
        consistency.check(consistency.with_items(study, params, settings))


def test_a_results_file_that_is_not_the_locked_one_is_named(study):
    changed = copy.deepcopy(study["comparisons"])
    changed["primary"][0]["item_interval"][0] -= 0.001
    files.write_json(paths.results(PROFILE, "comparisons"), changed)
    commit()
    with pytest.raises(InputError, match=r"^results/made_up/comparisons.json: the last commit's is not the one of its dvc.lock"):
        committed.check(config.params())


def test_without_items_it_says_that_nothing_was_compared_with_them(study, capsys):
    shutil.rmtree(paths.items(PROFILE, "retrieval"))
    committed.check(config.params())
    assert "nothing compared with ranks of single items, which are not here" in capsys.readouterr().out


def test_other_ranks_of_the_same_embeddings_are_refused(study):
    lock = files.read_json(pathlib.Path("dvc.lock"))
    (name,) = (name for name in lock["stages"] if name.endswith("items_retrieval"))
    lock["stages"]["evaluate_retrieval"] = lock["stages"].pop(name)
    files.write_json(pathlib.Path("dvc.lock"), lock)
    commit()
    lock["stages"]["evaluate_retrieval"]["outs"][0]["md5"] = "0" * 32
    files.write_json(pathlib.Path("dvc.lock"), lock)
    with pytest.raises(
        InputError, match=r"^results/made_up/items/retrieval: the last commit has other ranks of the same embeddings"
    ):
        committed.check(config.params())


def test_the_model_in_git_must_have_its_committed_results_on_any_processor(study, evaluated, monkeypatch):
    def embedded(folder, model, data, retrieval_sets, zeroshot_sets, templates):
        for test_set in (*retrieval_sets, *zeroshot_sets):
            shutil.copy(evaluated / "embeddings" / PROFILE / "full/0" / f"{test_set}.npz", folder)

    monkeypatch.setattr(shipped.assembly, "load", lambda folder: (folder / "model.safetensors").read_bytes())
    monkeypatch.setattr(shipped.embed, "write_tests", embedded)
    export = files.read_json(pathlib.Path("profiles", f"{PROFILE}.yaml")) | {"export": EXPORT}
    files.write_json(pathlib.Path("profiles", f"{PROFILE}.yaml"), export)
    assert shipped.check(PROFILE, {"model.safetensors": b""}, study) == 28
    for endpoint in (MRR, ACCURACY):
        forged = copy.deepcopy(study)
        raised_everywhere(forged, "full", endpoint)
        with pytest.raises(InputError, match=r"`models/full/.*-seen/seeds/0/.* by demo/model"):
            shipped.check(PROFILE, {"model.safetensors": b""}, forged)


def test_a_rerun_with_other_bits_is_compared_by_the_spread_of_seeds(study, capsys):
    lock = files.read_json(pathlib.Path("dvc.lock"))
    for stage in lock["stages"].values():
        if "/items/" in stage["outs"][0]["path"]:
            stage["outs"][0]["md5"] = "0" * 32
    files.write_json(pathlib.Path("dvc.lock"), lock)
    committed.check(config.params())
    told = capsys.readouterr().out
    assert "other bits than the last commit" in told and "may go unnoticed on this processor" in told
    for endpoint in (MRR, ACCURACY):
        raised_everywhere(study, "full", endpoint, -0.3)
    for name in NAMES:
        files.write_json(paths.results(PROFILE, name), study[name])
    with pytest.raises(
        InputError, match=r"^results: `full` under .* moved by -|full - .* is `above` in the last commit and `below`"
    ):
        committed.check(config.params())
