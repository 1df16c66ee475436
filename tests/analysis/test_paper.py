"""The paper: no number by hand, every number where it says, the same bytes every time, errors in one line."""

import html
import json
import pathlib
import re
import shutil
import urllib.parse

import pytest

from analysis import fields
from analysis import study as studies
from clip_italian import config, paths
from clip_italian.errors import InputError
from clip_italian.evaluation.study import errors, labels, probing, retrieval, zeroshot
from clip_italian.evaluation.study.probing import ProbingSettings
from clip_italian.evaluation.study.settings import EvaluationSettings
from stages import analyse, paper
from tests.helpers import synthetic_study

ROOT = pathlib.Path(__file__).parents[2]
SECTIONS = sorted((ROOT / "paper/sections").glob("*.typ"))
SOURCES = [
    path.relative_to(ROOT) for path in [ROOT / "paper/facts.yaml", *(ROOT / "paper").rglob("*.typ"), ROOT / "paper/references.bib"]
]
# What is no sentence: comments, equations, strings, raw text, labels and references, and code that has no prose.
NO_PROSE = r"//[^\n]*|\$[^$]*\$|\"[^\"]*\"|`[^`]*`|<[a-z:_-]+>|@[a-z:_0-9]+|^#(import|set|counter)[^\n]*"
CODE = r"\d+(\.\d+)?(em|pt|fr)|columns: [^\[]*"
FREE = r"\b2021\b|Apache-2\.0|SHA-256"  # the year of the study that is reproduced, and names
WORDS = r"\b(three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|hundred|thousand|dozen|half|twice)\b"


def prose(path: pathlib.Path) -> str:
    """A section's sentences, without what is no prose."""
    text = re.sub(NO_PROSE, " ", path.read_text(), flags=re.MULTILINE)
    return re.sub(FREE, "", re.sub(CODE, " ", text))


@pytest.mark.parametrize("path", SECTIONS, ids=lambda path: path.stem)
def test_no_number_is_written_by_hand(path: pathlib.Path) -> None:
    assert [found.group() for found in re.finditer(rf"[^\n]{{0,30}}(\d|{WORDS})", prose(path))] == []


def test_the_search_for_numbers_finds_them(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.typ").write_text('In 2021, #value("a/mrr@10") of @tab:data, $x^2$: seven of 12 pictures.\n')
    text = prose(tmp_path / "a.typ")
    assert re.findall(r"\d+", text) == ["12"] and re.findall(WORDS, text) == ["seven"]


def test_every_fact_of_2021_has_a_source_and_is_used() -> None:
    facts = config.read_yaml(ROOT / "paper/facts.yaml")
    text = "".join(path.read_text() for path in SECTIONS)
    assert set(re.findall(r'#fact\("(\w+)"\)', text)) == set(facts["facts"])
    assert all(fact["value"] and len(fact["source"]) > 5 for fact in facts["facts"].values())
    assert all(set(row) == {"said", "done", "so"} for row in facts["inconsistencies"])


def test_every_reference_is_cited() -> None:
    keys = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "paper/references.bib").read_text(), re.MULTILINE))
    text = "".join(path.read_text() for path in SECTIONS)
    assert keys == set(re.findall(r"(?:@|by\(\")([a-z]+\d{4})", text))


def test_no_semicolon_is_swallowed_by_the_code_before_it() -> None:
    for path in SECTIONS:
        text = re.sub(r"^#let .*|\{[^{}]*\}|`[^`]*`", "", path.read_text(), flags=re.MULTILINE)
        assert re.findall(r".{0,30}#[a-z][\w-]*\([^()]*\);(?! *\})", text) == [], path
        assert re.findall(r".{0,30}#if [^\[\]]*\[[^\[\]]*\](?: else \[[^\[\]]*\])*;", text) == [], path


def test_what_the_paper_is_made_of_is_in_the_graph() -> None:
    deps = config.read_yaml(ROOT / "dvc.yaml")["stages"]["paper"]["deps"]
    assert {str(path) for path in SOURCES} <= set(deps)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A made-up study with its tables and figures, and the paper's sources beside them."""
    folder = tmp_path_factory.mktemp("paper")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("analysis", "clip_italian", "docs"):
            (folder / name).symlink_to(ROOT / name)
        synthetic_study.write_all(images=40, classes=10)
        settings = config.section(EvaluationSettings, "evaluation")
        retrieval.evaluate(config.params(), settings)
        zeroshot.evaluate(config.params(), settings)
        probing.evaluate(config.params(), settings, config.section(ProbingSettings, "probe"))
        labels.evaluate(config.params(), settings)
        errors.evaluate(config.params(), settings)
        studies.load.cache_clear()
        analyse.main()
        studies.load.cache_clear()
    for path in SOURCES:
        (folder / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, folder / path)
    return folder


