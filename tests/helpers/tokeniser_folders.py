"""Folders of tokenisers in every system's layout, small and made of the same few Italian words each time; and texts to try."""

import gzip
import json
import pathlib
from collections.abc import Callable
from typing import Any

from clip_italian.models.bert import BertSettings
from clip_italian.models.clip_text import ClipTextSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from tests.helpers.small_models import IMAGE, SIZES

TEXTS = [
    "un gatto su una sedia",
    "Due Cavalli Marroni",
    "UN FIORE GIALLO!",
    "perché no? è già così, più in là",
    "perche\u0301 e\u0300 cosi\u0300",
    "l'uomo e un'auto dell'800",
    "l\u2019uomo e un\u2019auto",
    "«il fiore» disse, “blu” e „azzurro‟",
    "città, virtù, caffè — però…",
    "un gatto \U0001f408 e un \U0001f469\u200d\U0001f680",
    "Tom &amp; Jerry &lt;3 &quot;qui&quot; &#232;",
    "&amp;amp; due volte",
    "un\tgatto\n\nsu  una\u00a0sedia ",
    "",
    " ",
    "?!...,;:",
    "3 cavalli, 1.500 € e il 25%",
    "anno 2021/22 n°7",
    "lunghissimo " * 120,
    "supercalifragilistichespiralidoso",
    "snake_case e un'altra_cosa",
    "日本語 e ελληνικάς Σίσυφος",
    "Ã¨ un gatto",
    "<b>un fiore</b> [MASK] #blu @tutti",
    "e\u0301\u0323 o\u0302",
    "L'UOMO DELL'ARIA",
    "ı İstanbul ſtraße",
    "\u200bzero\ufeff larghezza\u200d",
    "ﬁore ½ ²",
]
WORDS = sorted({word.strip(",.!?") for text in TEXTS[:6] for word in text.lower().split()})
LETTERS = sorted(set("".join(WORDS)) | set("abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'’«»&<>_-%/ABCDEFGLMTUàèéìòù"))
SPACE = "▁"  # what stands for one in sentencepiece


def written(folder: pathlib.Path, **contents: Any) -> None:
    """JSON files, by their names without the ending."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def settings(text: BertSettings | ClipTextSettings) -> DualEncoderSettings:
    return DualEncoderSettings(image=IMAGE, text=text, projection=8)


def bert(vocabulary: int, positions: int) -> DualEncoderSettings:
    return settings(BertSettings(vocabulary=vocabulary, max_length=positions, pooling="mean", **SIZES))


def clip(vocabulary: int, positions: int, reading: Any = "last") -> DualEncoderSettings:
    return settings(ClipTextSettings(vocabulary=vocabulary, max_length=positions, reading=reading, **SIZES))


def word_pieces(folder: pathlib.Path) -> int:
    """BERT's files as dbmdz ships them: no tokenizer.json."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS), *WORDS]
    pieces = list(dict.fromkeys(pieces))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    return len(pieces)


def byte_names() -> list[str]:
    """The characters that stand for bytes in GPT-2's and CLIP's byte pairs, in their order."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [*map(chr, shown), *(chr(256 + i) for i in range(256 - len(shown)))]


def merges() -> list[tuple[str, str]]:
    """Byte pairs that build the words letter by letter."""
    pairs = []
    for word in (word for word in WORDS if word.isalpha() and word.isascii()):
        units = [*word[:-1], word[-1] + "</w>"]
        for i in range(1, len(units)):
            pairs.append(("".join(units[:i]), units[i]))
    return list(dict.fromkeys(pairs))


def byte_pairs(folder: pathlib.Path, pairs: list[tuple[str, str]]) -> int:
    """CLIP's vocab.json and merges.txt."""
    names = byte_names()
    symbols = [*names, *(f"{name}</w>" for name in names), *map("".join, pairs), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {symbol: number for number, symbol in enumerate(symbols)}
    written(folder, vocab=vocabulary, tokenizer_config={"tokenizer_class": "CLIPTokenizer", "model_max_length": 77})
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in pairs))
    return len(vocabulary)


def open_clip_pairs(path: pathlib.Path) -> None:
    """The same pairs as the file of open_clip's own tokeniser."""
    path.write_bytes(gzip.compress("\n".join(["#version", *(f"{a} {b}" for a, b in merges())]).encode()))


def unigrams() -> list[tuple[str, float]]:
    whole = [SPACE + word for word in WORDS]
    return [
        (SPACE, -3.0),
        *((piece, -4.0 - number / 100) for number, piece in enumerate(dict.fromkeys([*whole, *WORDS]))),
        *((letter, -9.0 - number / 100) for number, letter in enumerate(LETTERS) if letter not in WORDS),
    ]


def xlm_roberta(folder: pathlib.Path) -> int:
    import transformers

    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *unigrams(), ("<mask>", 0.0)]
    transformers.XLMRobertaTokenizer(vocab=vocabulary).save_pretrained(str(folder))
    return len(vocabulary)


