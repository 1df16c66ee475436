"""torchvision's side of benchmarks/augmenting.py, for an interpreter that need not have ours; prints one line of JSON.

The chain of 2021 (clip-italian, hybrid_clip/run_hybrid_clip.py, class Transform) on tensors of bytes, its resize antialiased as
torchvision does today. Its decoder is torchvision's, or simplejpeg where torchvision's cannot be loaded, as beside a torch for the
CPU; both are libjpeg-turbo.
"""

import json
import pathlib
import sys
import time

import numpy as np
import torch

import tests.parity.torchvision_without_cuda  # noqa: F401  (before torchvision)

# isort: split
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms import (
    CenterCrop,
    ColorJitter,
    ConvertImageDtype,
    InterpolationMode,
    Normalize,
    RandomAffine,
    RandomAutocontrast,
    RandomCrop,
    RandomEqualize,
    RandomHorizontalFlip,
    RandomPerspective,
    Resize,
)

SIDE = 224
GREY = [127.0, 127.0, 127.0]
RESIZE = Resize([SIDE], interpolation=InterpolationMode.BICUBIC, antialias=True)
AUGMENT = torch.nn.Sequential(
    RandomCrop([SIDE], pad_if_needed=True, padding_mode="edge"),
    ColorJitter(hue=0.1),
    RandomHorizontalFlip(),
    RandomAffine(15, (0.1, 0.1), (0.8, 1.2), [-15, 15, -15, 15], InterpolationMode.BILINEAR, GREY),
    RandomPerspective(0.3, 0.3, fill=GREY),
    RandomAutocontrast(0.3),
    RandomEqualize(0.3),
    ConvertImageDtype(torch.float),
    Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
)


def rate(work, items):
    """Items per second of the processor's, after one pass that is not counted."""
    for item in items:
        work(item)
    start = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - start)


def decoder(content):
    """What makes a tensor of bytes [3, height, width] of a JPEG, and its name."""
    try:
        decode_jpeg(torch.from_numpy(content), ImageReadMode.RGB)
    except (RuntimeError, AttributeError):
        import simplejpeg

        return (lambda content: torch.from_numpy(simplejpeg.decode_jpeg(content)).permute(2, 0, 1).contiguous()), "simplejpeg"
    return (lambda content: decode_jpeg(torch.from_numpy(content), ImageReadMode.RGB)), "torchvision"


def main(folder):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    files = [np.fromfile(path, np.uint8) for path in sorted(folder.glob("*.jpg"))]
    scripted = torch.jit.script(torch.nn.Sequential(RESIZE, AUGMENT))
    decode, name = decoder(files[0])
    resized = [CenterCrop(SIDE)(RESIZE(decode(content))) for content in files]
    rates = {
        "decode and resize": rate(lambda content: RESIZE(decode(content)), files),
        "augment, eager": rate(AUGMENT, resized),
        "augment, scripted": rate(torch.jit.script(AUGMENT), resized),
        "whole, eager": rate(lambda content: AUGMENT(RESIZE(decode(content))), files),
        "whole, scripted": rate(lambda content: scripted(decode(content)), files),
    }
    np.save(folder / "squares.npy", torch.stack(resized).permute(0, 2, 3, 1).numpy())
    print(json.dumps({"decoder": name, "rates": rates}))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
