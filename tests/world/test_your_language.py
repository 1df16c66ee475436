"""The profile of another language: in what it differs from the main one, and what the page on it says."""

import pathlib
import re
from typing import Any

import pytest

from clip_italian import config
from clip_italian.world.languages import known

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs/your-language.md").read_text()
TABLE = ROOT / "studies/german/paper/tables/readme.md"
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))
# All in which profiles/german.yaml differs from profiles/mini.yaml.
LANGUAGE = {
    "backbones.imported.italian_bert.repository",
    "curate.language",
    "curate.tagger",
    "curate.text.languages",
    "evaluation.errors.associations",
    "evaluation.language",
    "export.data",
    "export.language",
    "export.texts",
    "published.language",
    "translation.from_english.model",
    "translation.language",
    "translation.to_english.model",
    "world.language",
}


def profile(name: str) -> dict[str, Any]:
    return config.read_yaml(ROOT / "profiles" / f"{name}.yaml")


def different(ours: Any, theirs: Any, name: str = "") -> set[str]:
    """The names of the keys below `name` whose values differ."""
    if not isinstance(ours, dict):
        return set() if ours == theirs else {name}
    assert ours.keys() == theirs.keys(), name
    return {one for key in ours for one in different(ours[key], theirs[key], f"{name}.{key}" if name else key)}


def test_german_differs_from_the_main_profile_in_its_language_alone() -> None:
    assert different(profile("mini"), profile("german")) == LANGUAGE


def test_the_page_names_every_setting_that_differs() -> None:
    missing = [name for name in LANGUAGE if f"`{name.removesuffix('.repository')}`" not in PAGE]
    assert missing == []


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_speaks_one_language_throughout(name: str) -> None:
    content = profile(name)
    stated = [content[part]["language"] for part in ("world", "published", "translation", "curate", "export")]
    assert {*stated, content["curate"]["text"]["languages"][0]} == {content["world"]["language"]}
    assert known.of(content["world"]["language"]).code not in content["curate"]["text"]["languages"][1:]


@pytest.mark.parametrize("name", [name for name in PROFILES if profile(name)["world"]["kind"] == "drawn"])
def test_a_drawn_profile_reads_its_own_data(name: str) -> None:
    content = profile(name)
    paths = [content["curate"]["tagger"], *(content["translation"][one]["model"] for one in ("from_english", "to_english"))]
    assert all(path.startswith(f"data/{name}/raw/text/") for path in paths)


def test_the_pages_table_is_that_of_the_german_study() -> None:
    (shown,) = re.findall(r"<!-- results:[^\n]*-->\n(.*?)<!-- /results -->", PAGE, re.DOTALL)
    table = TABLE.read_text() if TABLE.exists() else "Not run yet.\n"
    assert shown == table, f"copy {TABLE.relative_to(ROOT)} between the markers of docs/your-language.md"


def test_the_paths_that_the_page_names_exist() -> None:
    named = re.findall(r"`((?:clip_italian|tests|profiles|docs|studies)/[\w./-]+)`", PAGE)
    assert len(named) > 5 and all((ROOT / path).exists() for path in named)
    assert all((ROOT / "docs" / link).exists() for link in re.findall(r"\]\(([^)#]+)\)", PAGE))
