"""Prints the value at a field of a file: python -m analysis.fields FILE FIELD.

A field is a path of keys and indices. `*` adds up over what lies below, `.length` counts, `=word` is 1 where the word stands.
In an .npz file a field is an array and the number its sum; in a .py file it is a constant. A key may itself hold dots.
"""

import functools
import importlib
import json
import pathlib
import sys
from typing import Any

import numpy as np

from clip_italian import config
from clip_italian.errors import InputError


def content_of(file: str) -> Any:
    """What a file holds: JSON, YAML, a journal's lines, arrays as their sums, or a module's constants."""
    return _content(file, pathlib.Path.cwd())


@functools.cache
def _content(file: str, _where: pathlib.Path) -> Any:
    path = pathlib.Path(file)
    if path.suffix == ".py":
        return vars(importlib.import_module(file.removesuffix(".py").replace("/", ".")))
    if path.suffix == ".npz":
        with np.load(file) as content:
            return {name: content[name].sum() for name in content.files}
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return config.read_yaml(path) if path.suffix == ".yaml" else json.loads(path.read_text())


def look_up(content: Any, field: str) -> Any:
    """The value at a field of a file's content."""
    if not field or (isinstance(content, dict) and field in content):
        return content[field] if field else content
    part, _, rest = field.partition(".")
    if part == "length":
        return len(content)
    if part == "*":
        return sum(look_up(inner, rest) for inner in (content.values() if isinstance(content, dict) else content))
    if "=" in part:
        name, _, word = part.partition("=")
        return int(content[name] == word)
    return look_up(content[int(part)] if isinstance(content, list) else content[part], rest)


def main(file: str, field: str) -> None:
    try:
        print(look_up(content_of(file), field))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{file}: no field `{field}`; site/numbers.html lists the fields of the paper's numbers") from error


if __name__ == "__main__":
    main(*sys.argv[1:])
