"""See __init__.py: VisionTextDualEncoderModel and AutoProcessor, of transformers 4.57 or 5."""

import json
import pathlib
import sys

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
__import__("torchvision_without_cuda")  # before the libraries that need it

import transformers  # noqa: E402
from PIL import Image  # noqa: E402


def features(output):
    """Version 4 gives a tensor, version 5 an object around it; unit vectors."""
    vectors = output if isinstance(output, torch.Tensor) else output.pooler_output
    return (vectors / vectors.norm(dim=-1, keepdim=True)).numpy()


def main(folder, inputs, result):
    texts = json.loads((pathlib.Path(inputs) / "texts.json").read_text())
    pictures = [Image.open(path) for path in sorted(pathlib.Path(inputs).glob("*.png"))]
    model, loading = transformers.VisionTextDualEncoderModel.from_pretrained(folder, output_loading_info=True)
    pillow = {"backend": "pil"} if transformers.__version__.startswith("5") else {}
    processor = transformers.AutoProcessor.from_pretrained(folder, **pillow)
    default = transformers.AutoProcessor.from_pretrained(folder)
    words = processor(text=texts, padding=True, truncation=True, return_tensors="pt")
    pixels = processor(images=pictures, return_tensors="pt")
    with torch.inference_mode():
        image = features(model.eval().get_image_features(**pixels))
        text = features(model.get_text_features(**words))
        both = processor(text=texts, images=pictures, padding=True, truncation=True, return_tensors="pt")
        logits = model(**both).logits_per_image.numpy()
        other = features(model.get_image_features(**default(images=pictures, return_tensors="pt")))
    lacking = [len(loading[kind]) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")]
    np.savez(
        result,
        image=image,
        text=text,
        logits=logits,
        image_default=other,
        lacking=np.array(lacking),
        version=transformers.__version__,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
