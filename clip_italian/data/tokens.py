"""Trains tokenisers for the drawn world, and encodes texts as padded arrays of token ids."""

import pathlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import tokenizers
from jaxtyping import Bool, Int
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from clip_italian import files
from clip_italian.data import subwords
from clip_italian.errors import InputError

TOKENIZER = "tokenizer.json"
BERT_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CLIP_SPECIAL = ["<|startoftext|>", "<|endoftext|>"]
# Composed accents and straight apostrophes: texts contain both spellings of one word.
ONE_SPELLING = [normalizers.NFC(), normalizers.Replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")]


class Tokens(NamedTuple):
    """Token ids of texts, and a mask that is true for tokens and false for padding."""

    ids: Int[np.ndarray, "n t"]
    mask: Bool[np.ndarray, "n t"]


def train_wordpiece(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A cased WordPiece tokeniser in BERT's format; cased, because uncased BERT drops accents (`è` becomes `e`)."""
    frame = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    frame.normalizer = normalizers.Sequence([*ONE_SPELLING, normalizers.BertNormalizer(lowercase=False, strip_accents=False)])
    frame.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learnt = subwords.learn(_words(frame, texts), vocabulary, BERT_SPECIAL, subwords.CONTINUED, "")
    frame.model = models.WordPiece(_numbered(learnt.symbols), unk_token="[UNK]", max_input_chars_per_word=100)
    return _between(frame, "[CLS]", "[SEP]", BERT_SPECIAL)


def train_clip_bpe(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """A lower-cased byte-pair tokeniser in CLIP's format, with an end-of-word mark."""
    frame = Tokenizer(models.BPE())
    frame.normalizer = normalizers.Sequence([*ONE_SPELLING, normalizers.Lowercase()])
    frame.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learnt = subwords.learn(_words(frame, texts), vocabulary, CLIP_SPECIAL, "", subwords.ENDED)
    frame.model = models.BPE(_numbered(learnt.symbols), learnt.merges, unk_token=CLIP_SPECIAL[1], end_of_word_suffix=subwords.ENDED)
    return _between(frame, CLIP_SPECIAL[0], CLIP_SPECIAL[1], CLIP_SPECIAL)


def _words(frame: Tokenizer, texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs, as the tokeniser cuts words."""
    words: Counter[str] = Counter()
    for text, times in Counter(texts).items():
        for word, _ in frame.pre_tokenizer.pre_tokenize_str(frame.normalizer.normalize_str(text)):
            words[word] += times
    return words


def _numbered(symbols: Sequence[str]) -> dict[str, int]:
    return {symbol: number for number, symbol in enumerate(symbols)}


def _between(tokenizer: Tokenizer, start: str, end: str, special: Sequence[str]) -> Tokenizer:
    """The tokeniser with its special tokens, of which `start` and `end` surround every text."""
    tokenizer.add_special_tokens(list(special))
    number = tokenizer.get_vocab()
    tokenizer.post_processor = processors.BertProcessing((end, number[end]), (start, number[start]))
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
    """Encodes texts, truncated and padded to `length` tokens, special tokens included."""
    tokenizer.enable_truncation(length)
    tokenizer.no_padding()
    rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    tokenizer.no_truncation()  # or it would be saved with the tokeniser
    ids, mask = np.zeros((len(rows), length), np.int32), np.zeros((len(rows), length), bool)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = True
    return Tokens(ids, mask)


def take(tokens: Tokens, rows: Int[np.ndarray, " m"] | slice) -> Tokens:
    """The texts at `rows`."""
    return Tokens(tokens.ids[rows], tokens.mask[rows])


def trim(tokens: Tokens, multiple: int) -> Tokens:
    """The texts without common padding: the length is the smallest multiple of `multiple` that holds all tokens.

    Multiples limit the number of compiled programs. Less padding is faster (1.57x at 32 of 96 tokens).
    """
    longest = int(tokens.mask.sum(axis=1).max(initial=1))
    length = min(-(-longest // multiple) * multiple, tokens.ids.shape[1])
    return Tokens(tokens.ids[:, :length], tokens.mask[:, :length])
