"""Contrasts: true captions are true, false ones false, and the two differ in one thing."""

import difflib
import io
import json

import numpy as np
import pytest
from PIL import Image

from clip_italian import files
from clip_italian.data.preparation import read_test
from clip_italian.world.languages.italian.grammar import mirror
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing import contrasts
from clip_italian.world.publishing.contrasts import KINDS, contrast, mirrored
from clip_italian.world.scenes.compose import COUNTS, PAIRED_COUNTS
from clip_italian.world.scenes.levels import HELD_OUT_PAIRS, HELD_OUT_TRIPLES
from clip_italian.world.scenes.scene import from_json
from clip_italian.world.scenes.statements import Phrase, Statement
from clip_italian.world.scenes.truth import holds
from tests.helpers.small_world import world

NUMBERS = range(40)
MADE = {kind: [contrast(kind, number, 5, ITALIAN) for number in NUMBERS] for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_of_each_picture_one_caption_is_true_and_the_other_false(kind):
    for one in MADE[kind]:
        for side, scene in enumerate(one.scenes):
            assert holds(one.statements[side], scene) and not holds(one.statements[1 - side], scene)
        assert len(one.scenes) == (1 if one.detail.startswith("1-") else 2)


def things(statement):
    return [vars(phrase) for phrase in statement.phrases]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("swap", "left_right")])
def test_the_statements_differ_in_what_the_kind_is_named_after(kind):
    for one in MADE[kind]:
        first, second = one.statements
        changed = {name for a, b in zip(things(first), things(second), strict=True) for name in a if a[name] != b[name]}
        changed |= {name for name in ("relation", "position", "ground") if getattr(first, name) != getattr(second, name)}
        assert changed == {"count" if kind.startswith("count") else kind}


def test_a_swap_has_the_same_words_for_colours_and_things():
    for one in MADE["swap"]:
        colours, nouns = (
            [[thing[name] for thing in things(statement)] for statement in one.statements] for name in ("colour", "noun")
        )
        assert nouns[0] == nouns[1] and colours[0] == colours[1][::-1] and colours[0][0] != colours[0][1]


def test_left_and_right_have_mirrored_pictures_and_captions_that_change_places():
    for one in MADE["left_right"]:
        assert one.captions[1] == mirror(one.captions[0]) and one.captions[0] == mirror(one.captions[1])
        assert one.scenes[1] == mirrored(one.scenes[0])
        lossless = world().studio.model_copy(update={"png_every": 1})
        pixels = [np.asarray(Image.open(io.BytesIO(shot.content))) for shot in contrasts.shots(one, lossless)]
        assert (pixels[0][:, ::-1] == pixels[1]).all()


def test_what_is_mirrored_twice_is_what_it_was():
    for one in MADE["left_right"]:
        scene, back = one.scenes[0], mirrored(mirrored(one.scenes[0]))
        assert (back.groups, back.relation) == (scene.groups, scene.relation)
        assert np.allclose([thing.box for thing in back.things], [thing.box for thing in scene.things], atol=1e-4)


CHANGED = {"noun": 3, "colour": 1, "swap": 2, "relation": 2, "left_right": 1, "position": 2, "size": 1}  # words; articles agree


@pytest.mark.parametrize("kind", KINDS)
def test_the_captions_differ_in_no_more_words_than_the_kind_asks_for(kind):
    for one in MADE[kind]:
        first, second = (caption.replace("'", "' ").split() for caption in one.captions)
        blocks = difflib.SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
        changed = sum(max(stop - start, end - begin) for tag, start, stop, begin, end in blocks if tag != "equal")
        assert 1 <= changed <= CHANGED.get(kind, 2), one.captions


def test_counts_are_those_that_the_kinds_are_named_after():
    counts = {kind: {statement.phrases[0].count for one in MADE[kind] for statement in one.statements} for kind in KINDS}
    assert counts["count_to_three"] == {1, 2, 3} and counts["count_four"] == {1, 2, 3, 4} and counts["count_beyond"] == {4, 5, 6}


def test_nothing_held_out_from_training_is_shown():
    for scene in (scene for several in MADE.values() for one in several for scene in one.scenes):
        assert not {(thing.noun, thing.colour) for thing in scene.things} & HELD_OUT_PAIRS
        nouns = [scene.things[group[0]].noun for group in scene.groups]
        assert (nouns[0], scene.relation, nouns[-1]) not in HELD_OUT_TRIPLES


@pytest.mark.parametrize(
    "statement, text",
    [
        (Statement((Phrase("cat", "black"), Phrase("chair", "red")), "beside"), "un gatto nero accanto a una sedia rossa"),
        (Statement((Phrase("elephant", "white"), Phrase("car", "blue"))), "un elefante bianco e un'auto blu"),
        (Statement((Phrase("backpack", "white", count=6),)), "sei zaini bianchi"),
        (Statement((Phrase("tree", size="small"),)), "un piccolo albero"),
        (Statement((Phrase("car", size="large"),)), "una grande auto"),
        (Statement((Phrase("apple"),), position="bottom"), "una mela in basso"),
        (Statement((Phrase("backpack"), Phrase("clock")), "left_of"), "uno zaino a sinistra di un orologio"),
        (Statement((Phrase("apple"), Phrase("box")), "inside"), "una mela dentro una scatola"),
    ],
)
def test_plain_wording(statement, text):
    assert ITALIAN.plain(statement) == text


def test_the_files_say_of_each_picture_what_is_true_and_what_is_false(tmp_path):
    settings = world()
    numbers = range(len(KINDS) * settings.tests.contrasts)
    contrasts.write(tmp_path, contrasts.contrasts(numbers, settings.seed, settings.tests, settings.studio, ITALIAN))
    entries = files.read_json(tmp_path / "contrasts.json")
    scenes = [from_json(json.loads(line)) for line in (tmp_path / "scenes.jsonl").read_text().splitlines()]
    made = [contrast(kind, number, settings.seed, ITALIAN) for kind in KINDS for number in range(settings.tests.contrasts)]
    examples = [example for example, _ in read_test(tmp_path)]
    assert len(examples) == len(entries) == len(scenes) == sum(len(one.scenes) for one in made)
    for entry, example, scene in zip(entries, examples, scenes, strict=True):
        one = made[entry["contrast"]]
        side = one.captions.index(entry["true"])
        assert (entry["kind"], entry["detail"], entry["false"]) == (one.kind, one.detail, one.captions[1 - side])
        assert example.captions == [entry["true"]] and holds(one.statements[side], scene)


def test_no_training_scene_has_five_or_six_of_a_thing():
    assert max(*COUNTS, *PAIRED_COUNTS) == 4
