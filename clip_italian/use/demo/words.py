"""The texts of the demo, in Italian and in English."""

import dataclasses
import html
import pathlib

from clip_italian import config, files, paths
from clip_italian.use.demo.core import Refused


@dataclasses.dataclass(frozen=True)
class Words:
    """The texts in one language."""

    texts: dict[str, str]
    refusals: dict[str, str]  # by `Refused.reason`

    def __getitem__(self, name: str) -> str:
        """The text of that name."""
        return self.texts[name]

    def score(self, value: float) -> str:
        """A cosine with three decimals."""
        return f"{value:.3f}".replace(".", self["decimal"])

    def refusal(self, refused: Refused) -> str:
        """The reason for a refusal and what to do, escaped for HTML."""
        facts = {name: f"{fact:,}" if isinstance(fact, int) else html.escape(fact) for name, fact in refused.facts.items()}
        return self.refusals[refused.reason].format(**facts)


LANGUAGES = {
    language: Words(content, content.pop("refusals"))
    for language, content in config.read_yaml(pathlib.Path(__file__).with_name("words.yaml")).items()
}
ITALIAN, ENGLISH = LANGUAGES.values()

# Results of the study, shown on the page about the project.
TABLE = paths.TABLES / "readme.md"
GALLERY = paths.TABLES / "gallery.json"
FIGURE = paths.FIGURES / "overview.png"


def about_text(words: Words, images: int, root: pathlib.Path = pathlib.Path()) -> str:
    """The description and the results of the project, in Markdown; says so if results are missing below `root`."""
    table, gallery = root / TABLE, root / GALLERY
    parts = [words["about_md"], table.read_text() if table.is_file() else words["no_results_md"]]
    if gallery.is_file():
        true, shown = (cell["value"] for cell in files.read_json(gallery)["rows"][-1]["cells"])  # the last row is all together
        parts.append(words["right_md"].format(true=true, shown=shown))
    return "\n\n".join([*parts, words["images_md"].format(count=images)])
