"""The page about the project, from the files that the study writes."""

import pathlib

from clip_italian import files
from clip_italian.use.demo.words import Words

TABLE = pathlib.Path("paper/tables/readme.md")
GALLERY = pathlib.Path("paper/tables/gallery.json")
FIGURE = pathlib.Path("paper/figures/overview.png")


def text(words: Words, pictures: int, root: pathlib.Path = pathlib.Path()) -> str:
    """What the project is and found, in Markdown; what is missing below `root` is said to be."""
    table, gallery = root / TABLE, root / GALLERY
    parts = [words.about_md, table.read_text() if table.is_file() else words.no_results_md]
    if gallery.is_file():
        true, shown = (cell["value"] for cell in files.read_json(gallery)["rows"][-1]["cells"])  # the last row is all together
        parts.append(words.right_md.format(true=true, shown=shown))
    return "\n\n".join([*parts, words.pictures_md.format(count=pictures)])
