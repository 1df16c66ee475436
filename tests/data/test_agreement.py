"""Agreement of raters: the values of an independent implementation, and what must hold of any."""

import csv
import pathlib

import numpy as np
import pytest

from clip_italian import __main__ as commands
from clip_italian import config, files
from clip_italian.data.translation import rating
from clip_italian.data.translation.rating import agreement, ordinal_weights
from clip_italian.errors import InputError
from tests.helpers import golden_values

ROOT = pathlib.Path(__file__).parents[2]
CASES = golden_values.load("agreement")["cases"]


@pytest.mark.parametrize("name", CASES)
def test_the_values_are_those_of_irrcac(name):
    case = CASES[name]
    found = agreement(np.array(case["ratings"]), 5)
    assert found.coefficient == pytest.approx(case["coefficient"], abs=1e-9)
    assert found.observed == pytest.approx(case["observed"], abs=1e-9)
    assert found.chance == pytest.approx(case["chance"], abs=1e-9)
    assert found.standard_error == pytest.approx(case["standard_error"], abs=1e-9)
    assert [found.low, found.high] == pytest.approx(case["interval"], abs=1e-9)


def test_weights_fall_with_the_distance():
    assert ordinal_weights(5)[0].tolist() == pytest.approx([1, 0.9, 0.7, 0.4, 0])
    assert np.array_equal(ordinal_weights(4), ordinal_weights(4).T)


def test_raters_who_agree_on_everything_agree_wholly():
    found = agreement(np.repeat([[1], [4], [5], [5]], 3, axis=1), 5)
    assert (found.coefficient, found.observed, found.high) == (1.0, 1.0, 1.0)


def test_neither_the_order_of_the_raters_nor_an_item_without_ratings_changes_anything():
    ratings = np.array([[5, 4, 0], [3, 3, 2], [1, 0, 2], [5, 5, 5]])
    expected = agreement(ratings, 5)
    assert agreement(ratings[:, ::-1], 5) == pytest.approx(expected)
    assert agreement(np.vstack([ratings, [[0, 0, 0]]]), 5) == pytest.approx(expected)


def test_too_few_ratings_are_an_error():
    with pytest.raises(InputError, match="two items at least need two ratings"):
        agreement(np.array([[5, 4], [3, 0], [0, 2]]), 5)


# --- The sheet --------------------------------------------------------------------------------------------------------
@pytest.fixture
def data(tmp_path):
    """A profile's data with 40 translated captions, one of them twice and one without a translation."""
    table = "sources/conceptual_captions/Train_GCC-training.tsv"
    said = [f"caption {i}" for i in (*range(40), 0)] + ["untranslated", "no address"]
    english = [f"{one}\thttp://a.example/{i}\n" for i, one in enumerate(said[:-1])] + ["no address\n"]
    italian = [f"didascalia, {i % 40}\thttp://a.example/{i}\n" for i in range(41)] + ["\thttp://a.example/41\n", "no address\n"]
    files.write_text(tmp_path / "raw" / table, "".join(english))
    files.write_text(tmp_path / "translated" / table, "".join(italian))
    return tmp_path


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_a_sheet_is_a_sample_of_distinct_captions_that_the_seed_decides(data):
    assert rating.write(data / "a.csv", data, 10, 3, 0, 1000) == 10
    header, *rows = rows_of(data / "a.csv")
    assert header[:2] == ["english", "translation"] and len(header) == 5 and "5 perfect" in header[2]
    assert len({row[0] for row in rows}) == 10
    assert all(row[1] == row[0].replace("caption", "didascalia,") and row[2:] == ["", "", ""] for row in rows)
    rating.write(data / "b.csv", data, 10, 3, 0, 1000)
    rating.write(data / "c.csv", data, 10, 3, 1, 1000)
    assert rows_of(data / "a.csv") == rows_of(data / "b.csv") != rows_of(data / "c.csv")
    assert rating.write(data / "all.csv", data, 100, 2, 0, 1000) == 40


def test_a_filled_sheet_says_mean_frequencies_and_agreement(data, capsys):
    rating.write(data / "a.csv", data, 6, 2, 0, 1000)
    header, *rows = rows_of(data / "a.csv")
    ratings = CASES["opposed"]["ratings"]
    with open(data / "a.csv", "w", newline="") as file:
        csv.writer(file).writerows([header, *([*row[:2], *given] for row, given in zip(rows, ratings, strict=True))])
    commands.main(["data", "agreement", str(data / "a.csv")])
    said = capsys.readouterr().out
    assert "ratings: 12, missing: 0" in said and "mean rating: 3.08" in said and "5: 6 (50.0%)" in said
    assert f"{CASES['opposed']['coefficient']:.4f} (standard error {CASES['opposed']['standard_error']:.4f}" in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("english,translation,a,b\nx,y,6,1\n", "row 2: `6` is no rating from 1 to 5"),
        ("english,translation,a,b\nx,y,1\n", "row 2: 4 cells were expected"),
        ("english,translation,a\nx,y,1\n", "at least two raters"),
        ("", "not a sheet"),
    ],
)
def test_a_sheet_that_is_none_is_named_with_the_remedy(tmp_path, content, problem):
    files.write_text(tmp_path / "s.csv", content)
    with pytest.raises(SystemExit, match=problem):
        commands.main(["data", "agreement", str(tmp_path / "s.csv")])


def test_empty_cells_are_missing_ratings(tmp_path):
    files.write_text(tmp_path / "s.csv", "\ufeffenglish,translation,a,b\nx,y,1, \nx,z,,5\n,,,\n")
    assert rating.read(tmp_path / "s.csv").tolist() == [[1, 0], [0, 5]]


def test_a_sheet_of_the_chosen_profile_is_written(data, monkeypatch, capsys, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    for name in ("params.yaml", "profiles"):
        (root / name).symlink_to(ROOT / name)
    (root / "data").mkdir()
    (root / "data" / config.params(ROOT / "params.yaml").profile).symlink_to(data)
    monkeypatch.chdir(root)
    commands.main(["data", "rate", "sheet.csv", "--count", "7"])
    assert len(rows_of(root / "sheet.csv")) == 8
    assert "7 captions; rate each from 1 to 5: 1 meaning lost" in capsys.readouterr().out
    (root / "sheet.csv").write_text("rated")
    with pytest.raises(SystemExit, match=r"sheet\.csv: exists already, perhaps with ratings; name another file, or delete it"):
        commands.main(["data", "rate", "sheet.csv"])
    assert (root / "sheet.csv").read_text() == "rated"
