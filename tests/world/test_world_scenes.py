"""Scenes: what may occur in them, what is true of them, and what their near misses make false."""

import collections
import dataclasses
import functools
import json

import pytest

from clip_italian.world.drawing.render import STYLES, UNSEEN_STYLE
from clip_italian.world.scenes.compose import compose, compose_single
from clip_italian.world.scenes.levels import HELD_OUT_PAIRS, HELD_OUT_TRIPLES, LEVEL_KEYS
from clip_italian.world.scenes.near_misses import near_misses
from clip_italian.world.scenes.scene import Scene, Thing, from_json
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS, RELATIONS, UNSEEN_NOUNS, Phrase, Statement
from clip_italian.world.scenes.truth import full_statement, holds, truth_matrix


@functools.cache
def scenes(level: str) -> list[Scene]:
    return [compose(1, index, level, 0) for index in range(300)]


def every() -> list[Scene]:
    return [scene for level in LEVEL_KEYS for scene in scenes(level)]


def _pairs(scene: Scene) -> set[tuple[str, str]]:
    return {(thing.noun, thing.colour) for thing in scene.things}


def _triple(scene: Scene) -> tuple[str, str | None, str]:
    nouns = [scene.things[group[0]].noun for group in scene.groups]
    return nouns[0], scene.relation, nouns[-1]


def _scene(*things: tuple[str, str, tuple[float, float, float, float]], groups=((0,), (1,)), relation=None) -> Scene:
    drawn = tuple(Thing(noun, colour, "medium", box) for noun, colour, box in things)
    return Scene(1, 1, drawn, groups[: len(drawn)], relation, "meadow", 1.0, "flat", 0)


def test_a_scene_is_a_function_of_its_name_alone():
    assert compose(3, 8, "seen", 2) == compose(3, 8, "seen", 2)
    names = [(3, 8, "seen", 2), (4, 8, "seen", 2), (3, 9, "seen", 2), (3, 8, "all", 2), (3, 8, "seen", 5)]
    assert len({compose(*name) for name in names}) == len(names)


def test_a_scene_survives_json_exactly():
    assert all(from_json(json.loads(json.dumps(dataclasses.asdict(scene)))) == scene for scene in every())


def test_json_with_an_unknown_key_is_refused():
    with pytest.raises(TypeError, match="weather"):
        from_json(dataclasses.asdict(every()[0]) | {"weather": "rain"})


def test_every_scene_satisfies_its_fullest_description():
    assert [scene for scene in every() if not holds(full_statement(scene), scene)] == []


def test_groups_are_of_equal_things_and_cover_the_scene():
    for scene in every():
        assert sorted(index for group in scene.groups for index in group) == list(range(len(scene.things)))
        for group in scene.groups:
            assert len({dataclasses.replace(scene.things[index], box=(0, 0, 1, 1)) for index in group}) == 1


def test_things_lie_inside_the_picture():
    for scene in every():
        for left, top, right, bottom in (thing.box for thing in scene.things):
            assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def test_held_out_pairs_are_balanced():
    assert len(HELD_OUT_PAIRS) == 36
    by_colour = collections.Counter(colour for _, colour in HELD_OUT_PAIRS)
    by_noun = collections.Counter(noun for noun, _ in HELD_OUT_PAIRS)
    assert set(by_colour.values()) == {3} and set(by_colour) == set(COLOURS)
    assert set(by_noun.values()) == {1, 2} and set(by_noun) == set(CLASS_NOUNS)


@pytest.mark.parametrize("level", ["seen", "style", "noun"])
def test_held_out_compositions_never_occur_outside_their_level(level: str):
    variants = [other for scene in scenes(level)[:100] for other in near_misses(scene, 6)]
    for scene in scenes(level) + variants:
        assert not _pairs(scene) & HELD_OUT_PAIRS
        assert _triple(scene) not in HELD_OUT_TRIPLES


def test_every_scene_of_the_composition_level_has_something_held_out():
    assert all(_pairs(scene) & HELD_OUT_PAIRS or _triple(scene) in HELD_OUT_TRIPLES for scene in scenes("composition"))


@pytest.mark.parametrize("level", ["seen", "composition", "style"])
def test_unseen_nouns_never_occur_outside_their_level(level: str):
    variants = [other for scene in scenes(level)[:100] for other in near_misses(scene, 6)]
    assert not any(thing.noun in UNSEEN_NOUNS for scene in scenes(level) + variants for thing in scene.things)


def test_group_0_of_the_noun_level_is_an_unseen_noun():
    assert all(scene.things[scene.groups[0][0]].noun in UNSEEN_NOUNS for scene in scenes("noun"))


def test_the_unseen_style_is_drawn_at_its_level_alone():
    assert {scene.style for scene in scenes("style")} == {UNSEEN_STYLE}
    others = {scene.style for scene in every() if scene.level != "style"}
    assert others == set(STYLES) - {UNSEEN_STYLE}


def test_the_kinds_of_scenes_have_their_shares():
    kinds = collections.Counter((len(scene.groups), scene.relation is not None) for scene in every())
    shares = {kind: count / len(every()) for kind, count in kinds.items()}
    assert shares == pytest.approx({(1, False): 0.68, (2, True): 0.27, (2, False): 0.05}, abs=0.04)
    assert {scene.relation for scene in every()} == {*RELATIONS, None}


