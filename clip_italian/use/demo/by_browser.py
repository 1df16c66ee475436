"""What Gradio's page says by itself, in English, of a file that it does not even send: here in the language of the page.

The server never hears of such a file, and Gradio takes no words for it. So a script looks out for its two messages and puts those
of `Words` in their place, ahead of their being shown.
"""

import json

from clip_italian.use.demo import core
from clip_italian.use.demo.core import Refused
from clip_italian.use.demo.words import LANGUAGES

# How Gradio's messages begin, and the reasons that `core` would give.
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


def script() -> str:
    """A JavaScript function for the page, to be called once."""
    said = {
        language: {beginning: words.refusal(Refused(reason, **core.MOST)) for beginning, reason in BEGINNINGS.items()}
        for language, words in LANGUAGES.items()
    }
    return SCRIPT.replace("SAID", json.dumps(said))
