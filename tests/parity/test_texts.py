"""Token ids and masks against every system's own library."""

import pathlib

import numpy as np
import pytest

from clip_italian.checkpoints import layouts
from tests.helpers import tokeniser_folders as folders
from tests.parity import text_references


def check(name: str, folder: pathlib.Path, settings: folders.DualEncoderSettings, expected: text_references.Rows) -> None:
    """The same real tokens, text by text; where the tower reads padding too, the same padding."""
    found = layouts.recognised(folder).tokeniser(folder, settings.text)(folders.TEXTS)
    for text, ids, mask, want, real in zip(folders.TEXTS, *found, *expected, strict=True):
        assert ids[mask].tolist() == want[real].tolist(), f"{name}: {text!r}"


@pytest.mark.parametrize("name", folders.FOLDERS)
def test_tokens_are_those_of_the_systems_own_library(name: str, tmp_path: pathlib.Path) -> None:
    settings = folders.FOLDERS[name](tmp_path)
    check(name, tmp_path, settings, text_references.REFERENCES[name](tmp_path))


def test_openais_byte_pairs_give_what_open_clip_gives(tmp_path: pathlib.Path) -> None:
    import gzip

    from open_clip import tokenizer as library

    lines = gzip.decompress(pathlib.Path(library.default_bpe()).read_bytes()).decode().splitlines()[1 : 49152 - 256 - 2 + 1]
    vocabulary = folders.byte_pairs(tmp_path, [(a, b) for a, b in map(str.split, lines)])
    folders.written(tmp_path, open_clip_config={"model_cfg": {"text_cfg": {}}})
    assert vocabulary == 49408
    check("open_clip", tmp_path, folders.clip(vocabulary, 77), text_references.simple(library.SimpleTokenizer()))


def test_the_golden_file_is_what_the_libraries_give_today() -> None:
    import json

    stored = json.loads((pathlib.Path(__file__).parents[1] / "golden/texts.json").read_text())
    assert text_references.golden() == stored


def test_real_sentencepiece_normalisation_passes_through(tmp_path: pathlib.Path) -> None:
    import sentencepiece

    corpus = tmp_path / "corpus.txt"
    corpus.write_text("\n".join(folders.TEXTS * 3))
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=160,
        hard_vocab_limit=False,
        normalization_rule_name="nmt_nfkc",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    folders.written(tmp_path, config={"model_type": "siglip"}, tokenizer_config={"tokenizer_class": "SiglipTokenizer"})
    settings = folders.clip(200, 64, "fixed")
    expected = text_references.siglip(tmp_path)
    found = layouts.recognised(tmp_path).tokeniser(tmp_path, settings.text)(folders.TEXTS)
    assert np.array_equal(found.ids, expected[0])
