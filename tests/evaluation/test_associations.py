"""The association test: what it finds, how chance is counted, the lists of words, and the command."""

import itertools

import numpy as np
import pytest

from clip_italian import __main__ as shell
from clip_italian.errors import InputError
from clip_italian.evaluation.study import associations
from clip_italian.evaluation.study.associations import Association, load, measure, permuted
from clip_italian.world.languages import known
from tests.helpers.golden_systems import copied
from tests.helpers.golden_values import unit

LISTS = Association(
    source="made up", targets={"x": ["a", "b", "c"], "y": ["d", "e", "f"]}, attributes={"p": ["g", "h"], "q": ["i", "j"]}
)


def turned(lists: Association, **changes) -> Association:
    return lists.model_copy(update=changes)


def vectors(seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(10, 8)))


def test_the_effect_is_that_of_the_definition_word_by_word():
    rows = vectors(0)

    def association(word: int) -> float:
        return np.mean([rows[word] @ rows[a] for a in (6, 7)]) - np.mean([rows[word] @ rows[b] for b in (8, 9)])

    each = [association(word) for word in range(6)]
    expected = (np.mean(each[:3]) - np.mean(each[3:])) / np.std(each)
    found = measure(LISTS, "abcdefghij", rows, 1000, 0)
    assert found.effect == pytest.approx(expected, abs=1e-9)
    observed = np.mean(each[:3]) - np.mean(each[3:])
    others = [
        np.mean([each[i] for i in taken]) - np.mean([each[i] for i in range(6) if i not in taken])
        for taken in itertools.combinations(range(6), 3)
    ]
    assert found.p == np.mean([other >= observed - 1e-12 for other in others])
    assert found.p_two_sided == np.mean([abs(other) >= abs(observed) - 1e-12 for other in others])


def test_targets_or_attributes_that_change_places_turn_the_effect_round():
    found = measure(LISTS, "abcdefghij", vectors(1), 1000, 0)
    for name in ("targets", "attributes"):
        other = measure(turned(LISTS, **{name: dict(reversed(getattr(LISTS, name).items()))}), "abcdefghij", vectors(1), 1000, 0)
        assert other.effect == pytest.approx(-found.effect) and other.p_two_sided == found.p_two_sided


def test_a_perfect_association_has_the_largest_effect_and_the_least_p():
    found = permuted(np.array([1.0, 1, 1, 1, -1, -1, -1, -1]), 1000, 0)
    assert (found.effect, found.p, found.p_two_sided) == (2.0, 1 / 70, 2 / 70)


def test_words_that_are_all_alike_have_no_association():
    assert permuted(np.full(6, 0.3), 1000, 0) == associations.Found(0.0, 1.0, 1.0)


def test_partitions_drawn_at_random_agree_with_all_of_them_and_are_the_same_each_time():
    values = np.random.default_rng(3).normal(size=12)
    every, some = permuted(values, 1000, 0), permuted(values, 900, 0)  # there are 924
    assert some.p == pytest.approx(every.p, abs=0.06) and some.p != every.p
    assert permuted(values, 900, 0) == some and permuted(values, 900, 1) != some


def test_chance_finds_little_as_often_as_p_says():
    p = [permuted(np.random.default_rng([4, number]).normal(size=8), 1000, 0).p_two_sided for number in range(400)]
    assert 0.01 < np.mean(np.array(p) <= 0.05) < 0.09


@pytest.mark.parametrize("name", associations.names())
def test_the_lists_have_no_word_twice_and_a_source(name):
    lists = load(name)
    several = [*lists.targets.values(), *lists.attributes.values()]
    assert len(lists.words) == len(set(lists.words)) and all(len(words) >= 4 for words in several)
    assert "lists of our own" in lists.source or "this repository" in lists.source


@pytest.mark.parametrize("name", [name for name in associations.names() if name.startswith("drawn-world")])
def test_the_drawn_worlds_lists_are_words_that_its_text_has(name):
    lexicon = known.of("de" if name.endswith("-de") else "it").lexicon
    forms = {form for word in (*lexicon.every_noun(), *lexicon.colours.values()) for form in word.forms()}
    forms |= {form for verbs in lexicon.verbs.values() for verb in verbs for form in verb.split()}
    assert set(load(name).words) <= forms


def test_a_list_that_is_not_known_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="`career-famly` is not known; did you mean `career-family`"):
        load("career-famly")


@pytest.mark.parametrize(
    "text, message",
    [
        ("source: x\ntargets: {a: [uomo], b: [donna, madre]}\nattributes: {c: [casa], d: [arte]}\n", "equally many words"),
        ("source: x\ntargets: {a: [uomo], b: [donna]}\nattributes: {c: [], d: [arte]}\n", "no list may be empty"),
        ("source: x\ntargets: {a: [uomo]}\nattributes: {c: [casa], d: [arte]}\n", "targets"),
    ],
)
def test_lists_that_are_no_test_are_refused(here, text, message):
    (here / "own.yaml").write_text(text)
    with pytest.raises(InputError, match=f"own.yaml: .*{message}"):
        load("own.yaml")


def test_the_command_tests_any_model(here, capsys):
    folder = copied("clip-italian", here).folder
    shell.main(["associate", "--model", str(folder), "--words", "career-family"])
    printed = capsys.readouterr().out
    assert "men with career, women with family" in printed and "two-sided" in printed
    with pytest.raises(SystemExit, match="is not known"):
        shell.main(["associate", "--model", str(folder), "--words", "nothing"])
