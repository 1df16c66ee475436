"""What each system's own library makes of texts of tests/helpers/tokeniser_folders.py's folders. Writes tests/golden/texts.json:

python -m tests.parity.text_references
"""

import json
import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.helpers.tokeniser_folders import FOLDERS, TEXTS
from tests.parity import references  # noqa: F401  (makes open_clip importable)

import transformers  # isort: skip
import open_clip  # isort: skip
from open_clip.tokenizer import SimpleTokenizer  # isort: skip
from sentence_transformers.sentence_transformer.modules import Transformer  # isort: skip

Rows = tuple[np.ndarray, np.ndarray]  # ids and mask


def called(tokenizer: Any, **options: Any) -> Rows:
    encoded = tokenizer(TEXTS, return_attention_mask=True, **options)
    width = max(map(len, encoded["input_ids"]))
    pad = lambda rows: np.array([[*row, *[0] * (width - len(row))] for row in rows])  # noqa: E731
    return pad(encoded["input_ids"]), pad(encoded["attention_mask"]).astype(bool)


def openai(folder: pathlib.Path) -> Rows:
    return called(transformers.CLIPTokenizer.from_pretrained(folder), padding=True, truncation=True)


def clip_italian(folder: pathlib.Path) -> Rows:
    """The call of hybrid_clip/run_hybrid_clip.py, collate_fn."""
    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    return called(tokenizer, max_length=96, padding="max_length", truncation=True)


def siglip(folder: pathlib.Path) -> Rows:
    ids, _ = called(transformers.SiglipTokenizer.from_pretrained(folder), padding="max_length", truncation=True)
    return ids, np.ones_like(ids, bool)


def siglip2(folder: pathlib.Path) -> Rows:
    tokenizer = transformers.Siglip2Tokenizer.from_pretrained(folder, padding_side="right")
    ids, _ = called(tokenizer, padding="max_length", truncation=True, max_length=64)
    return ids, np.ones_like(ids, bool)


def open_clip_hugging_face(folder: pathlib.Path) -> Rows:
    tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    ids = tokenizer(TEXTS).numpy()
    return ids, ids != tokenizer.tokenizer.pad_token_id


def open_clip_own(folder: pathlib.Path) -> Rows:
    length = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]["context_length"]
    return simple(SimpleTokenizer(str(folder / "pairs.txt.gz"), context_length=length))


def simple(tokenizer: Any) -> Rows:
    ids = tokenizer(TEXTS).numpy()
    return ids, np.arange(ids.shape[1])[None] <= ids.argmax(axis=1)[:, None]  # its tower reads the highest id, the end


def sentence_transformers(folder: pathlib.Path) -> Rows:
    inner = folder / "0_Transformer"
    transformers.DistilBertModel(transformers.AutoConfig.from_pretrained(inner)).save_pretrained(inner)
    encoded = Transformer.load(str(inner)).preprocess(TEXTS)
    return encoded["input_ids"].numpy(), encoded["attention_mask"].numpy().astype(bool)


def m_clip(folder: pathlib.Path) -> Rows:
    """The call of multilingual_clip/pt_multilingual_clip.py, which does not cut: an over-long text is an error of its tower."""
    return called(transformers.AutoTokenizer.from_pretrained(folder), padding=True, truncation=True, max_length=512)


REFERENCES: dict[str, Callable[[pathlib.Path], Rows]] = {
    "openai": openai,
    "clip-italian, cased": clip_italian,
    "clip-italian, uncased": clip_italian,
    "SigLIP": siglip,
    "SigLIP 2": siglip2,
    "open_clip, XLM-RoBERTa": open_clip_hugging_face,
    "open_clip, canonicalize": open_clip_hugging_face,
    "open_clip": open_clip_own,
    "multilingual CLIP": sentence_transformers,
    "multilingual CLIP, lower case": sentence_transformers,
    "M-CLIP": m_clip,
}


def golden() -> dict[str, list[list[int]]]:
    """The real tokens of every text, by system."""
    found = {}
    for name, make in FOLDERS.items():
        with tempfile.TemporaryDirectory() as folder:
            make(pathlib.Path(folder))
            ids, mask = REFERENCES[name](pathlib.Path(folder))
        found[name] = [row[real].tolist() for row, real in zip(ids, mask, strict=True)]
    return found


if __name__ == "__main__":
    pathlib.Path("tests/golden/texts.json").write_text(json.dumps(golden(), separators=(",", ":")) + "\n")
