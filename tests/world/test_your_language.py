"""The profile of another language: in what it differs from the main one, and what the page on it says."""

import pathlib
import re
from typing import Any

import pytest

from clip_italian import config
from clip_italian.errors import InputError
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages import corpus, known
from clip_italian.world.publishing import contrasts, examinations
from clip_italian.world.publishing.download import WorldSettings
from clip_italian.world.scenes.statements import Phrase, Statement
from tests.helpers.esperanto import ESPERANTO

ROOT = pathlib.Path(__file__).parents[2]
PAGE = (ROOT / "docs/your-language.md").read_text()
TABLE = ROOT / "studies/german/paper/tables/readme.md"
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))
# All in which profiles/german.yaml differs from profiles/drawn.yaml.
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
    return config.profile(name, ROOT / "profiles").content


def different(ours: Any, theirs: Any, name: str = "") -> set[str]:
    """The names of the keys below `name` whose values differ."""
    if not isinstance(ours, dict):
        return set() if ours == theirs else {name}
    assert ours.keys() == theirs.keys(), name
    return {one for key in ours for one in different(ours[key], theirs[key], f"{name}.{key}" if name else key)}


def test_german_differs_from_the_main_profile_in_its_language_alone() -> None:
    assert different(profile("drawn"), profile("german")) == different(profile("mini"), profile("german")) == LANGUAGE


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


# --- The recipe, performed --------------------------------------------------------------------------------------------
def test_a_language_needs_what_the_recipe_says_and_nothing_else() -> None:
    chair, cat = Phrase("chair", "light blue"), Phrase("cat", "black", "small", 2)
    assert ESPERANTO.plain(Statement((cat, chair), "on")) == "du malgrandaj nigraj katoj sur helblua seĝo"
    assert ESPERANTO.plain(Statement((chair, cat))) == "helblua seĝo kaj du malgrandaj nigraj katoj"
    assert ESPERANTO.mirrored(Statement((chair,), position="left")) == "helblua seĝo dekstre"
    assert ESPERANTO.things(Statement((cat, chair), "on")) == "Du nigraj katoj kaj helblua seĝo"
    assert ESPERANTO.say(Statement((chair,), ground="night"), "photo", rng_of(1, 1, 1)) == "Helblua seĝo nokte"
    assert ESPERANTO.label("key", "red", "wrong", True, True) == "ruĝa klavo"
    assert ESPERANTO.somewhere("Ruĝa domo.", "Bjalistoko") == "Ruĝa domo en Bjalistoko"


def test_a_new_language_has_labels_text_tagged_sentences_and_contrasts_of_the_same_scenes() -> None:
    assert len({entry["label"] for entry in examinations.classes(ESPERANTO)}) == len(examinations.classes(ESPERANTO))
    assert {corpus.corpus_line(1, number, ESPERANTO) for number in range(50)} > {"La urso dormas."}
    assert all('"words"' in line for line in corpus.sentences(range(50), 1, ESPERANTO))
    for kind in contrasts.KINDS:
        ours, italian = (contrasts.contrast(kind, 0, 5, language) for language in (ESPERANTO, known.of("it")))
        assert ours.scenes == italian.scenes and ours.captions[0] != ours.captions[1]


def test_a_language_that_the_world_does_not_speak_is_refused_with_those_it_does() -> None:
    with pytest.raises(InputError, match="section `world`.*language.*the drawn world speaks it, de"):
        config.parse(WorldSettings, profile("tiny")["world"] | {"language": "xx"}, "section `world`")
