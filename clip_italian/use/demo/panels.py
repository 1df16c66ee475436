"""The tabs of the demo's page, in Gradio's components."""

import functools
import pathlib
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
import numpy as np

from clip_italian.data.images.images import Pixels
from clip_italian.use.demo import core
from clip_italian.use.demo.core import Demo, Refused, Shown
from clip_italian.use.demo.words import FIGURE, ITALIAN, LANGUAGES, Words, about_text

EXAMPLES = 12  # images to choose from
MISSING = 225  # grey level shown for an image whose file is missing
LABELS = "un gatto\nun cane\nun fiore\ndue cavalli marroni\nuna sedia\nun gatto su una sedia"
# Without Gradio's own checks of inputs, above all of images: `core` checks them and explains what is wrong.
EVENT: dict[str, Any] = {"preprocess": False, "show_progress": "full"}
FIRST = "due cavalli marroni"
OBJECTS = ("un gatto", "una sedia", "un fiore")


class Page:
    """The components of the page, and their texts in each language."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self._folder = tempfile.TemporaryDirectory()  # deleted with the page
        self.examples = core.examples(demo.images, EXAMPLES, pathlib.Path(self._folder.name))
        self.language = gr.Radio(list(LANGUAGES), value="Italiano", show_label=False, container=False, render=False)
        self._texts: list[tuple[Any, dict[str, Callable[[Words], str] | str]]] = []

    def say(self, component: Any, **texts: Callable[[Words], str] | str) -> Any:
        """The component, with attributes set to texts of Words: each is the name of a text, or a function of Words."""
        self._texts.append((component, texts))
        for name, text in texts.items():
            setattr(component, name, _text(text, ITALIAN))
        return component

    def translate(self) -> None:
        """Updates all texts when another language is chosen."""

        def updates(language: str) -> list[Any]:
            words = LANGUAGES[language]
            return [gr.update(**{name: _text(text, words) for name, text in texts.items()}) for _, texts in self._texts]

        components = [component for component, _ in self._texts]
        self.language.change(updates, self.language, components, api_visibility="private", show_progress="hidden")

    def run(self, triggers: Sequence[Any], name: str, function: Callable[..., Any], inputs: list[Any], outputs: Any) -> None:
        """Calls the function with the inputs and Words at each trigger; programs can call it by `name`."""
        gr.on(triggers, _in_words(function), [*inputs, self.language], outputs, api_name=name, **EVENT)


def _text(text: Callable[[Words], str] | str, words: Words) -> str:
    return text(words) if callable(text) else words[text]


def _in_words(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a language's name as argument in place of Words; its errors are shown in that language."""

    @functools.wraps(function)
    def translated(*inputs: Any) -> Any:
        *given, language = inputs
        words = LANGUAGES[language]
        try:
            return function(*given, words)
        except Refused as refused:
            raise gr.Error(words.refusal(refused), print_exception=False) from None

    return translated


def search(page: Page, blocks: gr.Blocks) -> None:
    """The tab of the search for images; the results of FIRST appear when the page has loaded."""
    with page.say(gr.Tab(id="search"), label="search"):
        page.say(gr.Markdown(), value="search_md")
        with gr.Row():
            query = page.say(gr.Textbox(FIRST, scale=5, min_width=240, max_lines=2), label="query", placeholder="query_hint")
            count = page.say(gr.Slider(1, core.MOST_FOUND, 12, step=1, scale=2, buttons=[]), label="how_many")
            button = page.say(gr.Button(variant="primary", scale=1, min_width=120, elem_id="go"), value="search_button")
        with gr.Row():
            chips = [gr.Button(text, size="sm", min_width=100) for text in core.QUERIES]
        found = page.say(_grid(columns=6), label="found")

        def find(text: str, count: int, words: Words) -> list[Any]:
            return _captioned(core.search(page.demo, text, int(count)), words)

        page.run([button.click, query.submit, blocks.load], "search", find, [query, count], found)
        for chip in chips:
            _fill_and_run(page, chip, query, find, [query, count], found)


def classify(page: Page) -> None:
    """The tab that ranks captions for an image."""
    with page.say(gr.Tab(id="classify"), label="classify"):
        page.say(gr.Markdown(), value="classify_md")
        with gr.Row():
            with gr.Column():
                image = _upload(page)
            with gr.Column():
                labels = page.say(gr.Textbox(LABELS, lines=6, max_lines=12), label="labels")
                button = page.say(gr.Button(variant="primary"), value="classify_button")
                bars = page.say(gr.Label(), label="probabilities")

        def compare(image: dict[str, Any] | None, labels: str, words: Words) -> dict[str, float]:
            return dict(core.classify(page.demo, _path(image), labels))

        page.run([button.click], "classify", compare, [image, labels], bars)


