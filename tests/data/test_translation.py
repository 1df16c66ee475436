"""Translation: row for row, never asked twice, the same whatever was killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.data.translation import engines, tables
from clip_italian.data.translation.cache import Cache, Met
from clip_italian.data.translation.engines import TranslationSettings, open_engine
from clip_italian.data.translation.translation import translate
from clip_italian.data.translation.translator import Translator
from clip_italian.errors import InputError
from tests.helpers.loopback_deepl import GOOD_KEY, serving
from tests.helpers.small_world import by_table

CAPTIONS = ["a black cat", "two dogs", "a black cat", "a house &amp; a tree", "a bird that nobody knows"]
TABLE = "a black cat\tun gatto nero\ntwo dogs\tdue\u00a0cani\na house & a tree\tuna casa e un albero\na black cat\tun micio nero\n"
ODD = [
    b"\xe8\thttp://a.example/1\r\n",
    b"  \thttp://a.example/2\n",
    "\N{CAT FACE}\thttp://a.example/3\n".encode(),
    b"a\tb\tc\n",
    b"no address\n",
    b"\n",
    b"a\x00cat\thttp://a.example/4\n",
    b"two dogs\thttp://a.example/5",
]


@pytest.fixture
def raw(tmp_path):
    """Raw data with a table of captions, a table that translates them, and parallel sentences."""
    folder = tmp_path / "raw"
    rows = [f"{caption}\thttp://a.example/{i}{chr(13) if i == 1 else ''}\n".encode() for i, caption in enumerate(CAPTIONS)]
    files.write_bytes(folder / "sources/conceptual_captions/Train_GCC-training.tsv", b"".join([*rows, *ODD]))
    files.write_text(folder / "text/captions.tsv", TABLE)
    files.write_text(folder / "text/parallel.tsv", "given\tdato\n")
    files.write_text(folder / "text/translations.tsv", "one\tuno\n")
    files.write_json(folder / "test/a/captions.json", {"annotations": [{"caption": "un gatto\n"}, {"caption": "un gatto"}]})
    files.write_json(folder / "test/classes.json", [{"label": "un cane"}])
    files.write_json(folder / "test/gallery.json", [{"query": "due cani"}])
    return folder


def settings(raw, **changes):
    given = {"sources": ["conceptual_captions"], "max_characters": 1000, "parallel": "given", "queries": False, "language": "it"}
    engine = by_table(raw / "text/captions.tsv")
    return TranslationSettings(**given | {"from_english": engine, "to_english": engine} | changes)


def translated(raw, chosen, name="translated"):
    folder = raw.parent / name
    folder.mkdir()
    report, asked = translate(raw, folder, raw.parent / "state/cache.sqlite", chosen, progress=False)
    return folder, report, asked


class Counting:
    """An engine that notes what it is asked."""

    name, version = "counting", "1"

    def __init__(self):
        self.batches = []

    def translate(self, sentences):
        self.batches.append(list(sentences))
        return [f"<{sentence}>" for sentence in sentences]


# --- Tables -----------------------------------------------------------------------------------------------------------
def test_a_table_is_translated_row_for_row_and_the_rest_of_a_row_stays_to_the_byte(raw):
    folder, report, _ = translated(raw, settings(raw))
    before = (raw / "sources/conceptual_captions/Train_GCC-training.tsv").read_bytes().split(b"\n")
    after = (folder / "sources/conceptual_captions/Train_GCC-training.tsv").read_bytes().split(b"\n")
    assert [row.partition(b"\t")[2] for row in after] == [row.partition(b"\t")[2] for row in before]
    italian = [row.partition(b"\t")[0].decode() for row in after[: len(CAPTIONS)]]
    assert italian == ["un gatto nero", "due cani", "un gatto nero", "una casa e un albero", ""]
    assert after[len(CAPTIONS) : -1] == before[len(CAPTIONS) : -1]  # nothing to translate
    assert after[-1] == b"due cani\thttp://a.example/5"


def test_every_row_is_counted_as_translated_or_under_its_reason(raw):
    _, report, _ = translated(raw, settings(raw))
    counts = report["tables"]["conceptual_captions"]
    assert sum(counts.values()) == len(CAPTIONS) + len(ODD)
    assert counts == {
        "translated": 6,
        "not UTF-8": 1,
        "empty caption": 1,
        "caption without words": 1,
        "wrong number of columns": 3,
        "control characters in the caption": 1,
    }
    (engine,) = report["engines"]
    assert engine | {"version": ""} == {
        "engine": "table",
        "version": "",
        "sentences": 6,
        "distinct": 4,
        "empty": 1,
        "characters": len("a black cat" + "two dogs" + "a house & a tree" + "a bird that nobody knows"),
    }


def test_the_report_and_the_files_do_not_depend_on_what_was_kept_before(raw):
    first, report, asked = translated(raw, settings(raw))
    second, again, asked_again = translated(raw, settings(raw), "second")
    assert (asked, asked_again) == (4, 0)
    assert report == again and files.tree_digest(first) == files.tree_digest(second)


def test_given_parallel_sentences_are_taken_as_they_are(raw):
    folder, _, _ = translated(raw, settings(raw))
    assert engines.read(folder / "parallel.tsv") == (["given"], ["dato"])
    assert engines.read(folder / "translations.tsv") == (["one"], ["uno"])


def test_what_was_translated_becomes_the_parallel_sentences_and_queries_are_put_into_english(raw):
    files.write_text(raw / "text/back.tsv", "a cat\tun gatto\na dog\tun cane\n")
    back = by_table(raw / "text/back.tsv")
    folder, report, _ = translated(raw, settings(raw, parallel="translated", queries=True, to_english=back))
    pairs = (["a black cat", "two dogs", "a house & a tree"], ["un gatto nero", "due cani", "una casa e un albero"])
    assert engines.read(folder / "parallel.tsv") == pairs
    in_english = engines.Translations(folder / "translations.tsv")
    assert in_english(["due cani", "un gatto\n", "un cane"]) == ["two dogs", "a cat", "a dog"]
    assert [engine["sentences"] for engine in report["engines"]] == [6, 3]
    without, _, _ = translated(raw, settings(raw, parallel="translated"), "without")
    assert engines.read(without / "translations.tsv") == pairs


@pytest.mark.parametrize(
    "missing", ["sources/conceptual_captions/Train_GCC-training.tsv", "text/captions.tsv", "text/parallel.tsv"]
)
def test_a_missing_file_is_named_with_the_remedy(raw, missing):
    (raw / missing).unlink()
    with pytest.raises(InputError, match=f"{missing}: missing"):
        translated(raw, settings(raw))


def test_a_byte_order_mark_is_no_part_of_the_first_caption(tmp_path):
    (tmp_path / "t.tsv").write_bytes(b"\xef\xbb\xbfa cat\tx\n")
    assert [line.english for line in tables.rows(tmp_path / "t.tsv", 100)] == ["a cat"]


# --- The cache --------------------------------------------------------------------------------------------------------
def test_no_sentence_is_asked_twice_within_a_run_or_after_it(tmp_path):
    for _ in range(2):
        engine = Counting()
        with Cache(tmp_path / "c.sqlite") as cache:
            translator = Translator(engine, "en-it", cache, batch=2)
            assert translator(["b", "a", "b", "ccc"]) == ["<b>", "<a>", "<b>", "<ccc>"]
            assert translator(["a", "d"]) == ["<a>", "<d>"]
        asked = engine.batches if _ == 0 else asked
    assert asked == [["a", "b"], ["ccc"], ["d"]] and engine.batches == []


def test_another_engine_version_or_direction_is_asked_anew(tmp_path):
    with Cache(tmp_path / "c.sqlite") as cache:
        for name, version, direction in (("x", "1", "en-it"), ("y", "1", "en-it"), ("x", "2", "en-it"), ("x", "1", "it-en")):
            engine = Counting()
            engine.name, engine.version = name, version
            Translator(engine, direction, cache, batch=2)(["a"])
            assert engine.batches == [["a"]]


def test_batches_are_the_same_whatever_was_kept_of_others(tmp_path):
    sentences = [f"{'x' * (i % 7)} {i}" for i in range(40)]
    whole, rest = Counting(), Counting()
    with Cache(tmp_path / "a.sqlite") as cache:
        Translator(whole, "en-it", cache, batch=8)(sentences)
    with Cache(tmp_path / "b.sqlite") as cache:
        cache.put(("en-it", "counting", "1"), dict.fromkeys(whole.batches[1], "kept"))
        Translator(rest, "en-it", cache, batch=8)(sentences)
    assert rest.batches == [whole.batches[0], *whole.batches[2:]]


def test_sentences_are_met_once(tmp_path):
    with Met() as met:
        assert met.first(["a", "b", "a"]) == ["a", "b"]
        assert met.first(["c", "b"]) == ["c"]


def test_a_cache_that_is_no_cache_is_named(tmp_path):
    (tmp_path / "c.sqlite").write_bytes(b"not a database at all, but long enough to be taken for one" * 20)
    with pytest.raises(InputError, match=r"c.sqlite: cannot be used .*delete it"):
        Cache(tmp_path / "c.sqlite")


PROGRAM = """
import pathlib, sys
from clip_italian import files
from clip_italian.data.translation.engines import TranslationSettings
from clip_italian.data.translation.translation import translate
root = pathlib.Path(sys.argv[1])
settings = TranslationSettings.model_validate_json((root / "settings.json").read_text())
with files.replacing_folder(root / "translated") as folder:
    translate(root / "raw", folder, root / "cache.sqlite", settings, progress=False)
