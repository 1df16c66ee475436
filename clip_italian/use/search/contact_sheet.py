"""What a search has found, as a page that needs no other file."""

import base64
import html
import io
from collections.abc import Sequence

from PIL import Image

from clip_italian.checkpoints import pictures
from clip_italian.errors import InputError
from clip_italian.use.search import store
from clip_italian.use.search.searching import Hit

SIDE = 240  # pixels of a thumbnail's long side
STYLE = """
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #222 }
h2 { font-weight: 600; margin: 2rem 0 .5rem }
.sheet { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0; width: 240px }
.frame { height: 240px; display: flex; align-items: center; justify-content: center; background: #eee }
img { max-width: 240px; max-height: 240px }
figcaption { font-size: .8rem; overflow-wrap: anywhere; padding-top: .3rem }
.score { font-variant-numeric: tabular-nums; font-weight: 600 }
"""


def page(answers: Sequence[tuple[str, Sequence[Hit]]], title: str = "Ricerca") -> str:
    """A page with a sheet of thumbnails for each query."""
    sheets = "\n".join(_sheet(query, hits) for query, hits in answers)
    head = f"<!doctype html>\n<html lang=it><meta charset=utf-8><title>{html.escape(title)}</title>\n<style>{STYLE}</style>"
    return f"{head}\n{sheets}\n</html>\n"


def _sheet(query: str, hits: Sequence[Hit]) -> str:
    return f"<h2>{html.escape(query)}</h2>\n<div class=sheet>\n{''.join(map(_figure, hits))}</div>"


def _figure(hit: Hit) -> str:
    path = html.escape(str(hit.path))
    copies = f" (+{len(hit.copies)})" if hit.copies else ""
    picture = thumbnail(hit.path)
    shown = f'<img src="{picture}" alt="{path}">' if picture else "gone"
    caption = f"<figcaption><span class=score>{hit.score:.3f}</span> {path}{copies}</figcaption>"
    return f"<figure><div class=frame>{shown}</div>{caption}</figure>\n"


def thumbnail(path: store.Image) -> str:
    """A picture as a data URL; empty where the file has gone since it was read."""
    try:
        picture = Image.fromarray(pictures.opened(path))
    except InputError:
        return ""
    picture.thumbnail((SIDE, SIDE))
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
