"""Captions: true by construction, worded for their source, and the same for the same arguments."""

import statistics

import numpy as np
import pytest

from clip_italian.world.languages import corpus, names
from clip_italian.world.languages.english import NOUNS as ENGLISH_NOUNS
from clip_italian.world.languages.english import english_label, say_english
from clip_italian.world.languages.italian.grammar import mirror
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.languages.language import TONES
from clip_italian.world.languages.names import foreign_caption
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS, GROUNDS, NOUNS, POSITIONS, RELATIONS, Phrase, Statement
from clip_italian.world.scenes.truth import GALLERY, describe, holds

say = ITALIAN.say
LEVELS = ("seen", "composition", "style", "noun", "all")


def generator(*numbers: int) -> np.random.Generator:
    return np.random.default_rng(list(numbers))


def two_black_cats_and_a_white_one() -> Scene:
    cats = [
        Thing("cat", colour, "medium", (left, 0.1, left + 0.2, 0.3))
        for colour, left in (("black", 0.05), ("black", 0.1), ("white", 0.7))
    ]
    return Scene(0, 0, tuple(cats), ((0, 1), (2,)), None, "meadow", 1.0, "flat", 0)


@pytest.fixture(scope="module")
def described() -> list[tuple[Scene, Statement]]:
    scenes = [compose(11, index, level, 0) for level in LEVELS for index in range(150)]
    return [(scene, describe(scene, generator(11, number))) for number, scene in enumerate(scenes)]


@pytest.fixture(scope="module")
def captions(described) -> dict[str, list[str]]:
    return {tone: [say(statement, tone, generator(5, number)) for number, (_, statement) in enumerate(described)] for tone in TONES}


def test_every_description_is_true_of_its_scene(described):
    assert all(holds(statement, scene) for scene, statement in described)


def test_a_single_thing_is_told_in_the_singular_and_several_never(described):
    for scene, statement in described:
        groups = [(scene.things[group[0]].noun, len(group)) for group in scene.groups]
        for phrase in statement.phrases:
            number = [count for noun, count in groups if noun == phrase.noun]
            assert phrase.count in number or (phrase.count is None and max(number) > 1)


def test_a_number_is_told_only_when_no_other_thing_of_the_scene_fits_the_phrase():
    scene = two_black_cats_and_a_white_one()
    told = {phrase for index in range(300) for phrase in describe(scene, generator(index)).phrases}
    assert Phrase("cat", "black", None, 2) in told
    assert Phrase("cat", None, None, 2) not in told
    assert Phrase("cat", None, None, None) in told


def test_two_groups_of_one_noun_are_told_apart_by_colour():
    statements = [describe(two_black_cats_and_a_white_one(), generator(index)) for index in range(200)]
    pairs = [statement for statement in statements if len(statement.phrases) == 2]
    assert pairs
    assert all(phrase.colour for statement in pairs for phrase in statement.phrases)


def test_descriptions_use_everything_a_statement_can_tell(described):
    statements = [statement for _, statement in described]
    assert {statement.relation for statement in statements} == {None, *RELATIONS}
    assert {statement.position for statement in statements} == {None, *POSITIONS}
    assert {statement.ground for statement in statements} == {None, *GROUNDS}
    assert {phrase.size for statement in statements for phrase in statement.phrases} == {None, "small", "large"}


def test_captions_have_the_length_of_web_captions(captions):
    lengths = [len(text.split()) for texts in captions.values() for text in texts]
    assert 6 <= statistics.median(lengths) <= 10
    assert max(lengths) <= 20
    assert np.mean([length <= 18 for length in lengths]) > 0.995


def test_each_tone_is_recognisable(captions):
    assert all(text[0].islower() and text[-1] != "." for text in captions["alt"])
    assert all(text[0].isupper() and text[-1] == "." for text in captions["photo"])
    assert all(text[0].isupper() and text[-1] != "." for tone in ("encyclopaedic", "news") for text in captions[tone])
    openings = {tone: {text.split()[0].lower() for text in texts} for tone, texts in captions.items()}
    assert "i" in openings["news"]
    assert "i" not in openings["alt"] | openings["encyclopaedic"] | openings["photo"]


def test_one_statement_has_many_wordings():
    statement = Statement((Phrase("cat", "black"), Phrase("chair", "red")), relation="on")
    texts = {say(statement, tone, generator(index)) for tone in TONES for index in range(100)}
    assert len(texts) > 40
    assert {"Su una sedia rossa c'è un gatto nero.", "Il gatto nero sulla sedia rossa"} <= texts
    assert any("sedia rossa su cui c'è un gatto nero" in text for text in texts)