"""


def test_a_run_that_is_killed_goes_on_and_asks_again_for_a_batch_at_most(raw):
    batch, root = 5, raw.parent
    rows = [f"caption number {i} of {'many ' * (i % 5)}\thttp://a.example/{i}\n" for i in range(120)]
    files.write_text(raw / "sources/conceptual_captions/Train_GCC-training.tsv", "".join(rows))
    with serving() as server:
        deepl = {"engine": "deepl", "model": None, "batch": batch, "server_url": server.url}
        (root / "settings.json").write_text(settings(raw, from_english=by_table(raw, **deepl)).model_dump_json())
        environment = os.environ | {engines.KEY: GOOD_KEY, "PYTHONPATH": os.getcwd()}
        command = [sys.executable, "-c", PROGRAM, str(root)]
        server.delay, kills, random_moments = 0.01, 0, random.Random(0)
        while True:
            before = len(server.asked)
            running = subprocess.Popen(command, env=environment)
            goal = before + random_moments.randint(10, 50)
            while running.poll() is None and len(server.asked) < goal:
                time.sleep(0.002)
            if running.poll() is not None:
                break
            os.kill(running.pid, signal.SIGKILL)
            running.wait()
            kills += 1
            assert not (root / "translated").exists()
        assert running.returncode == 0 and kills >= 2
        repeated = len(server.asked) - len(set(server.asked))
        assert len(set(server.asked)) == 120 and repeated <= kills * batch
        table = (root / "translated/sources/conceptual_captions/Train_GCC-training.tsv").read_text().splitlines()
        assert [row.partition("\t")[0] for row in table] == [" ".join(row.partition("\t")[0].upper().split()) for row in rows]


# --- Engines ----------------------------------------------------------------------------------------------------------
def test_a_table_translates_either_way_by_its_first_line(raw):
    engine = open_engine(by_table(raw / "text/captions.tsv"), "en", "it")
    assert engine.translate(["a black cat", "unknown"]) == ["un gatto nero", ""]
    back = open_engine(by_table(raw / "text/captions.tsv"), "it", "en")
    assert back.translate(["un gatto nero", "un micio nero"]) == ["a black cat", "a black cat"]
    files.write_text(raw / "text/captions.tsv", TABLE + "a\tb\n")
    assert open_engine(by_table(raw / "text/captions.tsv"), "en", "it").version != engine.version


@pytest.fixture
def deepl(monkeypatch):
    monkeypatch.setenv(engines.KEY, GOOD_KEY)
    with serving() as server:
        yield server


def deepl_engine(server, target="it", **changes):
    chosen = by_table("x", engine="deepl", model=None, batch=50, server_url=server.url, **changes)
    return open_engine(chosen, "en" if target == "it" else "it", target)


def test_deepl_is_asked_for_the_right_languages_and_tried_again(deepl):
    deepl.statuses = [429, 503]
    assert deepl_engine(deepl).translate(["a cat", "a dog"]) == ["A CAT", "A DOG"]
    deepl_engine(deepl, "en").translate(["un gatto"])
    languages = [(body["source_lang"], body["target_lang"]) for body in deepl.bodies]
    assert languages in ([("EN", "IT"), ("IT", "EN-US")], [(["EN"], ["IT"]), (["IT"], ["EN-US"])])


def test_deepls_refusals_are_one_line_with_the_remedy(deepl, monkeypatch):
    deepl.quota = 1
    with pytest.raises(InputError, match=r"quota .* used up; finished translations are kept"):
        deepl_engine(deepl).translate(["a", "b"])
    deepl.statuses = [400]
    with pytest.raises(InputError, match="DeepL failed"):
        deepl_engine(deepl).translate(["a"])
    with pytest.raises(InputError, match="takes 50 texts at most"):
        open_engine(by_table("x", engine="deepl", batch=51), "en", "it")
    monkeypatch.setenv(engines.KEY, "wrong")
    with pytest.raises(InputError, match=f"refuses the key in {engines.KEY}"):
        deepl_engine(deepl).translate(["a"])
    monkeypatch.delenv(engines.KEY)
    with pytest.raises(InputError, match=f"environment variable {engines.KEY}"):
        deepl_engine(deepl)


def test_a_quota_that_is_used_up_keeps_what_was_paid_for(raw, deepl):
    deepl.quota = 2
    chosen = settings(raw, from_english=by_table("x", engine="deepl", model=None, batch=2, server_url=deepl.url))
    with pytest.raises(InputError, match="quota"):
        translated(raw, chosen)
    deepl.quota = 1 << 30
    translated(raw, chosen, "second")
    assert sorted(deepl.asked) == sorted({"a black cat", "two dogs", "a house & a tree", "a bird that nobody knows"})


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A folder with a transformer of random weights as CTranslate2 has them, and SentencePiece models of a few sentences."""
    ctranslate2, sentencepiece = pytest.importorskip("ctranslate2"), pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("opus")
    lines = [f"{size} {colour} {noun}" for size in ("a", "two") for colour in ("black", "red") for noun in ("cat", "dog", "house")]
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_prefix=str(folder / side), vocab_size=20, model_type="unigram", minloglevel=2
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
    pieces = [line.split("\t")[0] for line in (folder / "source.vocab").read_text().splitlines()]
    spec = ctranslate2.specs.TransformerSpec.from_config(num_layers=1, num_heads=2, pre_norm=False)
    random_weights(spec, len(pieces), 16, np.random.default_rng(0))
    spec.register_source_vocabulary(pieces)
    spec.register_target_vocabulary(pieces)
    spec.config.add_source_eos = True
    spec.validate()
    spec.save(str(folder))
    return folder


