"""Tokenisers: trained here for the drawn world, and texts as padded arrays of token ids."""
import pathlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import tokenizers
from jaxtyping import Bool, Int
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from clip_italian import files
from clip_italian.errors import InputError

TOKENIZER = "tokenizer.json"
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CLIP_SPECIAL = ["<|startoftext|>", "<|endoftext|>"]


class Tokens(NamedTuple):
    """Texts as token ids and as which of them are real, not padding."""

    ids: Int[np.ndarray, "n t"]
    mask: Bool[np.ndarray, "n t"]


def train_wordpiece(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A cased WordPiece tokeniser in BERT's format; cased, because uncased BERT drops accents (`è` becomes `e`)."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=BERT_SPECIAL, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    start, end = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", end), ("[CLS]", start))
    return tokenizer


def train_clip_bpe(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A lower-cased byte-pair tokeniser in CLIP's format, with an end-of-word mark."""
    tokenizer = Tokenizer(models.BPE(unk_token=CLIP_SPECIAL[1], end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=CLIP_SPECIAL, end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    start, end = (tokenizer.token_to_id(token) for token in CLIP_SPECIAL)
    tokenizer.post_processor = processors.BertProcessing((CLIP_SPECIAL[1], end), (CLIP_SPECIAL[0], start))
    return tokenizer


def save(folder: pathlib.Path, tokenizer: Tokenizer) -> None:
    """Writes `tokenizer.json` into `folder`."""
    files.write_text(folder / TOKENIZER, tokenizer.to_str(pretty=True))


def load(folder: pathlib.Path) -> Tokenizer:
    """Reads `tokenizer.json`; raises InputError naming the file when it is missing or damaged."""
    path = folder / TOKENIZER
    files.read_json(path)
    try:
        return tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise InputError(f"{path}: not a tokeniser ({error}); delete it and run `dvc checkout`") from None


def encode(tokenizer: Tokenizer, texts: Sequence[str], length: int) -> Tokens:
    """Texts cut to `length` tokens (specials included) and padded to it; an empty text keeps its specials."""
    tokenizer.enable_truncation(length)
    tokenizer.no_padding()
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    ids, mask = np.zeros((len(rows), length), np.int32), np.zeros((len(rows), length), bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = True
    return Tokens(ids, mask)


def take(tokens: Tokens, rows: Int[np.ndarray, " m"] | slice) -> Tokens:
    """Some of the texts."""
    return Tokens(tokens.ids[rows], tokens.mask[rows])


def trim(tokens: Tokens, multiple: int) -> Tokens:
    """The same texts without the padding that none of them needs, up to a multiple of `multiple` tokens.

    Few distinct lengths mean few compiled programs; no padding is no work (performance: 1.57x at 32 of 96 tokens).
    """
    longest = int(tokens.mask.sum(axis=1).max(initial=1))
    length = min(-(-longest // multiple) * multiple, tokens.ids.shape[1])
    return Tokens(tokens.ids[:, :length], tokens.mask[:, :length])
