"""The whole study at profile tiny, in a copy of the repository."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.helpers.graph import GRAPH, paths, stage_of
from tests.helpers.repository_copy import TINY, Copy


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("watch"))
    copy.ran = copy.repro()
    copy.commit()
    return copy


def test_the_whole_study_runs_from_nothing_to_the_paper_and_the_runs(study):
    assert {"download", "finetune@full", "curves", "embed", "baselines@mclip", "track"} <= set(study.ran)
    assert (study.root / "paper/paper.pdf").read_bytes().startswith(b"%PDF")
    assert "full" in (study.root / "site/runs.html").read_text()
    assert (study.root / "mlflow.db").exists()
    shown = study.run("dvc", "metrics", "show").stdout
    assert "full.retrieval-seen/text_to_image/any/mrr@1" in shown.replace(" ", "") or "results/tiny/summary.json" in shown


def test_nothing_runs_a_second_time_and_a_bare_clone_needs_nothing(study, tmp_path):
    assert study.repro() == []
    study.run("git", "clone", "-q", str(study.root), str(tmp_path / "clone"))
    done = subprocess.run(
        ["dvc", "repro", "--allow-missing", "--dry"],
        cwd=tmp_path / "clone",
        env=study.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and "Running stage" not in done.stdout, done.stdout + done.stderr


def test_stages_open_nothing_that_their_deps_do_not_name(study):
    lines = (line.split(" ", 1) for line in study.log.read_text().splitlines() if " " in line)
    # Code is in the listings, tested above; a bare name that is not there was opened relative to the folder that holds it.
    opened = {
        (stage, path) for stage, path in lines if not re.search(r"\.pyc?$", path) and ("/" in path or (study.root / path).exists())
    }
    free = (".state", "params.yaml", "profiles", "provenance", "dvc.lock", "mlflow.db", "mlartifacts", ".git")
    strangers = set()
    for stage, path in opened:
        entries = [name for name in GRAPH if stage_of(name) == stage]
        named = {path for name in entries for kind in ("deps", "outs", "metrics") for path in paths(name, kind)}
        patterns = [re.sub(r"\\\$\\\{[\w.\\]+\\\}", "[^/]+", re.escape(one)) + "(/.*)?" for one in named]
        temporary = re.search(r"/?\.[^/]+\.\d+\.tmp", path)  # what becomes an output when it is whole
        if not (
            path.startswith(free) or temporary or path.endswith("__init__.py") or any(re.fullmatch(one, path) for one in patterns)
        ):
            strangers.add(f"{stage}: {path}")
    assert len(opened) > 100
    assert sorted(strangers) == []


def test_deleted_outputs_come_back_from_the_cache(study):
    lock = study.lock()
    for name in ("data", "models", "embeddings"):
        shutil.rmtree(study.root / name)
    study.run("dvc", "checkout")
    assert study.repro() == []
    assert study.lock() == lock


def test_one_arms_value_reruns_that_arm_and_what_follows(study):
    def changed(name, before, after):
        """The stages that DVC finds changed after an edit of a profile."""
        profile = study.root / f"profiles/{name}.yaml"
        text = profile.read_text()
        assert text.count(before) == 1
        profile.write_text(text.replace(before, after))
        assert study.repro("settings") == ["settings"]
        told = study.run("dvc", "status", check=False).stdout
        profile.write_text(text)
        assert study.repro("settings") in ([], ["settings"])  # DVC may remember
        return set(re.findall(r"^(\S+):$", told, re.MULTILINE))

    again = {"curves"}  # it lists all arms: it looks at its cells again, and trains none
    trained = {"pretrain@original", "finetune@original"} | again
    assert changed("tiny", "  original: {", "  original: {batch: 4, negatives: 4, ") == trained
    assert changed("drawn", "    learned_scale: true\n", "    learned_scale: false\n") == trained
    assert changed("drawn", "frozen_only: {tuned_updates: 0}", "frozen_only: {}") == again  # an arm that does not run
    assert changed("drawn", "  tuned_updates: 660 ", "  tuned_updates: 661 ") == set()  # tiny has its own number
    assert changed("paper", "  tuned_updates: 19470 ", "  tuned_updates: 19471 ") == {
        "analyse"
    }  # which shows the real data's settings


def test_another_seed_trains_alone_and_an_orphan_never_counts(study):
    before = {path.name: path.stat().st_ino for path in (study.root / ".state/cells").iterdir()}
    (study.root / "params.yaml").write_text(TINY + "  - 1\n")
    ran = study.repro("finetune@full", "baselines@mclip")  # DVC takes what does not depend on each other in any order
    assert sorted(ran) == ["backbones", "baselines@mclip", "features", "finetune@full", "pretrain@full", "settings"]
    after = {path.name for path in (study.root / ".state/cells").iterdir()} - before.keys()
    backbones = {"backbones-english_clip-1", "backbones-italian_bert-1"}
    assert after == backbones | {"pretrain-full-1", "finetune-full-1", "baselines-mclip-1"}
    for name in ("english_clip", "italian_bert"):
        weights = [(study.root / f"models/tiny/backbones/{seed}/{name}/model.safetensors").read_bytes() for seed in (0, 1)]
        assert weights[0] != weights[1]
    (study.root / "params.yaml").write_text(TINY)


def test_verify_finds_a_flipped_bit_that_dvc_does_not_see(study):
    assert "none damaged" in study.run(sys.executable, "-m", "pipeline.verify").stdout
    victim = max(
        (path for path in (study.root / ".dvc/cache/files/md5").rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    mode = victim.stat().st_mode
    os.chmod(victim, 0o644)
    victim.write_bytes(content)
    os.chmod(victim, mode)
    done = study.run(sys.executable, "-m", "pipeline.verify", check=False)
    content[len(content) // 2] ^= 1
    os.chmod(victim, 0o644)
    victim.write_bytes(content)
    os.chmod(victim, mode)
    assert done.returncode == 1 and victim.name in done.stderr and "dvc repro" in done.stderr
    assert done.stderr.count("\n") == 1
