"""The small models of tests/golden/systems (tests/parity/make_golden.py makes them), copied to where a test may spoil them."""

import pathlib
import shutil
from typing import Any, NamedTuple

import numpy as np

from tests.helpers.golden_values import GOLDEN

SYSTEMS = GOLDEN / "systems"
NAMES = sorted(path.name for path in SYSTEMS.iterdir() if path.name != "italian-bert")
TEXTS = ["una foto di un gatto", "Perch\N{LATIN SMALL LETTER E WITH ACUTE} no? Due cani", "un fiore giallo", ""]


class Golden(NamedTuple):
    """A folder in a system's layout, that of its picture half if it has one, and what its own library computes."""

    folder: pathlib.Path
    images: pathlib.Path | None
    expected: dict[str, np.ndarray]

    def options(self) -> dict[str, Any]:
        """What `load` needs beside the folder."""
        return {"images": self.images} if self.images else {}


def copied(name: str, target: pathlib.Path) -> Golden:
    """A copy of a golden system below `target`."""
    root = target / name
    shutil.copytree(SYSTEMS / name, root)
    for path in root.rglob("*.json"):
        path.write_text(path.read_text().replace("@HERE@", str(root)))
    with np.load(root / "expected.npz") as arrays:
        expected = {key: arrays[key] for key in arrays}
    return Golden(root / "model", root / "pictures" if (root / "pictures").exists() else None, expected)