def sentencepiece(path: pathlib.Path) -> int:
    """A sentencepiece model with the special tokens of T5, whose tokeniser SigLIP's is."""
    from sentencepiece import sentencepiece_model_pb2 as protocol

    model = protocol.ModelProto()
    kinds = protocol.ModelProto.SentencePiece.Type
    special = [("<pad>", kinds.CONTROL), ("</s>", kinds.CONTROL), ("<unk>", kinds.UNKNOWN)]
    pieces = [(piece, 0.0, kind) for piece, kind in special] + [(piece, score, kinds.NORMAL) for piece, score in unigrams()]
    for piece, score, kind in pieces:
        model.pieces.add(piece=piece, score=score, type=kind)
    model.trainer_spec.model_type = protocol.TrainerSpec.UNIGRAM
    model.trainer_spec.pad_id, model.trainer_spec.eos_id, model.trainer_spec.unk_id, model.trainer_spec.bos_id = 0, 1, 2, -1
    model.normalizer_spec.name = "identity"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return len(pieces)


def gemma(folder: pathlib.Path) -> int:
    """SigLIP 2's tokenizer.json: Gemma's byte pairs with their fallback to bytes, and the end token behind each text."""
    import transformers
    from tokenizers import processors

    special = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    pairs = [("".join(word[:i]), word[i]) for word in (SPACE + word for word in WORDS) for i in range(1, len(word))]
    pairs = list(dict.fromkeys(pairs))
    symbols = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), SPACE, *LETTERS, *map("".join, pairs)]
    vocabulary = {symbol: number for number, symbol in enumerate(dict.fromkeys(symbols))}
    tokenizer = transformers.GemmaTokenizer(vocab=vocabulary, merges=pairs, padding_side="right", do_lower_case=True)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing("$A <eos>", special_tokens=[("<eos>", 1)])
    tokenizer.save_pretrained(str(folder))
    return len(vocabulary)


def openai(folder: pathlib.Path) -> DualEncoderSettings:
    written(folder, config={"model_type": "clip"})
    return clip(byte_pairs(folder, merges()), 77)


def clip_italian(folder: pathlib.Path, cased: bool) -> DualEncoderSettings:
    written(folder, config={"model_type": "vision-text-dual-encoder"})
    written(folder, tokenizer_config={"do_lower_case": not cased, "tokenizer_class": "BertTokenizer", "model_max_length": 512})
    return bert(word_pieces(folder), 512)


def siglip(folder: pathlib.Path) -> DualEncoderSettings:
    written(folder, config={"model_type": "siglip"})
    written(folder, tokenizer_config={"tokenizer_class": "SiglipTokenizer", "model_max_length": 64})
    return clip(sentencepiece(folder / "spiece.model"), 64, "fixed")


def siglip2(folder: pathlib.Path) -> DualEncoderSettings:
    written(folder, config={"model_type": "siglip"})
    return clip(gemma(folder), 64, "fixed")


def open_clip(folder: pathlib.Path) -> DualEncoderSettings:
    text = {"hf_model_name": "xlm-roberta-base", "hf_tokenizer_name": "xlm-roberta-base"}
    written(folder, open_clip_config={"model_cfg": {"text_cfg": text}, "preprocess_cfg": {}})
    return bert(xlm_roberta(folder), 512)  # open_clip cuts at 77 where its configuration says nothing


def open_clip_canonical(folder: pathlib.Path) -> DualEncoderSettings:
    text = {"hf_tokenizer_name": "bert", "context_length": 32, "tokenizer_kwargs": {"clean": "canonicalize"}}
    written(folder, open_clip_config={"model_cfg": {"text_cfg": text}}, tokenizer_config={"tokenizer_class": "BertTokenizer"})
    return bert(word_pieces(folder), 512)


def open_clip_plain(folder: pathlib.Path) -> DualEncoderSettings:
    written(folder, open_clip_config={"model_cfg": {"text_cfg": {"context_length": 40}}})
    vocabulary = byte_pairs(folder, merges())
    open_clip_pairs(folder / "pairs.txt.gz")
    return clip(vocabulary, 40)


def sentence_transformers(folder: pathlib.Path, lower: bool) -> DualEncoderSettings:
    written(folder, modules=[{"idx": 0, "name": "0", "path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}])
    inner = folder / "0_Transformer"
    written(
        inner,
        sentence_bert_config={"max_seq_length": 128, "do_lower_case": lower},
        tokenizer_config={"tokenizer_class": "DistilBertTokenizer", "do_lower_case": False, "model_max_length": 512},
        config={"model_type": "distilbert", "dim": 16, "hidden_dim": 16, "n_layers": 1, "n_heads": 2, "vocab_size": 400},
    )
    return bert(word_pieces(inner), 512)


def m_clip(folder: pathlib.Path) -> DualEncoderSettings:
    written(folder, config={"model_type": "M-CLIP", "modelBase": "xlm-roberta-large", "numDims": 8})
    return bert(xlm_roberta(folder), 512)


FOLDERS: dict[str, Callable[[pathlib.Path], DualEncoderSettings]] = {
    "openai": openai,
    "clip-italian, cased": lambda folder: clip_italian(folder, True),
    "clip-italian, uncased": lambda folder: clip_italian(folder, False),
    "SigLIP": siglip,
    "SigLIP 2": siglip2,
    "open_clip, XLM-RoBERTa": open_clip,
    "open_clip, canonicalize": open_clip_canonical,
    "open_clip": open_clip_plain,
    "multilingual CLIP": lambda folder: sentence_transformers(folder, False),
    "multilingual CLIP, lower case": lambda folder: sentence_transformers(folder, True),
    "M-CLIP": m_clip,
}
