"""What was asked for and what came, beside what the study of 2021 had: table `collected`."""

from typing import Any

from analysis import study as studies
from analysis import tables
from analysis.data_sheet import LABELS, reasons
from analysis.published import SOURCE
from clip_italian import config, files, paths

COLUMNS = ["2021", "asked for", "came", "per cent", "pairs kept", "did not come"]
NOTE = (
    "Pictures of each source: those that the study of 2021 had, estimated from the round numbers of its README; those that rows "
    "ask for and those that came, with the reasons of the others; and the pairs that curation kept of them. {drawn}"
)
DRAWN = "Here the world is drawn, in a small share of the sizes of 2021, and some of it is missing on purpose."
ALL = "all, in archives"


def row(source: str, had: int | None, got: dict[str, Any], kept: int) -> tables.Row:
    """One source; a source whose pictures come in whole archives has no counts of its own."""
    fetched = "asked" in got
    share = f"{100 * got['got'] / got['asked']:.1f}" if fetched and got["asked"] else ""
    counts = [f"{got['asked']:,}", f"{got['got']:,}"] if fetched else ["", ALL]
    missing = reasons(got["missing"]) if fetched else ""
    cells = [f"{had:,}" if had is not None else "", *counts, share, f"{kept:,}", missing]
    return tables.Row(LABELS.get(source, source), [tables.cell(text) for text in cells])


def main() -> None:
    profile = studies.load().profile
    download, curate = (files.read_json(paths.report(profile, stage)) for stage in ("download", "curate"))
    had = config.read_yaml(SOURCE)["pairs"]["values"]
    rows = [
        row(source, had.get(source), download["sources"].get(source, {}), report["rows"]["kept"])
        for source, report in curate["sources"].items()
    ]
    tables.write("collected", COLUMNS, rows, NOTE.format(drawn=DRAWN if download["kind"] == "drawn" else "").strip())
