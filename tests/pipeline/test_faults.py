"""Faults that a stranger's machine and hand will produce: each is one line that names the cause and the remedy."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

from clip_italian import environment, files
from tests.pipeline.test_environment import ROOT, WAITING, alive, wait_for

PARAMS = "profile: mini\narms: [full]\ncurves: [full_5]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0]\n"
BINARIES = pathlib.Path(sys.executable).parent


@pytest.fixture
def copy(here):
    """A folder with the settings and the code, and nothing computed."""
    for name in ("profiles", "stages", "pipeline", "clip_italian", "analysis"):
        (here / name).symlink_to(ROOT / name)
    (here / "params.yaml").write_text(PARAMS)
    return here


def stage(*arguments, **extra):
    """Runs a stage as dvc does and returns its exit code and its last words."""
    variables = {"PATH": f"{BINARIES}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": os.getcwd()} | extra
    done = subprocess.run([sys.executable, "-m", "stages", *arguments], capture_output=True, text=True, env=variables)
    return done.returncode, done.stderr


def own_profile(copy, name, before, after):
    """Changes one place of a profile, in a copy of all."""
    (copy / "profiles").unlink()
    shutil.copytree(ROOT / "profiles", copy / "profiles")
    path = copy / f"profiles/{name}.yaml"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after, 1))


def says(result, *words):
    """Exit code 1, one line, and all the words in it."""
    code, error = result
    assert code == 1 and error.count("\n") == 1, error
    assert all(word in error for word in words), error


def test_a_typo_in_params_stops_every_stage_with_one_line(copy):
    (copy / "params.yaml").write_text(PARAMS.replace("mini", "mni"))
    says(stage("curate"), "params.yaml", "`profile`", "did you mean `mini`")
    (copy / "params.yaml").write_text(PARAMS.replace("seeds", "seds"))
    says(stage("curate"), "params.yaml", "`seds`", "did you mean `seeds`")


def test_a_typo_in_a_profile_stops_the_stage_with_one_line(copy):
    own_profile(copy, "drawn", "valid_share:", "valid_shere:")
    says(stage("curate"), "profiles/drawn.yaml", "`valid_shere`", "did you mean `valid_share`")


def test_a_typo_in_what_a_profile_says_to_differ_stops_the_stage_with_one_line(copy):
    own_profile(copy, "mini", "tagger:", "tager:")
    says(stage("curate"), "profiles/mini.yaml", "`tager`", "did you mean `tagger`")


def test_a_value_of_the_wrong_type_stops_the_stage_with_one_line(copy):
    own_profile(copy, "drawn", "threads: 2", "threads: two")
    says(stage("curate"), "profiles/drawn.yaml", "`threads`", "'two'")


def test_an_arm_that_the_profile_lacks_is_named(copy):
    says(stage("pretrain", "ful"), "profiles/drawn.yaml", "no `ful`", "did you mean `full`")


def test_missing_raw_data_is_named_with_the_remedy(copy):
    says(stage("curate"), "data/mini/raw", "missing", "dvc repro")
    assert not (copy / "data").exists() and not (copy / "reports").exists()


def test_missing_results_are_named_with_the_remedy(copy):
    says(stage("track"), "results/mini/retrieval.json", "missing", "dvc repro")
    assert not (copy / "mlflow.db").exists()


def test_an_unknown_baseline_is_named(copy):
    says(stage("baselines", "mclop"), "params.yaml", "`mclop`", "mclip")


def test_a_second_stage_beside_the_first_is_refused_with_the_holders_id(copy):
    with environment.only_one("curate"):
        says(stage("curate"), "`curate` is already running", str(os.getpid()), "wait for it or stop it")


def test_a_full_disk_stops_a_stage_with_one_line_and_leaves_nothing_half_written(copy):
    limit = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'stages', 'download'])"
    )
    (copy / "params.yaml").write_text(PARAMS.replace("mini", "tiny"))
    # Without bytecode: Python leaves a truncated .pyc behind when a file may not grow.
    variables = {"PATH": f"{BINARIES}:/usr/bin:/bin", "HOME": os.getcwd(), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", limit], capture_output=True, text=True, env=variables)
    says((done.returncode, done.stderr), "data/tiny/raw", "cannot be written", "free space")
    assert not any(path.is_file() for path in (copy / "data").rglob("*"))


def test_a_stage_dies_with_dvc_under_every_shell_that_dvc_may_use(copy):
    (copy / "wait.py").write_text(WAITING)
    for number, shell in enumerate((None, "/bin/bash", "/bin/sh")):
        folder = copy / f"study{number}"
        (folder / ".dvc").mkdir(parents=True)
        files.write_text(folder / ".dvc/config", "[core]\n    no_scm = True\n    analytics = false\n")
        files.write_text(folder / "dvc.yaml", f"stages:\n  wait:\n    cmd: exec {sys.executable} ../wait.py\n    outs: [pid]\n")
        variables = {
            "PATH": f"{BINARIES}:/usr/bin:/bin",
            "HOME": str(copy),
            "PYTHONPATH": str(ROOT),
            "DVC_NO_ANALYTICS": "1",
        }
        variables |= {"SHELL": shell} if shell else {}
        dvc = subprocess.Popen([BINARIES / "dvc", "repro", "-q"], cwd=folder, env=variables)
        pid = wait_for(lambda folder=folder: (folder / "pid").exists() and (folder / "pid").read_text())
        assert pid and alive(pid)
        dvc.send_signal(signal.SIGKILL)
        dvc.wait()
        assert wait_for(lambda pid=pid: not alive(pid)), f"survived under {shell}"


def test_a_second_dvc_repro_beside_the_first_is_refused_and_harms_nothing(here):
    (here / ".dvc").mkdir()
    files.write_text(here / ".dvc/config", "[core]\n    no_scm = True\n    analytics = false\n")
    slow = "touch started; until [ -e go ]; do sleep 0.1; done; echo done > out"
    files.write_text(here / "dvc.yaml", f"stages:\n  slow:\n    cmd: {slow}\n    outs: [out]\n")
    variables = {"PATH": f"{BINARIES}:/usr/bin:/bin", "HOME": str(here), "DVC_NO_ANALYTICS": "1"}
    first = subprocess.Popen([BINARIES / "dvc", "repro", "-q"], env=variables)
    assert wait_for((here / "started").exists)
    second = subprocess.run([BINARIES / "dvc", "repro"], env=variables, capture_output=True, text=True)
    (here / "go").touch()
    assert first.wait() == 0 and (here / "out").read_text() == "done\n"
    assert second.returncode != 0 and str(first.pid) in second.stderr


def test_nothing_in_the_project_unpickles_or_reads_yaml_loosely():
    forbidden = ("pickle.load", "torch.load", "yaml.load(", "allow_pickle=True", "shell=True", "os.system(")
    for folder in ("clip_italian", "pipeline", "stages", "analysis"):
        for path in (ROOT / folder).rglob("*.py"):
            found = [word for word in forbidden if word in path.read_text()]
            assert not found, f"{path}: {found}"