@pytest.fixture
def study(made: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(made)
    return made


@pytest.fixture
def copy(made: pathlib.Path, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """The paper's folder alone, to be changed."""
    shutil.copytree(made / "paper", tmp_path / "paper", ignore=shutil.ignore_patterns("paper.pdf"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "paper"


def test_the_paper_is_the_same_bytes_every_time_and_bears_no_date(study: pathlib.Path) -> None:
    paper.main()
    first = paths.PDF.read_bytes()
    assert first.startswith(b"%PDF") and b"CreationDate" not in first
    assert paper.compiled(paths.PAPER)[0] == first


def test_every_number_of_the_paper_is_found_where_it_says(study: pathlib.Path) -> None:
    _, used = paper.compiled(paths.PAPER)
    printed = {(one["file"], one["field"]): one["text"] for one in used}
    numbers = json.loads(pathlib.Path("paper/tables/numbers.json").read_text())
    known = {(entry["file"], entry["field"]): entry for entry in numbers.values()}
    assert len(printed) > 100
    for place, text in printed.items():
        value = fields.look_up(fields.content_of(place[0]), place[1])
        one = known.get(
            place, {"text": studies.points(value) if isinstance(value, float) else "", "value": value}
        )  # of a table alone
        assert (text, value) == (one["text"], one["value"]), place


def test_every_number_of_the_paper_has_a_line_on_the_page_that_it_links_to(study: pathlib.Path) -> None:
    paper.main()
    page = paths.NUMBERS_PAGE.read_text()
    _, used = paper.compiled(paths.PAPER)
    lines = {line for line in re.findall(r'<div class=row id="([^"]+)"', page) if not line.startswith("run:")}
    assert lines == {html.escape(f"{one['file']}:{one['field']}") for one in used}
    keys = {key for one in used for key in one["key"].split("-") if key}
    assert set(re.findall(r'<div class=row id="run:([0-9a-f]+)"', page)) == keys and len(keys) > 10
    assert "src=" not in page and "<script" not in page
    uris = set(re.findall(rb"/URI ?\(\.\./site/numbers\.html#([^)]*)\)", paths.PDF.read_bytes()))
    assert uris and {html.escape(urllib.parse.unquote(uri.decode())) for uri in uris} <= lines


def test_no_text_is_smaller_than_seven_points() -> None:
    sources = "".join((ROOT / path).read_text() for path in SOURCES if path.suffix == ".typ")
    sizes = [float(size) for size in re.findall(r"(?:size: |let \w+ = )(\d+(?:\.\d+)?)pt", sources)]
    assert len(sizes) > 8 and min(sizes) >= 7


def test_sentences_about_arms_that_did_not_run_vanish(copy: pathlib.Path) -> None:
    kept = ("original", "full")
    gone = ("plus_", "freeze_", "no_augmentation", "frozen_only", "mclip", "english_clip/")
    gone += ("synonym-good/", "templates-good/")
    numbers = json.loads((copy / "tables/numbers.json").read_text())
    fewer = {name: entry for name, entry in numbers.items() if not any(model in name for model in gone)} | {
        name: entry for name, entry in numbers.items() if name.startswith("english_clip/image")
    }
    fewer["study/arms"]["value"] = list(kept)
    (copy / "tables/numbers.json").write_text(json.dumps(fewer))
    assert paper.compiled(paths.PAPER)[0].startswith(b"%PDF")


def test_a_second_world_is_told_with_what_differs_in_it(copy: pathlib.Path) -> None:
    numbers = json.loads((copy / "tables/numbers.json").read_text())
    pairs = ("full-original/", "full-no_augmentation/")
    names = [name for name, one in numbers.items() if name.startswith(pairs) and "verb" in one]
    numbers |= {f"second/{name}": numbers[name] for name in names} | {f"second/{names[0]}": numbers[names[0]] | {"verb": "lowers"}}
    (copy / "tables/numbers.json").write_text(json.dumps(numbers))
    assert paper.compiled(paths.PAPER)[0].startswith(b"%PDF")


def test_the_paper_of_published_data_says_nothing_of_the_drawn_world(copy: pathlib.Path) -> None:
    numbers = json.loads((copy / "tables/numbers.json").read_text())
    drawn = ("world/", "errors/", "told/", "gallery/", "associations/")
    numbers = {name: one for name, one in numbers.items() if not name.startswith(drawn) and not name.endswith("near_misses")}
    given = {"value": "a/b", "text": "", "file": "profiles/paper.yaml", "field": "x", "run_key": "", "p": "0.3"}
    numbers |= {f"{name}/repository": given for name in ("english_clip", "italian_bert")} | {"study/counts": given}
    numbers |= {f"associations/full/{test}": given for test in ("career-family", "science-arts")}
    (copy / "tables/numbers.json").write_text(json.dumps(numbers))
    levels = json.loads((copy / "tables/levels.json").read_text())
    levels["columns"] = [f"retrieval-{name}" if "MRR" in name else name for name in levels["columns"]]
    (copy / "tables/levels.json").write_text(json.dumps(levels))
    for name in ("figures/contradictions.svg", "figures/contrasts.svg", "tables/mistakes.json"):
        (copy / name).unlink()
    assert paper.compiled(paths.PAPER)[0].startswith(b"%PDF")


def test_a_missing_number_is_named_in_one_line(copy: pathlib.Path) -> None:
    numbers = json.loads((copy / "tables/numbers.json").read_text())
    del numbers["data/train"]
    (copy / "tables/numbers.json").write_text(json.dumps(numbers))
    with pytest.raises(InputError, match=r"paper.typ: .*numbers.json has no number `data/train`") as caught:
        paper.main()
    assert "\n" not in str(caught.value) and not paths.PDF.exists()


def test_a_missing_figure_is_named_in_one_line(copy: pathlib.Path) -> None:
    (copy / "figures/ladder_loss.svg").unlink()
    with pytest.raises(InputError, match=r"ladder_loss.svg.*dvc repro") as caught:
        paper.main()
    assert "\n" not in str(caught.value)


def test_the_committed_paper_is_that_of_the_committed_results(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert paper.compiled(paths.PAPER)[0] == paths.PDF.read_bytes()
