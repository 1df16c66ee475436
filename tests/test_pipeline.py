"""The graph of dvc.yaml against the code, and the whole study at profile tiny in a copy of the repository."""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from clip_italian import config, verify
from clip_italian.imports import PACKAGES, closure, direct_imports, stage_modules, stage_names, write_listings
from tests.planting import first_of, plant

ROOT = pathlib.Path(__file__).parents[1]
GRAPH = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))
MODULES = [path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
# A layer imports its own and earlier ones. The rest of clip_italian (views, verification) may import any of them.
LAYERS = (
    ("config", "errors", "files", "journal", "environment"),
    ("world", "data", "models"),
    ("training", "evaluation"),
    ("use",),
)


def stage_of(name):
    """The stage module that an entry of the graph runs."""
    return GRAPH[name]["cmd"].removeprefix("exec python -m stages ").split()[0]


def paths(name, kind):
    """The paths of an entry's `deps`, `outs` or `metrics`."""
    return [item if isinstance(item, str) else next(iter(item)) for item in GRAPH[name].get(kind, [])]


def layer(path):
    """The number of a module's layer, None for what lies above all."""
    if path.parts[0] != "clip_italian":
        return None
    return next((number for number, names in enumerate(LAYERS) if pathlib.PurePath(path.parts[1]).stem in names), None)


# --- Layout -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_imports_only_its_own_layer_and_those_below(path):
    for other in direct_imports(ROOT, path):
        if path.parts[0] != "stages":
            assert other.parts[0] != "stages", f"{path} imports a stage"
        if path.parts[0] == "clip_italian":
            assert other.parts[0] == "clip_italian", f"{path} imports {other}"
        own, its = layer(path), layer(other)
        if own is not None:
            assert its is not None and its <= own, f"{path} imports {other}"
    assert not {"clip_italian/evaluation", "clip_italian/training"} <= {
        str(other.parent) for other in closure(ROOT, path) if path.parts[1:2] == ("evaluation",)
    }, f"{path} reaches training"


def test_only_one_module_imports_mlflow_and_no_analysis_imports_jax():
    def imports(path, name):
        return re.search(rf"^\s*(import|from) {name}\b", (ROOT / path).read_text(), re.MULTILINE)

    assert [str(path) for path in MODULES if imports(path, "mlflow")] == ["clip_italian/mlflow_view.py"]
    assert [str(path) for path in MODULES if path.parts[0] == "analysis" and imports(path, "jax")] == []


def inert(node):
    """Whether a statement of a package does nothing by itself: a docstring, `typing`, or what is looked up on demand."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "typing"
    return isinstance(node, ast.Expr) or (isinstance(node, ast.FunctionDef) and node.name == "__getattr__")


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=str)
def test_packages_do_nothing_when_imported_so_that_leaving_them_out_of_deps_hides_nothing(path):
    assert all(inert(node) for node in ast.parse((ROOT / path).read_text()).body)


# --- The graph against the code ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in GRAPH if name != "code"])
def test_a_stage_depends_on_the_listing_of_its_own_code(name):
    assert [path for path in paths(name, "deps") if path.startswith("reports/code/")] == [
        f"reports/code/{stage_of(name)}.txt"
    ]


def test_the_listings_depend_on_all_code_that_a_stage_can_import():
    imported = {path.parts[0] for stage in stage_names(ROOT) for path in stage_modules(ROOT, stage)}
    assert imported == set(paths("code", "deps"))


def test_a_listing_names_what_a_stage_loads_and_changes_with_it(tmp_path):
    for folder in PACKAGES[:-1]:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    write_listings(tmp_path / "before", tmp_path)
    program = "import sys, stages.curate; print(*(getattr(one, '__file__', None) for one in sys.modules.values()), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {path for path in map(pathlib.Path, done.stdout.splitlines()) if path.is_relative_to(tmp_path)}
    listed = {tmp_path / line.split("  ")[1] for line in (tmp_path / "before/curate.txt").read_text().splitlines()}
    assert {path for path in loaded if path.name != "__init__.py"} == listed - {tmp_path / "stages/__main__.py"}

    edited = pathlib.Path("clip_italian/data/duplicates.py")
    with open(tmp_path / edited, "a") as module:
        module.write("# changed\n")
    write_listings(tmp_path / "after", tmp_path)
    before, after = ({path.stem: path.read_text() for path in (tmp_path / name).iterdir()} for name in ("before", "after"))
    changed = {stage for stage in before if before[stage] != after[stage]}
    assert changed == {stage for stage in before if edited in stage_modules(ROOT, stage)}
    assert "curate" in changed and "finetune" not in changed


# Where work is done changes no result (tests/test_curate.py, test_preparation.py): another number of workers, or a cluster, must
# not make the stages stale.
UNTRACKED = {"workers"}


@pytest.mark.parametrize("name", GRAPH)
def test_params_name_the_sections_that_a_stage_reads_and_no_other(name):
    read = {section for path in stage_modules(ROOT, stage_of(name)) for section in sections_read(path)}
    (listed,) = [item["profiles/${profile}.yaml"] for item in GRAPH[name]["params"] if isinstance(item, dict)]
    assert {re.sub(r"\.\$\{item\.\w+\}", "", section) for section in listed} == read - UNTRACKED


def sections_read(path):
    """The profile's sections that a module reads: the names in `section(Type, "name")`, and those that `arm` joins."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "config"
        ):
            if node.func.attr == "section":
                yield ast.literal_eval(node.args[1])
            elif node.func.attr == "arm":
                yield from ("training", "arms")


