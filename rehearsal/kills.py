"""Training that is killed: `python -m rehearsal.kills`, 20 times in each phase.

At profile tiny with longer phases and a checkpoint every few updates, three seeds: each phase runs undisturbed once. Then it starts
anew 20 times, its whole group of processes is killed with -9 at a moment drawn anew, and it is started again: the models and the
journals of all seeds must have the bytes of the undisturbed run. It runs in .rehearsal/kills.
"""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

from clip_italian import config, files, journal
from rehearsal import copying

STUDY, PROFILE, PARAMS = copying.ROOT / "kills", pathlib.Path("profiles/tiny.yaml"), pathlib.Path("params.yaml")
ARM, PHASES = "full", {"pretrain": "frozen", "finetune": "tuned"}
TIMES, PAUSE = 20, 0.03  # seconds at most between the checkpoint and the kill
TRAINING = {"frozen_updates": 600, "tuned_updates": 600, "evaluate_every": 10}
SEEDS = 3
CELLS = pathlib.Path(".state/cells")


def main() -> None:
    """Kills and compares; a difference is exit code 1."""
    copying.refresh(STUDY)
    params = config.read_yaml(PARAMS) | {"profile": PROFILE.stem, "seeds": list(range(SEEDS))}
    files.write_json(STUDY / PARAMS, params)  # JSON is YAML
    profile = config.read_yaml(PROFILE)
    profile["training"] |= TRAINING
    files.write_json(STUDY / PROFILE, profile)
    random.seed(0)
    with contextlib.chdir(STUDY):
        wanted = [f"{phase}@{ARM}" for phase in PHASES]
        subprocess.run([sys.executable, "-m", "pipeline.supervise", "dvc", "repro", "--quiet", *wanted], check=True)
        differing = sum(kill(phase) for phase in PHASES)
    sys.exit(bool(differing))


def kill(phase: str) -> int:
    """Kills a phase so many times and prints where; returns how often what came out differed."""
    forget(phase)
    undisturbed, differing = finished(phase), 0
    for number in range(1, TIMES + 1):
        forget(phase)
        reached = killed(phase)
        same = finished(phase) == undisturbed
        differing += not same
        verdict = "the same bytes" if same else "OTHER BYTES"
        print(f"{phase} {number}: killed with checkpoints {reached} (seed: update); {verdict}", flush=True)
    print(f"{phase}: {TIMES - differing} of {TIMES} times the bytes of the undisturbed run, {undisturbed[:16]}", flush=True)
    return differing


def start(phase: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stages", phase, ARM]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finished(phase: str) -> str:
    """Runs a phase to its end, from its checkpoints where it has some; the digest of its models and journals."""
    if start(phase).wait():
        sys.exit(f"{phase}: failed; `python -m stages {phase} {ARM}` in {pathlib.Path.cwd()} says why")
    return files.tree_digest(*outputs(phase))


def outputs(phase: str) -> tuple[pathlib.Path, pathlib.Path]:
    return pathlib.Path("models", PROFILE.stem, PHASES[phase], ARM), journal.path(PROFILE.stem, ARM, phase)


def forget(phase: str) -> None:
    """Removes what a phase made, and its checkpoints."""
    for path in [*outputs(phase), *CELLS.glob(f"{phase}-{ARM}-*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def killed(phase: str) -> dict[int, int]:
    """Starts a phase and kills it a little after a seed has a checkpoint of an update, both drawn; the newest of each seed."""
    seed, update = random.randrange(SEEDS), random.randrange(TRAINING["frozen_updates"] - 2 * TRAINING["evaluate_every"])
    process = start(phase)
    while newest(phase).get(seed, 0) < update:
        if process.poll() is not None:
            sys.exit(f"{phase}: ended before it was killed, at update {update} of seed {seed}")
        time.sleep(0.001)
    time.sleep(random.uniform(0, PAUSE))
    os.killpg(process.pid, signal.SIGKILL)
    if process.wait() != -signal.SIGKILL:
        sys.exit(f"{phase}: ended before it was killed, after update {update} of seed {seed}; lower PAUSE")
    return newest(phase)


def newest(phase: str) -> dict[int, int]:
    """The update of the newest checkpoint of each seed that has one."""
    found: dict[int, int] = {}
    for checkpoint in CELLS.glob(f"{phase}-{ARM}-*/*/state/????????"):
        seed = int(checkpoint.parts[2].rsplit("-", 1)[1])
        found[seed] = max(found.get(seed, 0), int(checkpoint.name))
    return dict(sorted(found.items()))


if __name__ == "__main__":
    main()
