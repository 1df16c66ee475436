"""What holds in every language of the drawn world, and that Italian is what it was when the committed results were made."""

import hashlib
import json
import pickle

import numpy as np
import pytest

from clip_italian.data.curation.text import CaptionRejected, TextSettings, clean
from clip_italian.world.drawing.studio import rng_of
from clip_italian.world.languages import corpus, known
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.languages.language import TONES, Language
from clip_italian.world.languages.names import foreign_caption, proper_noun_caption
from clip_italian.world.publishing import contrasts
from clip_italian.world.publishing import labels as world_labels
from clip_italian.world.publishing.examinations import PAIRS
from clip_italian.world.publishing.labels import LabelSettings
from clip_italian.world.scenes import statements
from clip_italian.world.scenes.statements import Statement
from clip_italian.world.scenes.truth import GALLERY
from tests.helpers.small_world import TEXT

SHARES = LabelSettings(shared=0.039, mistranslated=0.06)
STATEMENTS = [corpus.any_statement(rng_of(1, 91, number)) for number in range(1000)]


@pytest.fixture(params=known.LANGUAGES)
def language(request: pytest.FixtureRequest) -> Language:
    return known.of(request.param)


def wanting(language: Language) -> TextSettings:
    """The small world's rules for captions in that language."""
    others = [code for code in TEXT.languages if code != language.code]
    return TEXT.model_copy(update={"languages": [language.code, *others]})


# --- Italian, byte by byte --------------------------------------------------------------------------------------------
ITALIAN_TEXTS = {
    "captions": lambda: [ITALIAN.say(one, tone, rng_of(2, 91, n)) for tone in TONES for n, one in enumerate(STATEMENTS)],
    "text": lambda: [corpus.corpus_line(3, number, ITALIAN) for number in range(1000)],
    "tagged": lambda: corpus.sentences(range(500), 3, ITALIAN),
    "labels": lambda: world_labels.content(5, SHARES, ITALIAN),
    "names": lambda: [proper_noun_caption(ITALIAN.names, rng_of(4, 91, number)) for number in range(500)],
    "foreign": lambda: [
        foreign_caption(one, code, rng_of(5, 91, n)) for code in ITALIAN.foreign for n, one in enumerate(STATEMENTS)
    ],
    "gallery": lambda: [ITALIAN.plain(statement) for statement in GALLERY],
    "contrasts": lambda: [contrasts.contrast(kind, n, 5, ITALIAN).captions for kind in contrasts.KINDS for n in range(3)],
}
# SHA-256, its beginning, of what the code wrote when the world knew Italian alone.
AS_IT_WAS = {
    "captions": "a2d4b6d247166114",
    "text": "683750b5bc457d9e",
    "tagged": "2ba26a475210af42",
    "labels": "b72c4d018bf6a44f",
    "names": "3b9e2f905431c717",
    "foreign": "ab9c571522fb1ca9",
    "gallery": "7362437d567376e3",
    "contrasts": "23817e9c6206dee7",
}


@pytest.mark.parametrize("name", AS_IT_WAS)
def test_italian_is_word_for_word_what_it_was(name: str) -> None:
    content = json.dumps(ITALIAN_TEXTS[name](), ensure_ascii=False).encode()
    assert hashlib.sha256(content).hexdigest().startswith(AS_IT_WAS[name])


# --- Every language ---------------------------------------------------------------------------------------------------
def test_the_code_names_the_language_and_an_unknown_one_is_an_error(language: Language) -> None:
    assert known.of(language.code) is language and language.code not in language.foreign
    with pytest.raises(KeyError):
        known.of("xx")


def test_a_language_reaches_other_processes(language: Language) -> None:
    sent = pickle.loads(pickle.dumps(language))
    assert sent.say(STATEMENTS[0], "photo", rng_of(1, 1, 1)) == language.say(STATEMENTS[0], "photo", rng_of(1, 1, 1))


def test_no_caption_is_lost_or_changed_when_it_is_cleaned(language: Language) -> None:
    said = {language.say(one, tone, rng_of(6, 91, n)) for tone in TONES for n, one in enumerate(STATEMENTS[:500])}
    settings = wanting(language)
    assert len(said) > 1500
    assert [caption for caption in sorted(said) if clean(caption, settings) != caption] == []


def test_captions_in_other_languages_are_found(language: Language) -> None:
    settings, found = wanting(language), []
    for code in language.foreign:
        for number, statement in enumerate(STATEMENTS[:300]):
            said = foreign_caption(statement, code, rng_of(7, 91, number))
            if len(said.split()) >= settings.language_words:
                found.append(_in_another_language(said, settings))
    assert len(found) > 400
    assert np.mean(found) > 0.9


def _in_another_language(said: str, settings: TextSettings) -> bool:
    try:
        clean(said, settings)
    except CaptionRejected as reason:
        return str(reason) == "caption in another language"
    return False


def test_the_tagger_knows_every_word(language: Language) -> None:
    texts = [language.say(one, tone, rng_of(8, 91, n)) for tone in TONES for n, one in enumerate(STATEMENTS)]
    texts += [corpus.corpus_line(2, number, language) for number in range(2000)]
    assert {pair for text in texts for pair in language.tags(text) if pair[1] in ("X", "PROPN")} == set()


def test_every_name_is_a_proper_noun_to_the_tagger(language: Language) -> None:
    names = language.names
    for one in (*names.first, *names.family, *names.cities, *names.foreign):
        assert {tag for _, tag in language.tags(f"{names.first[0]} {one}")} == {"PROPN"}, one


def test_captions_of_names_are_mostly_proper_nouns(language: Language) -> None:
    for number in range(200):
        tags = [tag for _, tag in language.tags(proper_noun_caption(language.names, rng_of(9, 91, number))) if tag != "PUNCT"]
        assert tags.count("PROPN") / len(tags) >= 0.5


def test_class_labels_and_plain_statements_differ_where_their_meanings_do(language: Language) -> None:
    assert len({language.class_label(*pair) for pair in PAIRS}) == len(PAIRS) == 360
    for kind in contrasts.KINDS:
        for number in range(6):
            first, second = contrasts.contrast(kind, number, 11, language).captions
            assert first != second
    assert all(template.count("{}") == 1 for template in language.templates) and language.templates[0] == "{}"


def test_a_mirrored_statement_says_the_other_side(language: Language) -> None:
    phrases = (statements.Phrase("cat"), statements.Phrase("chair"))
    left, right = Statement(phrases, "left_of"), Statement(phrases[::-1], "left_of")
    assert language.mirrored(left) not in (language.plain(left), language.plain(right))
    assert language.mirrored(Statement(phrases)) == language.plain(Statement(phrases))


def test_label_sets_have_the_same_faults_in_the_same_classes(language: Language) -> None:
    ours, italian = (world_labels.label_sets(5, SHARES, one) for one in (language, ITALIAN))
    assert list(ours) == list(italian)
    assert set(ours["good"]) == {language.class_label(*pair) for pair in PAIRS}
    for name, labels in ours.items():
        assert len(labels) - len(set(labels)) == (7 if name in ("duplicate", "machine") else 0), name
    shared = [
        [number for number, label in enumerate(sets["duplicate"]) if label != sets["good"][number]] for sets in (ours, italian)
    ]
    assert shared[0] == shared[1]
    assert set(language.lexicon.wrong_senses) == set(ITALIAN.lexicon.wrong_senses)
