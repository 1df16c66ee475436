"""How each format is loaded, for the model cards: code that runs in the card's folder beside a picture `gatto.jpg`."""


def _resizing(where: str) -> str:
    """What is said wherever transformers prepares pictures; measured in tests/parity/test_exports.py (up to 8e-4)."""
    return f"""

Where torchvision is installed, transformers 5 scales pictures with it instead of Pillow, and embeddings differ in the third
decimal; `backend="pil"` {where} avoids that."""


_AT_THE_PROCESSOR = _resizing("as an argument of the processor's `from_pretrained`")

TRANSFORMERS = """```python
import torch
from PIL import Image
from transformers import AutoProcessor, VisionTextDualEncoderModel

folder = "."  # this folder, or the repository's name
model, processor = VisionTextDualEncoderModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
texts = {texts}
inputs = processor(text=texts, images=Image.open("gatto.jpg"), padding=True, truncation=True, return_tensors="pt")
with torch.inference_mode():
    print(model(**inputs).logits_per_image.softmax(dim=-1))
```

Versions 4.57 and 5 of transformers load it.""" + _AT_THE_PROCESSOR

ONNX = """```python
import onnxruntime
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer

folder = "."  # this folder, or a copy of it
texts = AutoTokenizer.from_pretrained(folder)({texts}, padding="max_length", truncation=True, return_tensors="np")
pictures = AutoImageProcessor.from_pretrained(folder)(Image.open("gatto.jpg").convert("RGB"), return_tensors="np")
(text,) = onnxruntime.InferenceSession(f"{{folder}}/text.onnx").run(None, dict(texts))
(image,) = onnxruntime.InferenceSession(f"{{folder}}/image.onnx").run(None, dict(pictures))
print(image @ text.T)
```

Inputs: `pixel_values`, float32 of (batch, 3, height, width), scaled and normalised as `preprocessor_config.json` says;
`input_ids` and `attention_mask`, int64 of (batch, {tokens}): texts are always padded to {tokens} tokens. Outputs:
`image_embeds` and `text_embeds`, unit vectors. The batch may have any size.""" + _AT_THE_PROCESSOR

OPEN_CLIP = """```python
import open_clip
import torch
from PIL import Image

folder = "{home}"
model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{{folder}}")
tokenizer = open_clip.get_tokenizer(f"local-dir:{{folder}}")
with torch.inference_mode():
    image = model.encode_image(preprocess(Image.open("gatto.jpg"))[None], normalize=True)
    text = model.encode_text(tokenizer({texts}), normalize=True)
print(image @ text.T)
```

open_clip finds the text tower's configuration by `hf_model_name` in `open_clip_config.json`, from the working directory: when
the folder moves, write its new place (or the repository's name) there. CLIP_benchmark takes the same `local-dir:` name. Of
pictures that are not square open_clip cuts the middle one pixel beside where the other formats do, where it has to round."""

SENTENCE_TRANSFORMERS = """```python
from PIL import Image
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(".")  # this folder, or the repository's name
print(model.similarity(model.encode([Image.open("gatto.jpg")]), model.encode({texts})))
```

It takes version 6 of sentence-transformers with version 5 of transformers.""" + _resizing("in the model's `processor_kwargs`")

TEXTS_ALONE = """```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(".")  # this folder, or the repository's name
texts = model.encode({texts})
print(model.similarity(texts, texts))
```"""

SNIPPETS = {
    "transformers": TRANSFORMERS, "onnx": ONNX, "open_clip": OPEN_CLIP, "sentence_transformers": SENTENCE_TRANSFORMERS,
}  # fmt: skip
