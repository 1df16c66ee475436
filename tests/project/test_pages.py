"""Pages of HTML: whatever names, queries and notes hold is shown, and never becomes a part of the page."""

import html.parser
import pathlib

import jinja2
import numpy as np
import pytest
from PIL import Image

from clip_italian import templates
from clip_italian.use.finetuning import report, tables
from clip_italian.use.search import contact_sheet
from clip_italian.use.search.searching import Hit

HOSTILE = "\"><script>alert('x')</script>&amp;"


class Tags(html.parser.HTMLParser):
    """The tags of a page and all its text, attributes included."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.text += "".join(value or "" for _, value in attrs)

    def handle_data(self, data):
        self.text += data


def shown(page: str) -> str:
    """The text of a page without a script in it."""
    read = Tags(page)
    assert not read.tags & {"script", "iframe", "link"}
    return read.text


@pytest.fixture
def image(tmp_path) -> pathlib.Path:
    path = tmp_path / "a\"'<b>&.png"
    Image.new("RGB", (40, 30)).save(path)
    return path


def test_a_contact_sheet_escapes_queries_titles_and_names(image):
    hits = [Hit(0.5, path, (pathlib.Path("copy"),)) for path in (image, image.with_name("gone<i>.png"))]
    text = shown(contact_sheet.page([(HOSTILE, hits)], title=HOSTILE))
    assert text.count(HOSTILE) == 2 and text.count(image.name) == 2 and "gone<i>.png" in text and "(+1)" in text


def test_the_report_of_fine_tuning_escapes_queries_notes_and_names(image):
    cell = {"value": 0.5, "interval": [0.4, 0.6]}
    numbers = {"reciprocal_rank": {"before": cell, "after": cell, "difference": cell, "p": 0.5}}
    test = tables.TestSet([HOSTILE], [image], [frozenset([0])])
    text = shown(report.page(HOSTILE, numbers, [HOSTILE], test, [np.array([[0]]), np.array([[0]])], shown=3))
    assert text.count(HOSTILE) == 4 and text.count(image.name) == 4  # title, heading, note, query; both sides, title and alt


def test_a_template_without_one_of_its_values_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        templates.render("use/search/contact_sheet.html", title="x")
