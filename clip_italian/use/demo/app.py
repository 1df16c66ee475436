"""The demo's page in a browser, in Gradio; `core` computes its results. The page loads nothing from other machines."""

import json
import os
import pathlib
import sys
import threading

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported

import gradio as gr
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clip_italian.errors import InputError
from clip_italian.use.demo import core, panels
from clip_italian.use.demo.core import Demo, Refused
from clip_italian.use.demo.words import LANGUAGES

KEPT = (600, 3600)  # seconds: how often uploads are checked, and at what age they are deleted
HERE = pathlib.Path(__file__).parent
# The fonts are the machine's own: none is downloaded.
THEME = gr.themes.Default(primary_hue="green", font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
MAX_UPLOAD = 64 << 20  # bytes; Gradio rejects larger uploads itself
# The browser blocks every request to another host.
POLICY = b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

# Gradio refuses some files before it uploads them, with messages in English alone. The script `messages.js` replaces these two
# messages, found by their beginnings, with the reasons of `core` in the page's language.
BEGINNINGS = {"Invalid file type": "format not allowed", "File(s) exceed the maximum": "file too large"}


def build(demo: Demo) -> gr.Blocks:
    """The whole page."""
    with gr.Blocks(title="CLIP-Italian", analytics_enabled=False, delete_cache=KEPT) as blocks:
        page = panels.Page(demo)
        with gr.Row(elem_id="head"):
            page.say(gr.Markdown(), value="head_md")
            with gr.Column(elem_id="language", min_width=260, scale=0):
                page.language.render()
        if demo.ships:
            page.say(gr.Markdown(elem_id="notice"), value="drawn_md")
        with gr.Tabs():
            panels.search(page, blocks)
            panels.classify(page)
            panels.localise(page)
            panels.gallery(page, blocks)
            panels.about_project(page)
        page.translate()
    return blocks


def start(demo: Demo, port: int | None = None) -> gr.Blocks:
    """The page, served in the background at its `local_url`; without `port`, on the first free port from 7860 on.

    Only this machine can reach it, unless GRADIO_SERVER_NAME is set. Raises InputError if the port is taken.
    """
    blocks = build(demo)
    try:
        blocks.launch(
            prevent_thread_lock=True, quiet=True, share=False, ssr_mode=False, footer_links=[], server_port=port,
            server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), max_file_size=MAX_UPLOAD,
            app_kwargs={"middleware": [Middleware(ContentPolicy)]}, theme=THEME, css_paths=HERE / "style.css",
            js=_script(),
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"--port {port}: cannot be used ({error}); choose another, or none") from None
    return blocks


def _script() -> str:
    """The content of `messages.js`: a JavaScript function that the page calls once."""
    refusals = {
        language: {beginning: words.refusal(Refused(reason, **core.MOST)) for beginning, reason in BEGINNINGS.items()}
        for language, words in LANGUAGES.items()
    }
    return (HERE / "messages.js").read_text().replace("REFUSALS", json.dumps(refusals))


def serve(demo: Demo, port: int | None = None) -> None:
    """Prints the page's address and serves the page until it is interrupted."""
    blocks = start(demo, port)
    print(f"{len(demo.images):,} images; the demo runs at {blocks.local_url} (Ctrl+C ends it)")
    sys.stdout.flush()
    threading.Thread(target=core.warm_up, args=(demo,)).start()  # not earlier: during the imports it would delay the page
    blocks.block_thread()


class ContentPolicy:
    """Adds POLICY to the headers of every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forwards a request, and its response with the header."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
            await send(message)

        await self.app(scope, receive, sent)