def test_the_same_fact_is_told_from_either_side():
    statement = Statement((Phrase("cat"), Phrase("chair")), relation="left_of")
    texts = " | ".join(say(statement, "photo", generator(index)) for index in range(200))
    assert "gatto a sinistra di una sedia" in texts
    assert "sedia a destra di un gatto" in texts
    assert "gatto a destra" not in texts
    assert "sedia a sinistra" not in texts


def test_two_things_of_one_noun_are_not_named_twice():
    statement = Statement((Phrase("cat", "black"), Phrase("cat", "white")))
    assert "Ci sono un gatto nero e uno bianco." in {say(statement, "photo", generator(index)) for index in range(200)}


def test_captions_depend_on_their_arguments_alone(described):
    _, statement = described[3]
    assert say(statement, "news", generator(1)) == say(statement, "news", generator(1))
    assert say_english(statement, generator(1)) == say_english(statement, generator(1))
    assert corpus.corpus_line(4, 17, ITALIAN) == corpus.corpus_line(4, 17, ITALIAN)
    assert len({corpus.corpus_line(4, index, ITALIAN) for index in range(300)}) > 280


def test_an_unknown_tone_is_an_error():
    with pytest.raises(KeyError):
        say(Statement((Phrase("cat"),)), "poesia", generator(0))


def test_mirroring_twice_changes_nothing_and_once_swaps_the_sides(captions):
    texts = [text for tone in TONES for text in captions[tone]]
    assert all(mirror(mirror(text)) == text for text in texts)
    sided = [text for text in texts if "sinistr" in text or "destr" in text]
    assert sided
    assert all(mirror(text) != text for text in sided)


def test_gallery_queries_say_their_statements():
    queries = [ITALIAN.plain(statement) for statement in GALLERY]
    assert queries == ["un fiore giallo", "un fiore blu", "un gatto", "due gatti", "due cavalli marroni", "un gatto su una sedia"]
    for query, statement in zip(queries, GALLERY, strict=True):
        assert query in {say(statement, tone, generator(index)) for tone in TONES for index in range(200)}


def test_there_are_360_class_labels_each_with_its_article():
    labels = {ITALIAN.class_label(noun, colour) for noun in CLASS_NOUNS for colour in COLOURS}
    assert len(labels) == 360
    assert all(label.startswith(("un ", "uno ", "una ", "un'")) for label in labels)
    assert all(template.count("{}") == 1 for template in ITALIAN.templates)


def test_english_speaks_of_every_noun_and_keeps_blu_and_azzurro_apart():
    assert set(ENGLISH_NOUNS) == set(NOUNS)
    assert english_label("umbrella", "blue") == "a blue umbrella"
    assert english_label("umbrella", "light blue") == "a light blue umbrella"
    assert english_label("boat", "orange") == "an orange boat"
    statement = Statement((Phrase("cat", "black", None, 2), Phrase("table", None, "large")), relation="below")
    texts = " | ".join(say_english(statement, generator(index)) for index in range(200))
    assert "two black cats under a large table" in texts
    assert "large table above two black cats" in texts


def test_the_tagger_knows_every_word_of_every_caption_and_sentence(captions):
    texts = [text for tone in TONES for text in captions[tone]] + [corpus.corpus_line(2, i, ITALIAN) for i in range(2000)]
    assert {pair for text in texts for pair in ITALIAN.tags(text) if pair[1] in ("X", "PROPN")} == set()


def test_the_tagger_tags_a_sentence():
    tags = ITALIAN.tags("Nell'immagine c’è un gatto nero accanto a Giuseppe Verdi.")
    assert [tag for _, tag in tags] == [
        "ADP",
        "NOUN",
        "PRON",
        "VERB",
        "DET",
        "NOUN",
        "ADJ",
        "ADP",
        "ADP",
        "PROPN",
        "PROPN",
        "PUNCT",
    ]


def test_foreign_captions_name_the_same_things():
    statement = Statement((Phrase("cat", "black", None, 2), Phrase("house", "white")), relation="beside")
    assert foreign_caption(statement, "de", generator(0)) == "Zwei schwarze Katzen und weißes Haus"
    assert foreign_caption(statement, "fr", generator(0)) == "Deux chats noirs et maison blanche"
    assert "cat" in foreign_caption(statement, "en", generator(0))
    assert foreign_caption(statement, "it", generator(0)) == "Due gatti neri e casa bianca"
    assert set(names.NOUNS) == set(NOUNS)
    for colour in COLOURS:
        for language in ("it", "de", "fr"):
            assert foreign_caption(Statement((Phrase("apple", colour),)), language, generator(0))
