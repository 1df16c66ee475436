"""Proper nouns by a spaCy pipeline that learnt the world's own grammar."""

import concurrent.futures
import functools
import json
import multiprocessing

import numpy as np
import pytest
import spacy

from clip_italian import files
from clip_italian.data.curation import tagger_training
from clip_italian.errors import InputError
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages import corpus
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.languages.names import proper_noun_caption
from tests.helpers.small_world import TAGGER, looked_up

SETTINGS = TAGGER.model_copy(update={"sentences": 500, "held_out": 100, "passes": 3})


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with the tagged sentences and the pipeline that learnt from them."""
    folder = tmp_path_factory.mktemp("tagger")
    lines = corpus.sentences(range(SETTINGS.sentences + SETTINGS.held_out), 3, ITALIAN)
    (folder / "tagged.jsonl").write_text("".join(line + "\n" for line in lines))
    tagger_training.train(folder / "tagged.jsonl", folder / "pipeline", "it", SETTINGS)
    return folder


@pytest.fixture(scope="module")
def shares(trained):
    return functools.partial(tagger_training.proper_noun_shares, str(trained / "pipeline"))


def test_captions_of_names_are_found_by_their_share_of_proper_nouns(shares):
    assert shares(["Giuseppe Verdi, Milano", "Un gatto nero accanto a una casa", "...", ""]) == [1.0, 0.0, 0.0, 0.0]
    assert shares(["Giuseppe Verdi, Teatro alla Scala, Milano"]) == [pytest.approx(5 / 6)]
    found = np.array(shares([proper_noun_caption(ITALIAN.names, rng_of(4, 1, number)) for number in range(300)])) >= 0.8
    assert found.mean() > 0.8  # the others slip through, as they did in 2021


def test_descriptions_are_not_taken_for_names(shares):
    said = [ITALIAN.say(corpus.any_statement(rng), "photo", rng) for rng in (rng_of(5, 1, number) for number in range(300))]
    assert max(shares(said)) < 0.8


def test_tags_agree_with_the_grammar_on_sentences_that_were_held_out(trained, shares):
    accuracy = tagger_training.describe(str(trained / "pipeline"))["pos_acc"]
    assert accuracy > 0.97
    unseen = [corpus.text(rng_of(99, 1, number), ITALIAN) for number in range(300)]
    difference = np.abs(np.array(shares(unseen)) - np.array(looked_up(unseen)))
    assert np.mean(difference < 0.01) > 0.9


def test_the_same_sentences_give_the_same_bytes(trained, tmp_path):
    tagger_training.train(trained / "tagged.jsonl", tmp_path / "again", "it", SETTINGS)
    assert files.tree_digest(tmp_path / "again") == files.tree_digest(trained / "pipeline")
    tagger_training.train(trained / "tagged.jsonl", tmp_path / "other", "it", SETTINGS.model_copy(update={"seed": 1}))
    assert files.tree_digest(tmp_path / "other") != files.tree_digest(trained / "pipeline")


def test_a_worker_loads_the_pipeline_by_its_path_and_tags_alike(trained, shares):
    said = ["Giuseppe Verdi, Teatro alla Scala", "Un gatto nero", "Anna con un cane"]
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(shares, said).result() == shares(said)


def test_tagged_sentences_have_a_tag_for_every_word():
    for sentence in map(json.loads, corpus.sentences(range(200), 1, ITALIAN)):
        assert list(zip(sentence["words"], sentence["tags"], strict=True)) == ITALIAN.tags(sentence["text"])
        assert "X" not in sentence["tags"]
    assert corpus.sentences(range(3, 5), 1, ITALIAN) == corpus.sentences(range(5), 1, ITALIAN)[3:]


def test_a_package_that_is_not_installed_is_named_with_the_command():
    with pytest.raises(InputError, match="it_core_news_xx: not installed; run `python -m spacy download it_core_news_xx`"):
        tagger_training.pipeline("it_core_news_xx")


def test_a_folder_that_is_no_pipeline_is_named(tmp_path, trained):
    with pytest.raises(InputError, match="nowhere: no spaCy pipeline"):
        tagger_training.pipeline(str(tmp_path / "nowhere"))
    spacy.blank("it").to_disk(tmp_path / "blank")
    with pytest.raises(InputError, match="no morphologizer"):
        tagger_training.pipeline(str(tmp_path / "blank"))


def test_a_damaged_or_short_file_of_sentences_is_named(tmp_path, trained):
    path = tmp_path / "tagged.jsonl"
    path.write_text('{"text": "a", "words": ["a"], "tags": []}\n')
    with pytest.raises(InputError, match=r"tagged.jsonl, line 1: not a tagged sentence"):
        tagger_training.read(path)
    path.write_text((trained / "tagged.jsonl").read_text()[:2000].rpartition("\n")[0])
    with pytest.raises(InputError, match="fewer than needed"):
        tagger_training.train(path, tmp_path / "x", "it", SETTINGS)
