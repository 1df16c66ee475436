"""The entries of dvc.yaml, as tests look at them."""

import pathlib

from ruamel.yaml import YAML

ROOT = pathlib.Path(__file__).parents[2]
GRAPH = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]


def stage_of(name):
    """The stage module that an entry of the graph runs."""
    return GRAPH[name]["cmd"].removeprefix("exec python -m stages ").split()[0]


def paths(name, kind):
    """The paths of an entry's `deps`, `outs` or `metrics`."""
    return [item if isinstance(item, str) else next(iter(item)) for item in GRAPH[name].get(kind, [])]
