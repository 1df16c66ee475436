"""HTML pages from Jinja2 templates, which lie beside the modules that fill them in."""

import pathlib

import jinja2

ROOT = pathlib.Path(__file__).parent


def render(template: str, **values: object) -> str:
    """The page of a template, named by its path below the library; values are escaped, and a missing one raises an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)