def test_every_stage_is_in_the_graph_and_starts_by_exec():
    assert sorted({stage_of(name) for name in GRAPH}) == stage_names(ROOT)
    assert all(stage["cmd"].startswith("exec python -m stages ") for stage in GRAPH.values())


def test_what_a_stage_reads_is_in_git_or_made_by_a_stage():
    made = {path for name in GRAPH for kind in ("outs", "metrics") for path in paths(name, kind)}
    for name in GRAPH:
        for path in paths(name, "deps"):
            inside = any(f"{path}/".startswith(f"{one}/") or f"{one}/".startswith(f"{path}/") for one in made)
            if path not in PACKAGES and not inside:
                pattern = re.compile(re.escape(path).replace(r"\$\{item\.arm\}", r"\$\{item\.\w+\}"))
                assert (ROOT / path).exists() or any(pattern.fullmatch(one) for one in made), f"{name}: {path}"


def test_profiles_have_the_same_keys():
    def tree(value):
        if not isinstance(value, dict):
            return None
        # The publishers are data, of which a drawn world has none.
        return {key: None if key == "publishers" else tree(inner) for key, inner in value.items()}

    def keys(profile):
        return tree({name: part for name, part in content(profile).items() if name not in ("arms", "baselines")})

    def content(profile):
        return config.read_yaml(ROOT / "profiles" / f"{profile}.yaml")

    for profile in PROFILES:
        assert keys(profile) == keys("mini"), profile
        assert {name: set(content(profile)[name]) for name in ("arms", "baselines")} == {
            name: set(content("mini")[name]) for name in ("arms", "baselines")
        }, profile


# --- The study itself -------------------------------------------------------------------------------------------------
ARMS = ["original", "full"]
BASELINES = ["english_clip", "mclip", "english_control"]
MODELS = f"arms: [{', '.join(ARMS)}]\nbaselines: [{', '.join(BASELINES)}]\nprobed: [english_clip, full]\n"
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
        tracked = ("analysis", "clip_italian", "docs", "paper", "profiles", "stages", "dvc.yaml", ".dvcignore", ".gitignore")
        for name in tracked:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "figures", "tables", "*.pdf")
                )
            else:
                shutil.copy(ROOT / name, root / name)
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
            "PYTHONDONTWRITEBYTECODE": "1",
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


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("study"), tmp_path_factory.mktemp("watch"))
    copy.ran = copy.repro()
    copy.commit()
    return copy


def test_the_whole_study_runs_from_nothing_to_the_paper_and_the_runs(study):
    assert {"download", "finetune@full", "embed_baselines@mclip", "track"} <= set(study.ran)
    assert (study.root / "paper/paper.pdf").read_bytes().startswith(b"%PDF")
    assert "full" in (study.root / "site/runs.html").read_text()
    assert (study.root / "mlflow.db").exists()
    shown = study.run("dvc", "metrics", "show").stdout
    assert (
        "full.retrieval-seen/text_to_image/any/mrr@1" in shown.replace(" ", "") or "results/tiny/summary.json" in shown
    )


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
        (stage, path)
        for stage, path in lines
        if not re.search(r"\.pyc?$", path) and ("/" in path or (study.root / path).exists())
    }
    free = (".state", "params.yaml", "profiles", "provenance", "dvc.lock", "mlflow.db", "mlartifacts", ".git")
    strangers = set()
    for stage, path in opened:
        entries = [name for name in GRAPH if stage_of(name) == stage]
        named = {path for name in entries for kind in ("deps", "outs", "metrics") for path in paths(name, kind)}
        patterns = [re.sub(r"\\\$\\\{[\w.\\]+\\\}", "[^/]+", re.escape(one)) + "(/.*)?" for one in named]
        temporary = re.search(r"/?\.[^/]+\.\d+\.tmp", path)  # what becomes an output when it is whole
        if not (
            path.startswith(free)
            or temporary
            or path.endswith("__init__.py")
            or any(re.fullmatch(one, path) for one in patterns)
        ):
            strangers.add(f"{stage}: {path}")
    assert len(opened) > 100
    assert sorted(strangers) == []