def test_a_lone_thing_has_the_noun_and_colour_asked_for():
    scene = compose_single(1, 0, "flower", "blue", "seen", 4)
    assert [(thing.noun, thing.colour) for thing in scene.things] == [("flower", "blue")]
    assert scene.things[0].size in ("medium", "large")


def test_near_misses_falsify_the_fullest_description_and_name_themselves():
    for scene in every()[::5]:
        others = near_misses(scene, 6)
        assert len(others) == 6 and others == near_misses(scene, 6)
        assert [other.variant for other in others] == [1, 2, 3, 4, 5, 6]
        for other in others:
            assert not holds(full_statement(scene), other)
            assert holds(full_statement(other), other)
            assert (other.ground, other.style, other.light) == (scene.ground, scene.style, scene.light)


def test_near_misses_are_of_several_kinds():
    changed = collections.Counter()
    for scene in scenes("seen"):
        before, after = full_statement(scene), full_statement(near_misses(scene, 1)[0])
        nouns = [tuple(phrase.noun for phrase in statement.phrases) for statement in (before, after)]
        colours = [tuple(phrase.colour for phrase in statement.phrases) for statement in (before, after)]
        counts = [tuple(phrase.count for phrase in statement.phrases) for statement in (before, after)]
        kinds = {"noun": nouns, "colour": colours, "count": counts}
        changed.update(kind for kind, (one, other) in kinds.items() if one != other)
        changed.update(["relation"] if before.relation != after.relation else [])
    assert min(changed[kind] for kind in ("noun", "colour", "count", "relation")) >= 10


def test_counts_mean_what_a_phrase_says():
    three = tuple(("cat", "black", (x, 0.4, x + 0.2, 0.6)) for x in (0.1, 0.4, 0.7))
    scene = _scene(*three, groups=((0, 1, 2),))
    truths = {count: holds(Statement((Phrase("cat", count=count),)), scene) for count in (1, 2, 3, 4, None)}
    assert truths == {1: True, 2: False, 3: True, 4: False, None: True}


def test_attributes_ground_and_position_can_each_make_a_statement_false():
    scene = _scene(("cat", "black", (0.05, 0.4, 0.25, 0.6)))
    cat = (Phrase("cat"),)
    assert holds(Statement((Phrase("cat", "black", "medium"),), position="left", ground="meadow"), scene)
    assert not holds(Statement((Phrase("cat", "blue"),)), scene)
    assert not holds(Statement((Phrase("cat", None, "large"),)), scene)
    assert not holds(Statement(cat, position="right"), scene)
    assert not holds(Statement(cat, position="top"), scene)
    assert not holds(Statement(cat, ground="sea"), scene)


LEFT, NEAR_RIGHT, FAR_RIGHT, ABOVE = (
    (0.1, 0.5, 0.3, 0.7),
    (0.35, 0.5, 0.6, 0.7),
    (0.7, 0.5, 0.9, 0.7),
    (0.1, 0.1, 0.3, 0.3),
)


@pytest.mark.parametrize(
    ("cat", "dog", "true", "true_reversed"),
    [
        (LEFT, NEAR_RIGHT, {"beside", "left_of"}, {"beside"}),
        (LEFT, FAR_RIGHT, {"left_of"}, set()),
        (ABOVE, LEFT, {"above"}, {"below"}),
        (ABOVE, FAR_RIGHT, {"left_of"}, set()),
    ],
)
def test_relations_follow_the_geometry(cat, dog, true, true_reversed):
    scene = _scene(("cat", "black", cat), ("dog", "red", dog))
    phrases = (Phrase("cat"), Phrase("dog"))
    assert {name for name in RELATIONS if holds(Statement(phrases, name), scene)} == true
    assert {name for name in RELATIONS if holds(Statement(phrases[::-1], name), scene)} == true_reversed


def test_contact_is_neither_above_nor_beside():
    scene = _scene(("cat", "black", (0.3, 0.2, 0.5, 0.5)), ("table", "red", (0.2, 0.48, 0.8, 0.9)), relation="on")
    phrases = (Phrase("cat"), Phrase("table"))
    assert {name for name in RELATIONS if holds(Statement(phrases, name), scene)} == {"on"}
    assert not any(holds(Statement(phrases[::-1], name), scene) for name in RELATIONS)


def test_beside_is_symmetric_and_above_is_the_inverse_of_below_in_every_scene():
    inverse = {"beside": "beside", "above": "below", "below": "above"}
    for scene in every():
        phrases = full_statement(scene).phrases
        for name in inverse if len(phrases) == 2 else ():
            assert holds(Statement(phrases, name), scene) == holds(Statement(phrases[::-1], inverse[name]), scene)


def test_one_thing_cannot_stand_in_a_relation_to_itself():
    scene = _scene(("cat", "black", LEFT), groups=((0,),))
    assert not holds(Statement((Phrase("cat"), Phrase("cat", "black"))), scene)


def test_the_truth_matrix_is_the_truth_of_every_pair():
    several = scenes("all")[:80]
    statements = [full_statement(scene) for scene in several]
    statements += [Statement((phrase,)) for statement in statements for phrase in statement.phrases]
    expected = [[holds(statement, scene) for scene in several] for statement in statements]
    assert truth_matrix(statements, several).tolist() == expected


def test_the_truth_of_no_statements_has_no_rows():
    assert truth_matrix([], scenes("seen")[:3]).shape == (0, 3)
