"""See __init__.py: open_clip's `local-dir:`, and the same through CLIP_benchmark."""

import json
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
__import__("torchvision_without_cuda")  # before the libraries that need it

import open_clip  # noqa: E402
from clip_benchmark.models import load_clip  # noqa: E402
from PIL import Image  # noqa: E402


def loaders(name):
    """Model, picture transform and tokeniser, by each way of loading that is installed."""
    model, _, transform = open_clip.create_model_and_transforms(name)
    yield "open_clip", model, transform, open_clip.get_tokenizer(name)
    model, transform = open_clip.create_model_from_pretrained(name)
    yield "from_pretrained", model, transform, open_clip.get_tokenizer(name)
    yield "clip_benchmark", *load_clip("open_clip", name, "", cache_dir=None, device="cpu")


def main(folder, inputs, result):
    texts = json.loads((pathlib.Path(inputs) / "texts.json").read_text())
    pictures = [Image.open(path) for path in sorted(pathlib.Path(inputs).glob("*.png"))]
    found = {}
    for way, model, transform, tokenizer in loaders(f"local-dir:{folder}"):
        pixels = torch.stack([transform(one) for one in pictures])
        with torch.inference_mode():
            found[f"image_{way}"] = model.eval().encode_image(pixels, normalize=True).numpy()
            found[f"text_{way}"] = model.encode_text(tokenizer(texts), normalize=True).numpy()
            found[f"scale_{way}"] = model.logit_scale.exp().numpy()
    np.savez(result, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
