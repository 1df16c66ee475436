"""Makes tests/golden/systems: a small model of every layout, inputs, and what the library that defines the layout computes.

Not run by the tests: it needs torch, which the study does without. In the environment of `make parity`:
`python -m tests.parity.make_golden tests/golden/systems`. Where a file names a folder by its absolute path, HERE stands for it.
"""

import json
import pathlib
import shutil
import sys
from collections.abc import Callable
from typing import Any

import flax.serialization
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

import tests.parity.torchvision_without_cuda  # noqa: F401  (before transformers' models)

import transformers  # isort: skip
from tests.parity import references  # isort: skip
from tests.parity.references import Reference  # isort: skip

HERE = "@HERE@"
TEXTS = ["una foto di un gatto", "Perch\N{LATIN SMALL LETTER E WITH ACUTE} no? Due cani", "un fiore giallo", ""]
SMALL = {"WIDTH": 8, "DEPTH": 2, "HEADS": 2, "HIDDEN": 16, "SIDE": 16, "PATCH": 8, "COMMON": 6}
LENGTH = 20  # tokens, of every tower
LETTERS = "abcdefghijklmnopqrstuvwxyz\N{LATIN SMALL LETTER E WITH GRAVE}\N{LATIN SMALL LETTER E WITH ACUTE}CDP?"
WORDS = ["una", "foto", "di", "gatto", "fiore"]


def shrink(words: int) -> None:
    """Sets the sizes of the references."""
    for name, value in (SMALL | {"WORDS": words}).items():
        setattr(references, name, value)
    sizes = {
        "hidden_size": SMALL["WIDTH"],
        "intermediate_size": SMALL["HIDDEN"],
        "num_hidden_layers": SMALL["DEPTH"],
        "num_attention_heads": SMALL["HEADS"],
    }
    references.VISION.update(sizes, image_size=SMALL["SIDE"], patch_size=SMALL["PATCH"])
    references.BERT.update(sizes, vocab_size=words)
    references.XLM_ROBERTA.update(sizes, vocab_size=words)


def word_pieces() -> list[str]:
    """BERT's vocabulary, its special tokens first."""
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]


def bert_tokeniser(folder: pathlib.Path) -> Any:
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in word_pieces()))
    settings = {"do_lower_case": False, "tokenizer_class": "BertTokenizer", "model_max_length": LENGTH}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return transformers.AutoTokenizer.from_pretrained(folder)