def localise(page: Page) -> None:
    """The tab with the heat maps of a text over an image, by both methods."""
    with page.say(gr.Tab(id="localise"), label="localise"):
        page.say(gr.Markdown(), value="localise_md")
        with gr.Row():
            with gr.Column(scale=2):
                what = page.say(gr.Textbox(max_lines=2), label="what", placeholder="what_hint")
                with gr.Row():
                    chips = [gr.Button(text, size="sm", min_width=80) for text in OBJECTS]
                button = page.say(gr.Button(variant="primary"), value="localise_button")
                image = _upload(page)
            with gr.Column(scale=3), gr.Row(elem_id="heats"):
                heats = [page.say(_shown(), label=method) for method in core.METHODS]

        def find(image: dict[str, Any] | None, text: str, words: Words) -> list[Pixels]:
            return list(core.localise(page.demo, _path(image), text).values())

        page.run([button.click, what.submit], "localise", find, [image, what], heats)
        for chip in chips:
            _fill_and_run(page, chip, what, find, [image, what], heats)


def gallery(page: Page, blocks: gr.Blocks) -> None:
    """The tab of the six queries; its results are computed when the page has loaded."""
    with page.say(gr.Tab(id="gallery"), label="gallery"):
        page.say(gr.Markdown(), value="gallery_md")
        shelves = []
        for start in range(0, len(core.QUERIES), 2):
            with gr.Row():
                shelves += [_shelf(text) for text in core.QUERIES[start : start + 2]]

        def fill(words: Words) -> list[Any]:
            return [_captioned(shown, words) for shown in core.gallery(page.demo)]

        page.run([blocks.load], "gallery", fill, [], shelves)


def about_project(page: Page) -> None:
    """The tab about the project and its results."""
    with page.say(gr.Tab(id="about"), label="about"):
        page.say(gr.Markdown(elem_id="results"), value=lambda words: about_text(words, len(page.demo.images)))
        if FIGURE.is_file():
            page.say(gr.Markdown(), value=lambda words: f"### {words['figure']}")
            gr.Image(str(FIGURE), interactive=False, buttons=[], show_label=False, format="png")


def _path(image: dict[str, Any] | None) -> str | None:
    """The path of an upload; Gradio has refused paths that it did not make itself."""
    return image["path"] if image else None


def _upload(page: Page) -> Any:
    """An input for an image, with examples."""
    empty = gr.Image(sources=["upload", "clipboard"], type="filepath", height=300, buttons=[], elem_classes="image")
    image = page.say(empty, label="image", placeholder="image_hint")
    paths = [[str(path)] for path in page.examples]
    chosen = gr.Examples(paths, [image], examples_per_page=EXAMPLES, label=ITALIAN["examples"], api_visibility="private")
    page.say(chosen.dataset, label="examples")
    return image


def _fill_and_run(page: Page, chip: Any, field: Any, function: Callable[..., Any], inputs: list[Any], outputs: Any) -> None:
    """Makes a button put its text into the field and run the function."""
    filled = chip.click(lambda text: text, chip, field, api_visibility="private", show_progress="hidden")
    filled.then(_in_words(function), [*inputs, page.language], outputs, api_visibility="private", **EVENT)


def _shelf(text: str) -> Any:
    with gr.Column(elem_classes="shelf"):
        gr.Markdown(f"**{text}**")
        return _grid(core.IN_GALLERY)


def _grid(columns: int) -> Any:
    look = {"object_fit": "contain", "elem_classes": "images", "show_label": False}
    return gr.Gallery(columns=columns, interactive=False, format="jpeg", buttons=["fullscreen"], **look)


def _shown() -> Any:
    return gr.Image(interactive=False, format="jpeg", buttons=["fullscreen"])


def _captioned(found: list[Shown], words: Words) -> list[tuple[Pixels, str]]:
    grey = np.full((64, 64, 3), MISSING, np.uint8)
    return [
        (grey, f"{one.name}: {words['gone']}") if one.pixels is None else (one.pixels, f"{words.score(one.score)} · {one.name}")
        for one in found
    ]
