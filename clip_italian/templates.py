"""HTML pages and Markdown from Jinja2 templates, which lie beside the modules that fill them in."""

import pathlib

import jinja2

ROOT = pathlib.Path(__file__).parent


def render(template: str, **values: object) -> str:
    """The text of a template, named by its path below the library; HTML is escaped, and a missing value raises an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT),
        autoescape=jinja2.select_autoescape(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
