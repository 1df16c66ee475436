"""The results of a search as a self-contained HTML page."""

import base64
import io
from collections.abc import Sequence

from PIL import Image

from clip_italian import templates
from clip_italian.data.images import opening
from clip_italian.errors import InputError
from clip_italian.use.search import store
from clip_italian.use.search.searching import Hit

SIZE = 240  # pixels of a thumbnail's long side


def page(answers: Sequence[tuple[str, Sequence[Hit]]], title: str = "Ricerca") -> str:
    """A page with a sheet of thumbnails for each query."""
    return templates.render("use/search/contact_sheet.html", title=title, answers=answers, thumbnail=thumbnail)


def thumbnail(path: store.Image) -> str:
    """A thumbnail as a data URL; empty if the file can no longer be read."""
    try:
        image = Image.fromarray(opening.read_pixels(path))
    except InputError:
        return ""
    image.thumbnail((SIZE, SIZE))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=85)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"
