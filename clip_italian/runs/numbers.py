"""The page to which the paper's numbers link: the file, field and run of each, and the command that prints it."""

from typing import Any

from clip_italian import templates

Used = dict[str, str]  # text, file, field and key of a number, as the paper prints it
COMMAND = ".venv/bin/python -m analysis.fields {file} '{field}'"


def page(used: list[Used], numbers: dict[str, dict[str, Any]], runs: dict[str, dict[str, Any]]) -> str:
    """The whole page, a section a file, and last what each run key stands for.

    `numbers` has the names by which the paper's sentences call them, `runs` the model and the seeds' keys of each run key.
    """
    names: dict[tuple[str, str], str] = {}
    for name, one in numbers.items():
        names.setdefault((one["file"], one["field"]), name)
    by_place = {(one["file"], one["field"]): one for one in used}
    rows: dict[str, list[dict[str, Any]]] = {}
    for (file, field), one in sorted(by_place.items()):
        rows.setdefault(file, []).append(
            {
                "id": f"{file}:{field}",
                "text": one["text"],
                "name": names.get((file, field), ""),
                "field": field,
                "runs": one["key"].split("-") if one["key"] else [],
                "command": COMMAND.format(file=file, field=field),
            }
        )
    keys = sorted({key for one in by_place.values() for key in one["key"].split("-") if key})
    return templates.render(
        "runs/numbers.html", count=len(by_place), files=rows, runs={key: runs[key] for key in keys if key in runs}
    )
