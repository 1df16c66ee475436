"""Reading the golden files of tests/golden: arrays are kept exactly, as base64 of their bytes."""

import base64
import json
import pathlib
from typing import Any

import numpy as np

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


def load(name: str) -> dict[str, Any]:
    """A golden file with its arrays decoded."""
    return json.loads((GOLDEN / f"{name}.json").read_text(), object_hook=_array)


def _array(entry: dict[str, Any]) -> Any:
    if "base64" not in entry:
        return entry
    return np.frombuffer(base64.b64decode(entry["base64"]), entry["dtype"]).reshape(entry["shape"])


def unit(rows: np.ndarray) -> np.ndarray:
    """Rows of length 1 along the last axis."""
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)
