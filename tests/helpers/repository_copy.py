"""The repository in a folder of its own, at profile tiny: for tests that run the graph."""

import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
ARMS, CURVES = ["original", "full"], ["full_5", "equal_100"]
BASELINES = ["english_clip", "mclip", "english_control"]
LISTS = {"arms": ARMS, "curves": CURVES, "baselines": BASELINES, "probed": ["english_clip", "full"]}
MODELS = "".join(f"{name}: [{', '.join(values)}]\n" for name, values in LISTS.items())
TINY = f"profile: tiny\n{MODELS}seeds:\n  - 0\n"
# Loaded by every Python process of the copy: which of its files a stage, or a process that it starts, opens.
WATCH = """
import os, sys
if sys.orig_argv[1:3] == ["-m", "stages"]:
    os.environ["WATCH_STAGE"] = sys.orig_argv[3]
root, log, stage = os.getcwd() + os.sep, os.environ["WATCH"], os.environ.get("WATCH_STAGE")
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)) and not watch.busy:
        path = os.path.abspath(os.fspath(arguments[0]))
        if path.startswith(root):
            watch.busy = True
            with open(log, "a") as file:
                file.write(f"{stage} {path[len(root):]}\\n")
            watch.busy = False
watch.busy = False
if stage:
    sys.addaudithook(watch)
"""


class Copy:
    """The repository in another folder with its own cache, at profile tiny."""

    def __init__(self, root, watch):
        self.root, self.log = root, watch / "opened.txt"
        tracked = (
            "analysis",
            "clip_italian",
            "docs",
            "paper",
            "pipeline",
            "profiles",
            "stages",
            "dvc.yaml",
            ".dvcignore",
            ".gitignore",
        )
        for name in tracked:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "figures", "tables", "*.pdf")
                )
            else:
                shutil.copy(ROOT / name, root / name)
        for path in ROOT.glob("studies/*/params.yaml"):  # and nothing that came out of them
            (root / path.relative_to(ROOT)).parent.mkdir(parents=True)
            shutil.copy(path, root / path.relative_to(ROOT))
        (root / "own").mkdir()
        shutil.copy(ROOT / "own/README.md", root / "own")  # and nobody's pictures
        (root / ".dvc").mkdir()
        for name in ("config", ".gitignore"):
            shutil.copy(ROOT / ".dvc" / name, root / ".dvc" / name)
        (root / "params.yaml").write_text(TINY)
        (watch / "sitecustomize.py").write_text(WATCH)
        binaries = pathlib.Path(sys.executable).parent
        self.environment = {
            "HOME": str(watch),
            "PATH": f"{binaries}:/usr/bin:/bin",
            "PYTHONPATH": str(watch),
            "WATCH": str(self.log),
            "PYTHONPYCACHEPREFIX": str(watch / "bytecode"),
            # Programs of tiny run for less time than they take to compile; their speed is not what these tests are about.
            "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
        }
        self.run("git", "init", "-q")
        self.commit()

    def run(self, *command, check=True):
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True)
        assert not check or done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def commit(self):
        self.run("git", "add", "--all")
        self.run("git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x")

    def repro(self, *arguments):
        """Runs `dvc repro` and returns the stages that ran."""
        done = self.run("dvc", "repro", *arguments)
        return re.findall(r"Running stage '([^']+)'", done.stdout)

    def lock(self):
        return (self.root / "dvc.lock").read_bytes()
