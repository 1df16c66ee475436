"""The graph of dvc.yaml against the code: layers, dependencies, settings."""

import ast
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

from clip_italian import config
from pipeline.imports import PACKAGES, closure, direct_imports, stage_modules, stage_names, write_listings
from tests.helpers.graph import GRAPH, ROOT, paths, stage_of

PROFILES = config.profiles(ROOT / "profiles")
MODULES = [path.relative_to(ROOT) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
# A layer imports its own and earlier ones. The rest of clip_italian (views, verification) may import any of them.
LAYERS = (
    ("config", "errors", "files", "journal", "environment", "devices", "paths", "templates"),
    ("world", "data", "models", "checkpoints"),
    ("training", "evaluation"),
    ("use", "runs"),
    ("cli",),
)


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

    assert [str(path) for path in MODULES if imports(path, "mlflow")] == ["clip_italian/runs/mlflow.py"]
    assert [str(path) for path in MODULES if path.parts[0] == "analysis" and imports(path, "jax")] == []


def test_one_module_names_where_the_study_lies():
    named = re.compile(r"""Path\(f?["'](data|models|embeddings|results|reports|params|profiles|site|paper|demo)\b""")
    naming = [str(path) for path in MODULES if path.parts[0] != "benchmarks" and named.search((ROOT / path).read_text())]
    assert naming == ["clip_italian/paths.py"]


def inert(node):
    """Whether a statement of a package has no effect: a docstring, `typing`, a constant, or what is imported on demand."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "typing"
    if isinstance(node, ast.Assign):
        return all(isinstance(inner, (ast.List, ast.Constant, ast.Load)) for inner in ast.walk(node.value))
    return isinstance(node, ast.Expr) or (isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__"))


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=str)
def test_packages_do_nothing_when_imported_so_that_leaving_them_out_of_deps_hides_nothing(path):
    assert all(inert(node) for node in ast.parse((ROOT / path).read_text()).body)


# --- The graph against the code ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in GRAPH if name != "code"])
def test_a_stage_depends_on_the_listing_of_its_own_code(name):
    assert [path for path in paths(name, "deps") if path.startswith("reports/code/")] == [f"reports/code/{stage_of(name)}.txt"]


def test_the_listings_depend_on_all_code_that_a_stage_can_import():
    imported = {path.parts[0] for stage in stage_names(ROOT) for path in stage_modules(ROOT, stage)}
    assert imported == set(paths("code", "deps"))


def test_a_listing_names_what_a_stage_loads_and_changes_with_it(tmp_path):
    for folder in PACKAGES[:-1]:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    write_listings(tmp_path / "before", tmp_path)
    program = (
        "import sys, stages.__main__, stages.curate\n"
        "print(*(getattr(one, '__file__', None) for one in sys.modules.values()), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {path for path in map(pathlib.Path, done.stdout.splitlines()) if path.is_relative_to(tmp_path)}
    listed = {tmp_path / line.split("  ")[1] for line in (tmp_path / "before/curate.txt").read_text().splitlines()}
    assert {path for path in loaded if path.name != "__init__.py"} == listed

    edited = pathlib.Path("clip_italian/data/curation/duplicates.py")
    with open(tmp_path / edited, "a") as module:
        module.write("# changed\n")
    write_listings(tmp_path / "after", tmp_path)
    before, after = ({path.stem: path.read_text() for path in (tmp_path / name).iterdir()} for name in ("before", "after"))
    changed = {stage for stage in before if before[stage] != after[stage]}
    assert changed == {stage for stage in before if edited in stage_modules(ROOT, stage)}
    assert "curate" in changed and "finetune" not in changed


# Where work is done changes no result (test_curate.py, test_preparation.py), or the last bits of one (test_launching.py):
# another number of workers or of processes must not make the stages stale.
UNTRACKED = {"workers", "launch"}
BEFORE = ("code", "settings")  # what they write depends on no number of threads, the one setting that they read


@pytest.mark.parametrize("name", [name for name in GRAPH if name not in BEFORE])
def test_params_name_the_sections_that_a_stage_reads_and_no_other(name):
    read = {section for path in stage_modules(ROOT, stage_of(name)) for section in sections_read(path)}
    (listed,) = [item["reports/${profile}/settings.json"] for item in GRAPH[name]["params"] if isinstance(item, dict)]
    assert {re.sub(r"\.\$\{item\.\w+\}", "", section) for section in listed} == read - UNTRACKED


def sections_read(path):
    """The profile's sections that a module reads: the names in `section(Type, "name")`, and those that `arm` joins."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "config":
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
        # The publishers are data, of which a drawn world has none; operations on views are chosen by name.
        return {key: None if key in ("publishers", "operations") else tree(inner) for key, inner in value.items()}

    def keys(profile):
        return tree({name: part for name, part in content(profile).items() if name not in ("arms", "baselines")})

    def content(profile):
        return config.profile(profile, ROOT / "profiles").content

    for profile in PROFILES:
        assert keys(profile) == keys("drawn"), profile
        assert content(profile)["baselines"].keys() == content("drawn")["baselines"].keys(), profile


def test_a_difference_states_nothing_that_its_base_states_too():
    def repeated(own, base, name=""):
        for key, value in own.items():
            if isinstance(value, dict) and value:
                yield from repeated(value, base.get(key, {}), f"{name}.{key}")
            elif base.get(key, ...) == value:
                yield f"{name}.{key}"

    for profile in PROFILES:
        own, *base = config.profile(profile, ROOT / "profiles").files.values()
        assert [key for whole in base for key in repeated(own, whole)] == [], profile


def test_all_that_trains_or_is_tested_waits_for_the_audit():
    makers = {path: name for name in GRAPH for kind in ("outs", "metrics") for path in paths(name, kind)}

    def before(name):
        """The stages that an entry waits for."""
        near = {maker for one in paths(name, "deps") for path, maker in makers.items() if overlap(one, path)}
        return near.union(*map(before, near))

    def overlap(one, other):
        return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")

    free = {"code", "settings", "download", "shop", "translate", "curate", "audit", "import_backbones"}
    assert {name for name in GRAPH if "audit" not in before(name)} == free
