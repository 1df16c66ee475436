"""Position embeddings of other grids by torch. Writes tests/golden/positions.json:

python -m tests.parity.resolution_references
"""

import json
import pathlib

import numpy as np
import torch

GOLDEN = pathlib.Path(__file__).parents[1] / "golden/positions.json"
OLD, WIDTH = 5, 3


def table() -> np.ndarray:
    return np.random.default_rng(2).standard_normal((OLD * OLD, WIDTH)).astype(np.float32)


def golden() -> dict[str, list[list[float]]]:
    """The resized tables by the side of the new grid; the call of transformers' modeling_clip.py."""
    grid = torch.from_numpy(table()).reshape(1, OLD, OLD, WIDTH).permute(0, 3, 1, 2)
    found = {}
    for new in (2, 4, 7, 10):
        moved = torch.nn.functional.interpolate(grid, size=(new, new), mode="bicubic", align_corners=False)
        found[str(new)] = moved.permute(0, 2, 3, 1).reshape(-1, WIDTH).numpy().round(6).astype(float).round(6).tolist()
    return {"old": table().astype(float).tolist()} | found


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden(), separators=(",", ":")) + "\n")
