"""The MLflow view of made-up journals; one store is shared, because making one takes seconds."""

import dataclasses
import json
import multiprocessing
import os
import pathlib
import shutil
import sqlite3
import threading
import time

import pytest
from mlflow import MlflowClient

from clip_italian import environment, files, journal, paths
from clip_italian.config import Params
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.journal import Journal
from clip_italian.runs import journals, mlflow, views
from clip_italian.runs import page as runs_page
from pipeline import lock
from tests.helpers import synthetic_study

PARAMS = Params(profile="tiny", arms=["original", "full"], curves=["frozen_4"], baselines=["mclip"], probed=["full"], seeds=[0, 1])
HEADLINE = "retrieval-seen/text_to_image/any/mrr@1"


def one_run(model, phase, seed, rate):
    curves = [{"step": step, "valid_loss": 3.0 - step / 20 - seed / 100} for step in range(0, 40, 10)]
    return Journal(
        phase,
        model,
        seed,
        {"rate": rate, "phase": phase},
        {"shards": "a" * 64},
        {"model.safetensors": "b" * 64},
        {"kept_step": 30.0},
        curves,
    )


def write_runs(model, phase, seeds, rate):
    journal.write(journal.path("tiny", model, phase), [one_run(model, phase, seed, rate) for seed in seeds])
    stage = "baselines" if phase == "baseline" else phase
    facts = {
        seed: {"started": 100.0 + seed, "ended": 200.0 + seed, "commit": "c" * 40, "pace": {".": {"pairs_per_second": 90.0 + seed}}}
        for seed in seeds
    }
    files.write_json(pathlib.Path("provenance/tiny", f"{stage}-{model}.json"), facts)


def write_curve(seeds):
    """A curve whose second phase made no update in seed 0: what the first reached counts."""
    written = []
    for seed in seeds:
        phases = {"pretrain": 0.2, "finetune": 0.3 if seed else None}
        for phase, reached in phases.items():
            rows = [] if reached is None else [{"step": 0.0, "valid_mrr@10": 0.1}, {"step": 30.0, "valid_mrr@10": reached}]
            metrics = {"valid_mrr@10": reached, "valid_loss_at_20": 2.0, "kept_step": 30} if rows else {}
            parameters = {"rate": 0.1, "phase": phase, "frozen_updates": 40}
            written.append(Journal(phase, "frozen_4", seed, parameters, {"shards": "a" * 64}, {}, metrics, rows))
    journal.write(paths.curves("tiny") / "frozen_4.jsonl", written)
    facts = {f"frozen_4-{seed}": {"started": 300.0 + seed, "ended": 400.0 + seed, "commit": "d" * 40} for seed in seeds}
    files.write_json(paths.provenance("tiny", "curves"), facts)


def write_results(seeds, shift=0.0):
    def entry(metric):
        values = {str(seed): {metric: 0.3 + seed / 100 + shift} for seed in seeds}
        mean = sum(value[metric] for value in values.values()) / len(seeds)
        return {"seeds": values, "mean": {metric: mean}, "sd": {}, "interval": {metric: [mean - 0.1, mean + 0.1]}}

    models = [*PARAMS.arms, *PARAMS.baselines]
    retrieval, mrr = HEADLINE.split("/", 1)
    for protocol, named, test_set, metric in (
        ("retrieval", models, retrieval, mrr),
        ("zeroshot", models, "zeroshot-seen", "acc@1"),
        ("probe", PARAMS.probed, "probe-seen", "acc@1"),
    ):
        files.write_json(
            pathlib.Path("results/tiny", f"{protocol}.json"),
            {"models": {model: {test_set: entry(metric)} for model in named}},
        )


def write_study(seeds=(0, 1), rate=0.1):
    for model in PARAMS.arms:
        write_runs(model, "pretrain", seeds, rate)
        write_runs(model, "finetune", seeds, rate)
    write_runs("mclip", "baseline", seeds, 0.5)
    backbone = Journal("backbones", "english_clip", 0, {}, {}, {}, {}, [])
    journal.write(journal.path("tiny", "english_clip", "backbones"), [backbone])
    write_results(seeds)
    write_curve(seeds)
    files.write_text(pathlib.Path("paper/figures/one.svg"), "<svg/>")