def random_weights(spec, vocabulary, width, rng):
    """Gives every weight of a small transformer a value."""

    def matrix(*shape):
        return rng.normal(0, 0.5, shape).astype(np.float32)

    for side in (spec.encoder, spec.decoder):
        embeddings = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        embeddings.weight = matrix(vocabulary, width)
        side.position_encodings.encodings = matrix(512, width)
    spec.decoder.projection.weight, spec.decoder.projection.bias = matrix(vocabulary, width), matrix(vocabulary)
    for layer in (*spec.encoder.layer, *spec.decoder.layer):
        norms = [layer.self_attention.layer_norm, layer.ffn.layer_norm]
        shapes = [(layer.self_attention.linear, ((3 * width, width), (width, width)))]
        shapes.append(([layer.ffn.linear_0, layer.ffn.linear_1], ((32, width), (width, 32))))
        if hasattr(layer, "attention"):
            norms.append(layer.attention.layer_norm)
            shapes.append((layer.attention.linear, ((width, width), (2 * width, width), (width, width))))
        for linears, sizes in shapes:
            for linear, size in zip(linears, sizes, strict=True):
                linear.weight, linear.bias = matrix(*size), matrix(size[0])
        for norm in norms:
            norm.gamma, norm.beta = np.ones(width, np.float32), np.zeros(width, np.float32)


