"""The torch side of benchmarks/train_step.py: transformers' VisionTextDualEncoderModel, for an interpreter that has both.

As transformers runs it, with its default attention (sdpa), AdamW in its fused form and no dropout: in float32, and with the
products in bfloat16 by autocast. On a GPU in bfloat16 alone, as it is and compiled.
"""

import os
import pathlib
import sys

import numpy as np
import torch
import transformers

import tests.parity.torchvision_without_cuda  # noqa: F401  (before transformers imports a model)
from benchmarks import turns

RATE = 1e-5
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class Torch:
    """Weights and optimiser."""

    def __init__(self, folder):
        self.model = transformers.VisionTextDualEncoderModel.from_pretrained(folder).eval().to(DEVICE)  # eval: without dropout
        self.optimiser = torch.optim.AdamW(self.model.parameters(), lr=RATE, fused=True)
        with np.load(folder / "batch.npz") as arrays:
            pixels, ids, mask = (torch.tensor(arrays[name], device=DEVICE) for name in ("pixels", "ids", "mask"))
        self.batch = {"pixel_values": pixels, "input_ids": ids.long(), "attention_mask": mask.long()}

    def loss(self, model, bfloat16):
        with torch.autocast(DEVICE, torch.bfloat16, enabled=bfloat16):
            return model(**self.batch, return_loss=True).loss

    def way(self, bfloat16, compiled=False):
        model = torch.compile(self.model) if compiled else self.model

        def first():
            with torch.no_grad():
                return self.loss(model, bfloat16)

        def step():
            self.optimiser.zero_grad()
            self.loss(model, bfloat16).backward()
            self.optimiser.step()
            if DEVICE == "cuda":
                torch.cuda.synchronize()

        return turns.Way(first, step)


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch_side = Torch(pathlib.Path(sys.argv[1]))
    ways = {"torch, bfloat16": torch_side.way(True)}
    if DEVICE == "cuda":
        ways["torch, bfloat16, compiled"] = torch_side.way(True, compiled=True)
    else:
        ways = {"torch, float32": torch_side.way(False)} | ways
    turns.take(ways)
