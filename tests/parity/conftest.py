"""Leaves these tests out where torch is missing, and collects what they measured into docs/parity.md."""

import importlib.util
import math
import pathlib

import pytest

from clip_italian import files

PAGE = pathlib.Path(__file__).parents[2] / "docs/parity.md"
HEADING = """# How far our numbers are from the reference libraries'

Written by `make parity`: small models with random weights in each system's own layout, made by the library that defines it,
read by `clip_italian.load`'s importer, and run beside it on the same inputs in float32 on a CPU. Every figure is the largest
difference, relative to the largest value of that tensor (for gradients: of the tower's largest gradient), rounded up. Exported
models are fed by their own library's tokeniser and picture processor; that of transformers 5 resizes with torchvision where it
is installed, and then pictures differ in a few levels of 255.

"""
if importlib.util.find_spec("torch"):
    import tests.parity.torchvision_without_cuda  # noqa: F401  (before any test imports transformers' models)
else:
    collect_ignore_glob = ["test_*.py"]
Rows = dict[str, dict[str, dict[str, float]]]  # by table, row and column


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the page when every parity test ran and passed."""
    everything = [pathlib.Path(name).name for name in session.config.args] == ["parity"] and not session.config.option.keyword
    tables = _tables(session)
    if everything and tables and not session.testsfailed:
        files.write_text(PAGE, HEADING + "\n".join(_table(name, rows) for name, rows in tables.items()))


def _tables(session: pytest.Session) -> Rows:
    tables: Rows = {}
    for item in session.items:
        for table, (row, values) in item.user_properties:
            tables.setdefault(table, {})[row] = values
    return tables


def _table(name: str, rows: dict[str, dict[str, float]]) -> str:
    columns = list(dict.fromkeys(column for values in rows.values() for column in values))
    lines = [["system", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row, *(_rounded_up(values.get(column)) for column in columns)] for row, values in rows.items()]
    return f"## {name}\n\n" + "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _rounded_up(value: float | None) -> str:
    """One digit: the next ones change from processor to processor."""
    if value is None:
        return ""
    if not value:
        return "0"
    exponent = math.floor(math.log10(value))
    return f"{float(f'{math.ceil(value / 10**exponent)}e{exponent}'):.0e}"