def opus(folder, **changes):
    return open_engine(by_table(folder, engine="ctranslate2", **changes), "en", "it")


def test_a_model_translates_through_its_pieces_and_repeats_itself(small_model):
    engine = opus(small_model, beam=2)
    found = engine.translate(["a black cat", "two red houses", "a"])
    assert len(found) == 3 and all(isinstance(one, str) for one in found) and len(set(found)) > 1
    assert not any("▁" in one or "</s>" in one for one in found)
    assert opus(small_model, beam=2).translate(["a black cat", "two red houses", "a"]) == found
    assert opus(small_model, beam=1).version != engine.version


def test_a_model_whose_vocabulary_ends_sentences_itself_gets_the_end_from_us(small_model, tmp_path):
    for path in small_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    stated = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(stated | {"add_source_eos": False}))
    sentences = ["a black cat", "two red dogs"]
    assert opus(tmp_path).translate(sentences) == opus(small_model).translate(sentences)


def test_a_model_that_is_not_whole_is_named(small_model, tmp_path):
    with pytest.raises(InputError, match="missing, and needed to translate"):
        opus(tmp_path / "nowhere")
    for path in small_model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:200] if path.name == "model.bin" else path.read_bytes())
    with pytest.raises(InputError, match="CTranslate2 cannot load it"):
        opus(tmp_path)


def test_a_package_that_is_absent_is_named_with_its_extra(monkeypatch, small_model):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(InputError, match="needs the package ctranslate2; install the extra `translation`"):
        opus(small_model)


@pytest.mark.parametrize("profile", config.profiles())
def test_profiles_say_how_to_translate(profile):
    assert config.section(TranslationSettings, "translation", profile).from_english.model