def fill(params=PARAMS):
    return mlflow.fill("tiny", journals.read(params, []), [pathlib.Path("paper/figures/one.svg")], lock.read())


def stored():
    client = MlflowClient(f"sqlite:///{mlflow.STORE.absolute()}")
    (experiment,) = [one for one in client.search_experiments() if one.name == "tiny"]
    return {
        run.info.run_name: run for run in client.search_runs([experiment.experiment_id]) if run.data.tags[mlflow.CURRENT] == "true"
    }


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A folder with a study and its filled store."""
    folder, before = tmp_path_factory.mktemp("store"), pathlib.Path.cwd()
    os.chdir(folder)
    write_study()
    fill()
    os.chdir(before)
    return folder


@pytest.fixture
def study(filled, here):
    """A copy of the filled study to change."""
    shutil.copytree(filled, here, dirs_exist_ok=True)
    return here


def test_every_seed_has_a_run_under_its_arm_with_curves_values_and_inputs(study):
    shown = stored()
    assert set(shown) == {"study tiny", "english_clip seed 0"} | {
        name for model in ("original", "full", "mclip", "frozen_4") for name in (model, f"{model} seed 0", f"{model} seed 1")
    }
    run, parent = shown["full seed 1"], shown["full"]
    assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert run.data.tags["mlflow.source.git.commit"] == "c" * 40
    assert run.data.tags["clip_italian.sha256.finetune.model.safetensors"] == "b" * 64
    assert run.data.params["rate"] == "0.1" and run.data.params["finetune.phase"] == "finetune"
    assert run.data.metrics[HEADLINE.replace("@", "_at_")] == pytest.approx(0.31)
    assert run.data.metrics["pace/finetune/pairs_per_second"] == 91.0
    assert (run.info.start_time, run.info.end_time, run.info.status) == (101000, 201000, "FINISHED")
    assert [(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs] == [("shards", "a" * 36)]
    client = MlflowClient(f"sqlite:///{mlflow.STORE.absolute()}")
    curve = client.get_metric_history(run.info.run_id, "finetune/valid_loss")
    assert [(point.step, point.value) for point in sorted(curve, key=lambda point: point.step)] == journals.curve(
        journal.read(pathlib.Path("runs/tiny/full/finetune.jsonl"))[1], "valid_loss"
    )


def test_a_parent_shows_mean_and_interval_over_its_seeds(study):
    metrics = stored()["full"].data.metrics
    name = HEADLINE.replace("@", "_at_")
    assert [metrics[name], metrics[f"{name}/low"], metrics[f"{name}/high"]] == pytest.approx([0.305, 0.205, 0.405])


def test_an_arm_of_the_curves_shows_what_it_reached_on_the_validation_set(study):
    shown, place = stored(), "runs/tiny/curves/frozen_4.jsonl"
    first, second, parent = shown["frozen_4 seed 0"], shown["frozen_4 seed 1"], shown["frozen_4"]
    assert [one.data.metrics["valid_mrr_at_10"] for one in (first, second, parent)] == pytest.approx([0.2, 0.3, 0.25])
    assert [one.data.tags[mlflow.ROLE] for one in (first, second, parent)] == ["curve seed", "curve seed", "curve"]
    assert HEADLINE.replace("@", "_at_") not in parent.data.metrics
    assert second.data.tags["mlflow.source.git.commit"] == "d" * 40
    assert (second.info.start_time, second.info.end_time) == (301000, 401000)
    kept = mlflow.ARTIFACTS / "tiny" / second.info.run_id / "artifacts" / place
    assert journal.read(kept) == [one for one in journal.read(pathlib.Path(place)) if one.seed == 1]  # both phases


def test_the_md5s_of_an_arm_of_the_curves_are_those_of_their_stage(study):
    lock_entry = {"curves": {"outs": [{"path": "runs/tiny/curves", "md5": "e" * 32}]}}
    shown = {view.name: view for view in views.views("tiny", journals.read(PARAMS, []), [], lock_entry)}
    assert shown["frozen_4 seed 1"].tags["dvc.curves.outs.runs/tiny/curves"] == "e" * 32
    assert not any("curves" in tag for tag in shown["full seed 1"].tags)


def test_the_page_folds_the_curves_after_all_others_and_says_what_they_change(study):
    settings = EvaluationSettings.model_construct(**synthetic_study.EVALUATION)
    page = runs_page.page("tiny", journals.read(PARAMS, []), settings)
    before, after = page.split("<h2>Curves</h2>")
    assert "frozen_4" not in before and "<details><summary>1 arms that are" in after
    places = [after.index(f'href="#{model}"') for model in ("original", "full", "frozen_4")]
    assert places == sorted(places)
    assert "as original, but frozen_updates = 40" in after and "0.250" in after


def test_the_key_of_a_run_is_that_of_its_journals(study):
    phases = [journal.read(journal.path("tiny", "full", phase))[0] for phase in ("pretrain", "finetune")]
    run = stored()["full seed 0"]
    assert run.data.tags[mlflow.KEY] == journal.key(*phases)
    kept = mlflow.ARTIFACTS / "tiny" / run.info.run_id / "artifacts/runs/tiny/full"
    assert [journal.read(kept / f"{one.stage}.jsonl") for one in phases] == [[one] for one in phases]


def test_a_run_of_the_curves_has_the_journals_of_both_phases_and_the_pace_of_each(here):
    write_study()
    file = paths.curves("tiny") / "frozen_4.jsonl"
    journal.write(file, [one_run("frozen_4", phase, 0, 0.1) for phase in ("pretrain", "finetune")])
    pace = {"frozen": {"pairs_per_second": 7.0}, "tuned": {"pairs_per_second": 5.0}}
    files.write_json(
        paths.provenance("tiny", "curves"), {"frozen_4-0": {"started": 1.0, "ended": 2.0, "commit": None, "pace": pace}}
    )
    groups = [group for group in journals.read(PARAMS, []) if group.role == "curve"]
    assert [run.pace for run in groups[0].runs] == [{"pretrain/pairs_per_second": 7.0, "finetune/pairs_per_second": 5.0}]
    shown = {view.name: view.texts for view in views.views("tiny", groups, [], {})}
    assert shown["frozen_4 seed 0"] == {"runs/tiny/curves/frozen_4.jsonl": file.read_text()}


def test_files_lie_where_a_bare_server_looks_and_survive_a_move(study):
    run = stored()["study tiny"]
    assert run.info.artifact_uri == f"mlflow-artifacts:/tiny/{run.info.run_id}/artifacts"
    assert (mlflow.ARTIFACTS / "tiny" / run.info.run_id / "artifacts/paper/figures/one.svg").read_text() == "<svg/>"


def test_filling_again_changes_nothing(study):
    before = {name: run.info.run_id for name, run in stored().items()}
    content = mlflow.STORE.read_bytes()
    assert fill() == {"created": 0, "updated": 0, "kept": 14, "superseded": 0}
    assert {name: run.info.run_id for name, run in stored().items()} == before
    assert mlflow.STORE.read_bytes() == content


def test_changed_runs_supersede_the_old_and_come_back_with_their_old_ids(study):
    before = {name: run.info.run_id for name, run in stored().items()}
    write_study(rate=0.2)
    counts = fill()
    assert (counts["created"], counts["superseded"]) == (6, 6)
    assert stored()["full seed 0"].info.run_id != before["full seed 0"]
    assert stored()["mclip seed 0"].info.run_id == before["mclip seed 0"]
    write_study()
    counts = fill()
    assert (counts["created"], counts["superseded"]) == (0, 6)
    assert {name: run.info.run_id for name, run in stored().items()} == before


def test_another_seed_joins_its_arm_and_the_mean_follows(study):
    before = {name: run.info.run_id for name, run in stored().items()}
    write_study(seeds=(0, 1, 2))
    assert fill(PARAMS.model_copy(update={"seeds": [0, 1, 2]}))["created"] == 4
    shown = stored()
    assert {name: shown[name].info.run_id for name in before} == before
    assert shown["full"].data.metrics[HEADLINE.replace("@", "_at_")] == pytest.approx(0.31)


def test_a_new_evaluation_replaces_the_values_of_the_same_run(study):
    before = stored()["full seed 0"].info.run_id
    write_results((0, 1), shift=-0.2)
    assert fill()["updated"] == 9
    after = stored()["full seed 0"]
    assert after.info.run_id == before
    assert after.data.metrics[HEADLINE.replace("@", "_at_")] == pytest.approx(0.1)


def test_a_run_left_unfinished_by_a_kill_is_completed(study):
    client = MlflowClient(f"sqlite:///{mlflow.STORE.absolute()}")
    run = stored()["full seed 0"]
    client.delete_tag(run.info.run_id, mlflow.CONTENT)
    client.update_run(run.info.run_id, status="RUNNING")
    assert fill() == {"created": 0, "updated": 1, "kept": 13, "superseded": 0}
    assert stored()["full seed 0"].info.status == "FINISHED"


def test_a_locked_store_is_waited_for_and_then_named(study, monkeypatch):
    monkeypatch.setattr(mlflow, "WAIT", 0.2)
    write_results((0, 1), shift=0.1)
    with sqlite3.connect(mlflow.STORE, isolation_level=None, check_same_thread=False) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(InputError, match=r"^mlflow.db: database is locked; stop what uses it[^\n]*$"):
            fill()
        monkeypatch.setattr(mlflow, "WAIT", 20.0)
        threading.Timer(0.3, holder.execute, ["ROLLBACK"]).start()
        assert fill()["updated"] == 9


def test_a_second_writer_waits_for_the_first(study, monkeypatch):
    monkeypatch.setattr(mlflow, "WAIT", 0.2)
    with (
        environment.only_one("mlflow"),
        pytest.raises(InputError, match="another process fills mlflow.db; wait for it"),
    ):
        fill()


def test_a_damaged_store_is_named_with_the_remedy(study):
    mlflow.STORE.write_bytes(b"not a database" * 100)
    with pytest.raises(InputError, match=r"^mlflow.db: file is not a database; .*delete it and run `make mlflow-fill`"):
        fill()


def test_two_processes_and_a_kill_on_a_fresh_store_end_with_one_run_each(study):
    mlflow.STORE.unlink()
    shutil.rmtree(mlflow.ARTIFACTS)
    fork = multiprocessing.get_context("fork")  # a fresh interpreter would spend most of the test importing mlflow
    killed = fork.Process(target=fill)
    killed.start()
    deadline = time.monotonic() + 60
    while not mlflow.STORE.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.join()
    writers = [fork.Process(target=fill) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    client = MlflowClient(f"sqlite:///{mlflow.STORE.absolute()}")
    (experiment,) = [one for one in client.search_experiments() if one.name == "tiny"]
    found = client.search_runs([experiment.experiment_id])
    assert len(found) == 14 and all(run.info.status == "FINISHED" for run in found)


def test_the_page_shows_every_run_and_asks_for_nothing(study):
    settings = EvaluationSettings.model_construct(**synthetic_study.EVALUATION)
    groups = journals.read(PARAMS, [])
    page = runs_page.page("tiny", groups, settings)
    assert page == runs_page.page("tiny", journals.read(PARAMS, []), settings)
    for group in groups:
        for run in group.runs:
            assert run.key[: journal.KEY_LENGTH] in page
    assert not any(word in page for word in ("http://", "https://", "<script", "@import", "url("))
    hostile = "<script>\"'&"
    renamed = runs_page.page(hostile, [dataclasses.replace(groups[0], model=hostile), *groups[1:]], settings)
    assert "<script" not in renamed and renamed.count("&lt;script&gt;&#34;&#39;&amp;") >= 5
    assert set(json.loads(journals.index(groups))) == {f"{run.model}/{run.seed}" for group in groups for run in group.runs}
