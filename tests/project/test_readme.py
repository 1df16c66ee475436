"""The README says what is there: its table, its links, its tree and its commands."""

import pathlib
import re

import pytest

from clip_italian import config

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
TABLE = ROOT / "paper/tables/readme.md"
CODE = re.findall(r"^```(?:sh|python)?\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def made() -> set[str]:
    """What the stages write at profile mini."""
    stages = config.read_yaml(ROOT / "dvc.yaml")["stages"].values()
    items = [item for stage in stages for kind in ("outs", "metrics") for item in stage.get(kind, [])]
    names = [item if isinstance(item, str) else next(iter(item)) for item in items]
    return {"dvc.lock", "provenance/mini"} | {name.replace("${profile}", "mini") for name in names}


def there(name: str) -> bool:
    """Whether a path, or a pattern of paths, is in the repository or made by a stage."""
    folder = name.rstrip("/")
    return any(ROOT.glob(folder)) or any(f"{path}/".startswith(f"{folder}/") for path in made()) or inside(folder)


def inside(name: str) -> bool:
    return any(name.startswith(f"{path}/") for path in made())


def test_the_table_is_the_results_table() -> None:
    (shown,) = re.findall(r"<!-- results:[^\n]*-->\n(.*?)<!-- /results -->", TEXT, re.DOTALL)
    assert shown.strip() == TABLE.read_text().strip(), "copy paper/tables/readme.md between the markers of README.md"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_links_lead_somewhere(target: str) -> None:
    assert there(target)


def test_the_tree_names_what_is_there() -> None:
    (tree,) = [block for block in CODE if "params.yaml  " in block]
    parent, names = "", []
    for line in tree.splitlines():
        listed = re.split(r"\s{2,}", line.strip())[0] if not line.startswith("  ") else line.split()[0]
        inner = line.startswith("  ")
        parent = parent if inner else listed
        names += [parent + listed] if inner else re.split(r",\s*", listed)
    assert len(names) > 40
    assert [name for name in names if not there(name)] == []


def test_every_stage_and_package_is_in_the_tree() -> None:
    packages = [path.name for path in (ROOT / "clip_italian").iterdir() if path.is_dir()]
    missing = [name for name in packages if f"  {name}/" not in TEXT]
    stages = {stage["cmd"].split()[4] for stage in config.read_yaml(ROOT / "dvc.yaml")["stages"].values()}
    missing += [name for name in stages if f"{name}.py" not in TEXT and not name.startswith("evaluate_")]
    assert [name for name in missing if name != "__pycache__"] == []


def test_make_targets_and_settings_that_it_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([a-z-]+)`", TEXT)) | set(re.findall(r"^make ([a-z-]+)", TEXT, re.MULTILINE))
    assert {"repro", "test", "mlflow", "verify"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    ((path, key),) = re.findall(r"-S '([\w/.]+):([\w.]+)=", TEXT)
    content = config.read_yaml(ROOT / path)
    for part in key.split("."):
        content = content[part]