def clip_vocabulary() -> dict[str, int]:
    """Bytes, bytes at the end of a word, two merged pairs, and the two special tokens last."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "ga", "un", "<|startoftext|>", "<|endoftext|>"]
    return {piece: number for number, piece in enumerate(pieces)}


def clip_tokeniser(folder: pathlib.Path) -> Any:
    (folder / "vocab.json").write_text(json.dumps(clip_vocabulary()))
    (folder / "merges.txt").write_text("#version: 0.2\ng a\nu n\n")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": LENGTH, "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return transformers.AutoTokenizer.from_pretrained(folder)


SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
UNIGRAMS = ["<s>", "<pad>", "</s>", "<unk>", SPACE, *LETTERS, f"{SPACE}un", "gatto", "<mask>"]


def xlm_tokeniser(folder: pathlib.Path) -> Any:
    """XLM-RoBERTa's form: unigrams of sentencepiece between <s> and </s>."""
    made = Tokenizer(models.Unigram([(piece, -float(number)) for number, piece in enumerate(UNIGRAMS)], unk_id=3))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True)
    names = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
    names |= {"cls_token": "<s>", "sep_token": "</s>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LENGTH, **names).save_pretrained(folder)
    return transformers.AutoTokenizer.from_pretrained(folder)


def siglip_tokeniser(folder: pathlib.Path) -> Any:
    """SigLIP's form: unigrams, an end token, padding with the same."""
    made = Tokenizer(models.Unigram([(piece, -float(number)) for number, piece in enumerate(UNIGRAMS)], unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 2)])
    names = {"pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LENGTH, **names).save_pretrained(folder)
    return transformers.AutoTokenizer.from_pretrained(folder)


def without_scale(folder: pathlib.Path) -> None:
    state = load_file(folder / "model.safetensors")
    state.pop("logit_scale")
    save_file(state, folder / "model.safetensors")


def as_flax(folder: pathlib.Path) -> None:
    """The weights as Flax's libraries wrote them in 2021: nested maps, (in, out) matrices, names of version 4."""
    tree: dict[str, Any] = {}
    for name, value in load_file(folder / "model.safetensors").items():
        if name.endswith("position_ids"):
            continue
        *path, leaf = name.split(".")
        array = value.numpy()
        if leaf == "weight":
            leaf = "embedding" if "embedding" in path[-1] and "patch" not in path[-1] else "kernel" if array.ndim > 1 else "scale"
        if leaf == "kernel":
            array = np.ascontiguousarray(array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T)
        node = tree
        for key in path:
            node = node.setdefault(key, {})
        node[leaf] = array
    (folder / "flax_model.msgpack").write_bytes(flax.serialization.to_bytes(tree))
    (folder / "model.safetensors").unlink()


def as_torch(folder: pathlib.Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def as_shards(folder: pathlib.Path) -> None:
    """Two files and their index."""
    state = load_file(folder / "model.safetensors")
    names = sorted(state)
    shards = [names[::2], names[1::2]]
    files = [f"model-0000{number + 1}-of-00002.safetensors" for number in range(2)]
    for file, part in zip(files, shards, strict=True):
        save_file({name: state[name] for name in part}, folder / file, metadata={"format": "pt"})
    weight_map = {name: file for file, part in zip(files, shards, strict=True) for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "model.safetensors").unlink()


Made = tuple[Callable[[pathlib.Path], Reference], Callable[[pathlib.Path], Any], Callable[[pathlib.Path], None] | None]
BERT_WORDS, CLIP_WORDS, XLM_WORDS = len(word_pieces()), len(clip_vocabulary()), len(UNIGRAMS)
GOLDEN: dict[str, tuple[int, *Made]] = {
    "openai": (CLIP_WORDS, references.clip, clip_tokeniser, None),
    "openai-torch": (CLIP_WORDS, references.clip, clip_tokeniser, as_torch),
    "clip-italian": (BERT_WORDS, references.clip_italian, bert_tokeniser, None),
    "clip-italian-version-4": (BERT_WORDS, lambda folder: references.clip_italian(folder, 4), bert_tokeniser, without_scale),
    "clip-italian-flax": (BERT_WORDS, lambda folder: references.clip_italian(folder, 4), bert_tokeniser, as_flax),
    "clip-italian-shards": (BERT_WORDS, references.clip_italian, bert_tokeniser, as_shards),
    "multilingual-clip": (BERT_WORDS, references.multilingual_clip, bert_tokeniser, None),
    "open-clip-xlm-roberta": (XLM_WORDS, references.open_clip, xlm_tokeniser, None),
    "open-clip": (CLIP_WORDS, references.open_clip_plain, clip_tokeniser, None),
    "m-clip": (XLM_WORDS, references.m_clip, xlm_tokeniser, None),
    "siglip": (XLM_WORDS, references.siglip, siglip_tokeniser, None),
}


def golden(root: pathlib.Path, name: str) -> None:
    words, build, tokeniser, change = GOLDEN[name]
    shrink(words)
    root = root / name
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    reference = build(root / "model")
    tokenizer = tokeniser(reference.folder)
    pixels = np.random.default_rng(0).integers(0, 256, (3, references.SIDE, references.SIDE, 3), dtype=np.uint8)
    texts = [text.lower() for text in TEXTS] if reference.fixed else TEXTS  # SigLIP was trained without capitals
    encoded = tokenizer(texts, truncation=True, max_length=LENGTH, padding="max_length", return_tensors="pt")
    mask = torch.ones_like(encoded["input_ids"]) if reference.fixed else encoded["attention_mask"]
    mean, deviation = ((0.5,) * 3, (0.5,) * 3) if reference.fixed else (references_mean(), references_deviation())
    normalised = (torch.tensor(pixels).float() / 255 - torch.tensor(mean)) / torch.tensor(deviation)
    with torch.no_grad():
        outputs = reference.outputs(normalised.permute(0, 3, 1, 2), encoded["input_ids"], mask)
    arrays = {"pixels": pixels, "image": outputs.image["projected"].numpy(), "text": outputs.text["projected"].numpy()}
    if outputs.logits is not None and change is not without_scale:
        arrays["logits"] = outputs.logits.numpy()
    np.savez_compressed(root / "expected.npz", **arrays)
    if change is not None:
        change(reference.folder)
    for path in root.rglob("*.json"):
        path.write_text(path.read_text().replace(str(root), HERE))


def references_mean() -> tuple[float, ...]:
    return tuple(transformers.image_utils.OPENAI_CLIP_MEAN)


def references_deviation() -> tuple[float, ...]:
    return tuple(transformers.image_utils.OPENAI_CLIP_STD)


def italian_bert(root: pathlib.Path) -> None:
    """A BERT as dbmdz published it in 2019: with the head it was trained with, old names, and a vocabulary that is overstated."""
    shrink(BERT_WORDS)
    folder = root / "italian-bert/model"
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    model = references.randomised(transformers.BertForPreTraining(transformers.BertConfig(**references.BERT)), 11)
    state = {name: value.clone() for name, value in model.state_dict().items() if "decoder" not in name}
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    for new, before in old.items():
        state = {name.replace(new, before): value for name, value in state.items()}
    save_file(state, folder / "model.safetensors")
    config = model.config.to_dict() | {"vocab_size": BERT_WORDS + 1000}
    (folder / "config.json").write_text(json.dumps(config, default=str))
    tokenizer = bert_tokeniser(folder)
    encoded = tokenizer(TEXTS, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt")
    with torch.no_grad():
        read = model.bert(**encoded)
    weight = encoded["attention_mask"][..., None].float()
    mean = (read.last_hidden_state * weight).sum(1) / weight.sum(1)
    ids, mask = encoded["input_ids"].numpy().astype(np.int32), encoded["attention_mask"].numpy().astype(bool)
    np.savez_compressed(folder.parent / "expected.npz", ids=ids, mask=mask, pooler=read.pooler_output.numpy(), mean=mean.numpy())


def main(root: str) -> None:
    for name in GOLDEN:
        golden(pathlib.Path(root).absolute(), name)
    italian_bert(pathlib.Path(root).absolute())


if __name__ == "__main__":
    main(*sys.argv[1:])