def test_a_planted_test_picture_fails_the_study_before_anything_trains(tmp_path_factory):
    copy = Copy(tmp_path_factory.mktemp("planted"), tmp_path_factory.mktemp("watch"))
    copy.repro("curate")
    data = copy.root / "data/tiny"
    pair = first_of(data / "pairs/train.jsonl", "wit")
    plant(data / "raw", pair, "zeroshot-noun", "000001")
    copy.run("dvc", "commit", "--force", "download")
    done = copy.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert f"training picture {pair['id']} is test picture zeroshot-noun/000001 (mirrored picture" in done.stderr
    assert re.findall(r"Running stage '([^']+)'", done.stdout)[-1] == "audit"
    made = [name for name in ("models", "runs", "embeddings", "results", "data/tiny/shards") if (copy.root / name).exists()]
    assert made == []


def test_all_that_trains_or_is_tested_waits_for_the_audit():
    makers = {path: name for name in GRAPH for kind in ("outs", "metrics") for path in paths(name, kind)}

    def before(name):
        """The stages that an entry waits for."""
        near = {maker for one in paths(name, "deps") for path, maker in makers.items() if overlap(one, path)}
        return near.union(*map(before, near))

    def overlap(one, other):
        return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")

    free = {"code", "download", "translate", "curate", "audit", "import_backbones"}
    assert {name for name in GRAPH if "audit" not in before(name)} == free


def test_deleted_outputs_come_back_from_the_cache(study):
    lock = study.lock()
    for name in ("data", "models", "embeddings"):
        shutil.rmtree(study.root / name)
    study.run("dvc", "checkout")
    assert study.repro() == []
    assert study.lock() == lock


def test_one_arms_value_reruns_that_arm_and_what_follows(study):
    profile = study.root / "profiles/tiny.yaml"
    content = YAML(typ="rt", pure=True).load(profile)
    before = profile.read_text()
    content["arms"]["original"] = dict(content["arms"]["original"] or {}) | {"weight_decay_of_the_test": 0}
    YAML(typ="rt", pure=True).dump(content, profile)
    done = study.run("dvc", "status", check=False).stdout
    profile.write_text(before)
    changed = set(re.findall(r"^(\S+):$", done, re.MULTILINE))
    assert changed == {"pretrain@original", "finetune@original"}, done


def test_another_seed_trains_alone_and_an_orphan_never_counts(study):
    before = {path.name: path.stat().st_ino for path in (study.root / ".state/cells").iterdir()}
    (study.root / "params.yaml").write_text(TINY + "  - 1\n")
    trained = [f"finetune@{arm}" for arm in ARMS] + [f"baselines@{baseline}" for baseline in BASELINES]
    ran = study.repro(*trained)
    assert set(trained) - {"baselines@english_clip"} <= set(ran) and "backbones" not in ran and "features" not in ran
    after = {path.name for path in (study.root / ".state/cells").iterdir()} - before.keys()
    assert after == {f"{stage}-{arm}-1" for stage in ("pretrain", "finetune") for arm in ARMS} | {
        f"baselines-{name}-1" for name in BASELINES[1:]
    }
    (study.root / "params.yaml").write_text(TINY)


def test_verify_finds_a_flipped_bit_that_dvc_does_not_see(study):
    assert "none damaged" in study.run(sys.executable, "-m", "clip_italian.verify").stdout
    victim = max(
        (path for path in (study.root / verify.CACHE).rglob("*") if path.is_file()),
        key=lambda path: path.stat().st_size,
    )
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    mode = victim.stat().st_mode
    os.chmod(victim, 0o644)
    victim.write_bytes(content)
    os.chmod(victim, mode)
    done = study.run(sys.executable, "-m", "clip_italian.verify", check=False)
    content[len(content) // 2] ^= 1
    os.chmod(victim, 0o644)
    victim.write_bytes(content)
    os.chmod(victim, mode)
    assert done.returncode == 1 and victim.name in done.stderr and "dvc repro" in done.stderr
    assert done.stderr.count("\n") == 1
