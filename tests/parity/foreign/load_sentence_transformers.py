"""See __init__.py: sentence-transformers; `image` is there where the folder encodes pictures."""

import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
__import__("torchvision_without_cuda")  # before the libraries that need it

from PIL import Image  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402


def main(folder, inputs, result):
    texts = json.loads((pathlib.Path(inputs) / "texts.json").read_text())
    pictures = [Image.open(path) for path in sorted(pathlib.Path(inputs).glob("*.png"))]
    model = SentenceTransformer(folder, device="cpu")
    found = {"text": model.encode(texts), "alone": np.stack([model.encode(text) for text in texts])}
    if "image" in model.modalities:
        found["image_default"] = model.encode(pictures)
        pillow = SentenceTransformer(folder, device="cpu", processor_kwargs={"backend": "pil"})
        found["image"] = pillow.encode(pictures)
    np.savez(result, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
