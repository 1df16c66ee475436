"""The demo as a page in a browser: Gradio shows what `core` computes. Nothing on it comes from another machine."""

import json
import os
import sys
import threading

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before gradio is imported

import gradio as gr
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clip_italian.errors import InputError
from clip_italian.use.demo import core, looks, panels
from clip_italian.use.demo.core import Demo, Refused
from clip_italian.use.demo.words import LANGUAGES

KEPT = (600, 3600)  # seconds: how often uploads are looked through, and at what age they go
BEYOND_WORDS = 64 << 20  # bytes; Gradio rejects larger uploads itself
# The browser blocks every request to another host.
POLICY = b"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:"

# Files that the page refuses before sending them are answered by Gradio, in English alone. A script replaces its two messages,
# known by their beginnings, with the reasons that `core` would give in the page's language.
BEGINNINGS = {"Invalid file type": "format not allowed", "File(s) exceed the maximum": "file too large"}
SCRIPT = """() => {
  const said = SAID;
  const translate = () => document.querySelectorAll('[data-testid="toast-text"]').forEach((message) => {
    const words = said[document.querySelector("#language input:checked").value];
    const beginning = Object.keys(words).find((beginning) => message.textContent.startsWith(beginning));
    if (beginning) message.textContent = words[beginning];
  });
  new MutationObserver(translate).observe(document.body, { childList: true, subtree: true });
}"""


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
    """The page, served in the background at its `local_url`, on the first free port from 7860 on if none is given.

    Only this machine reaches it, unless GRADIO_SERVER_NAME says otherwise. Raises InputError when the port is taken.
    """
    blocks = build(demo)
    try:
        blocks.launch(
            prevent_thread_lock=True, quiet=True, share=False, ssr_mode=False, footer_links=[], server_port=port,
            server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), max_file_size=BEYOND_WORDS,
            app_kwargs={"middleware": [Middleware(Alone)]}, theme=looks.THEME, css=looks.STYLE,
            js=_script(),
        )  # fmt: skip
    except OSError as error:
        raise InputError(f"--port {port}: cannot be used ({error}); choose another, or none") from None
    return blocks


def _script() -> str:
    """A JavaScript function for the page, to be called once."""
    said = {
        language: {beginning: words.refusal(Refused(reason, **core.MOST)) for beginning, reason in BEGINNINGS.items()}
        for language, words in LANGUAGES.items()
    }
    return SCRIPT.replace("SAID", json.dumps(said))


def serve(demo: Demo, port: int | None = None) -> None:
    """Prints the page's address, and serves it until it is interrupted."""
    blocks = start(demo, port)
    print(f"{len(demo.pictures):,} pictures; the demo runs at {blocks.local_url} (Ctrl+C ends it)")
    sys.stdout.flush()
    threading.Thread(target=core.warm_up, args=(demo,)).start()  # only now: beside the imports it would hold up the page
    blocks.block_thread()


class Alone:
    """Sends POLICY along with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and its answer back with the header."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY)]
            await send(message)

        await self.app(scope, receive, sent)
