"""The leakage audit: a planted test picture is found and named whatever was done to it, and what only resembles one is not."""

import io
import zipfile

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from clip_italian import files
from clip_italian.data.archives import add
from clip_italian.data.curation import audited, leakage
from clip_italian.data.curation.leakage import Allowance
from clip_italian.data.images.shards import Example
from clip_italian.data.sources.rows import member_of
from clip_italian.errors import InputError
from clip_italian.world.drawing.render import render
from clip_italian.world.scenes.compose import compose
from clip_italian.world.scenes.near_misses import near_misses
from tests.helpers.small_world import CURATE, LIMITS, TWO

pytestmark = pytest.mark.usefixtures("serial")

SETTINGS = CURATE.duplicates
RESIZED = {"larger": (110, 97), "smaller": (50, 48), "squeezed": (60, 90)}


def picture_of(index: int) -> np.ndarray:
    return render(compose(7, index, "seen", 90), 64, 72)


def jpeg(pixels: np.ndarray, quality: int = 95) -> bytes:
    return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality)


def png(pixels: np.ndarray) -> bytes:
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "PNG")
        return file.getvalue()


def resized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def stored(raw, folder: str, members: dict[str, bytes], captions: tuple[str, ...] = ("un gatto",)):
    """Writes an archive and returns what `preparation.read_pairs` and `read_test` give of such a one."""
    (raw / folder).mkdir(parents=True)
    with zipfile.ZipFile(raw / folder / "images.zip", "w") as archive:
        for member, content in members.items():
            add(archive, member, content)
    name = folder.removeprefix("test/")
    examples = [Example(f"{name}/{member}", name, list(captions)) for member in members]
    return [(example, (raw / folder / "images.zip", member)) for example, member in zip(examples, members, strict=True)]


def training_of(raw, members: dict[str, bytes], captions: tuple[str, ...] = ("un gatto",), name: str = "train"):
    return list(audited.read({name: stored(raw, "wit", members, captions)}, LIMITS, TWO))


def held_out_of(raw, members: dict[str, bytes], captions: tuple[str, ...] = ("un gatto",)):
    return audited.read_held_out({"seen": stored(raw, "test/seen", members, captions)}, LIMITS, TWO)


def reported(raw, training: dict[str, bytes], test: dict[str, bytes], *allowances: Allowance, settings=SETTINGS):
    """The report, and its part about the test set."""
    report = leakage.report(["train"], training_of(raw, training), held_out_of(raw, test), settings, allowances)
    return report, report["tests"]["seen"]


def held_out(*indices: int) -> dict[str, bytes]:
    return {f"{index:06d}": jpeg(picture_of(index)) for index in indices}


@pytest.mark.parametrize("size", RESIZED.values(), ids=RESIZED)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_planted_picture_is_found_reencoded_resized_and_mirrored_and_both_names_are_told(here, size, mirrored):
    changed = resized(picture_of(5), size)[:, :: -1 if mirrored else 1]
    training = {f"t{index}": jpeg(picture_of(index)) for index in range(20, 50)} | {"planted": jpeg(changed, 70)}
    report, of_set = reported(here, training, held_out(*range(15)))
    (leak,) = of_set["leaks"]
    assert (leak["training"], leak["test"]) == ("wit/planted", "seen/000005")
    assert leak["kind"] == ("mirrored picture" if mirrored else "picture")
    assert 0 < leak["difference"] <= SETTINGS.max_cell_difference
    assert leak["bits"] <= SETTINGS.max_bits
    with pytest.raises(InputError, match=r"leaks.json: .*allows: 1; .* wit/planted is test image seen/000005 .*allowances"):
        leakage.check(report, here / "leaks.json")


@pytest.mark.parametrize(
    ("size", "quality"), [((80, 70), 60), ((54, 48), 60), ((50, 48), 75), ((200, 190), 80), ((72, 64), 40)], ids=str
)
def test_almost_no_copy_of_many_is_missed(here, size, quality):
    copies = {f"c{index}": jpeg(resized(picture_of(index), size)[:, ::-1], quality) for index in range(150)}
    _, report = reported(here, copies, held_out(*range(150)))
    assert len({leak["test"] for leak in report["leaks"]}) >= 149
    assert all(leak["training"].removeprefix("wit/c") == str(int(leak["test"][5:])) for leak in report["leaks"])


def grey(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))


def lighter(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels.astype(int) + 10, 0, 255).astype(np.uint8)


def cut(pixels: np.ndarray, pixel: int) -> np.ndarray:
    return pixels[pixel:-pixel, pixel:-pixel]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("change", [grey, lighter], ids=lambda change: change.__name__)
def test_a_copy_without_colours_or_a_little_lighter_is_found(here, change, mirrored):
    copies = {f"c{index}": jpeg(change(picture_of(index))[:, :: -1 if mirrored else 1], 80) for index in range(40)}
    _, report = reported(here, copies, held_out(*range(40)))
    pairs = {(leak["training"].removeprefix("wit/c"), str(int(leak["test"].removeprefix("seen/")))) for leak in report["leaks"]}
    assert pairs == {(str(index), str(index)) for index in range(40)}


def test_a_copy_is_beyond_reach_when_a_twentieth_of_each_side_is_cut_off(here):
    # Told where the audit is described: whoever looks for these needs another method.
    copies = {f"c{index}": jpeg(cut(picture_of(index), 3), 80) for index in range(40)}
    assert reported(here, copies, held_out(*range(40)))[1]["leaks"] == []


def test_a_planted_picture_is_found_in_every_one_of_several_sets_whatever_part_it_comes_in(here, monkeypatch):
    monkeypatch.setattr(audited, "PART", 3)
    training = training_of(here, {f"t{index}": jpeg(picture_of(index), 70) for index in range(20)})
    sets = {f"set{first}": stored(here, f"test/set{first}", held_out(first, first + 1, 90 + first)) for first in (0, 8, 18)}
    tests = audited.read_held_out(sets | {"empty": []}, LIMITS, TWO)
    report = leakage.report(["train"], training, tests, SETTINGS, ())
    found = {name: [(leak["training"], leak["test"]) for leak in one["leaks"]] for name, one in report["tests"].items()}
    assert found == {
        f"set{first}": [(f"wit/t{index}", f"set{first}/{index:06d}") for index in (first, first + 1)] for first in (0, 8, 18)
    } | {"empty": []}


def test_near_misses_and_other_pictures_are_no_leaks(here):
    scenes = [compose(7, index, "seen", 91) for index in range(40)]
    training = {
        f"{scene.index}-{other.variant}": jpeg(render(other, 64, 72)) for scene in scenes for other in near_misses(scene, 6)
    }
    assert len(training) > 100
    test = {f"{scene.index:06d}": jpeg(render(scene, 64, 72)) for scene in scenes}
    report, of_set = reported(here, training, test)
    assert of_set["leaks"] == []
    leakage.check(report, here / "leaks.json")


def test_hashes_alone_would_have_named_a_near_miss(here):
    # Else the confirmation by pixels would have nothing to do, and the test above would not test it.
    scenes = [compose(7, index, "seen", 91) for index in range(40)]
    misses = {f"{scene.index}-{n}": jpeg(render(one, 64, 72)) for scene in scenes for n, one in enumerate(near_misses(scene, 6))}
    test = {f"{scene.index:06d}": jpeg(render(scene, 64, 72)) for scene in scenes}
    _, blind = reported(here, misses, test, settings=SETTINGS.model_copy(update={"max_cell_difference": 255}))
    assert blind["leaks"]
    assert blind["nearest"] is None


def test_the_nearest_stranger_is_named_and_lies_beyond_the_limit(here, tmp_path_factory):
    scenes = [compose(7, index, "seen", 91) for index in range(40)]
    misses = {f"{scene.index}-{n}": jpeg(render(one, 64, 72)) for scene in scenes for n, one in enumerate(near_misses(scene, 6))}
    test = {f"{scene.index:06d}": jpeg(render(scene, 64, 72)) for scene in scenes}
    _, report = reported(here, misses, test)
    nearest = report["nearest"]
    assert nearest["difference"] > SETTINGS.max_cell_difference
    assert int(nearest["training"].removeprefix("wit/").split("-")[0]) == int(nearest["test"].removeprefix("seen/"))
    wider = SETTINGS.model_copy(update={"max_cell_difference": nearest["difference"]})
    _, report = reported(tmp_path_factory.mktemp("raw"), misses, test, settings=wider)
    (leak,) = [one for one in report["leaks"] if (one["training"], one["test"]) == (nearest["training"], nearest["test"])]
    assert leak["difference"] == nearest["difference"]


def test_a_pair_is_listed_once_under_its_surest_kind(here):
    url, coco = member_of("https://site.example/1.jpg"), "COCO_train2014_000000000042.jpg"
    same, other = jpeg(picture_of(1)), jpeg(picture_of(2))
    training = {url: same, coco: other, "copy": same, "again": png(picture_of(3))}
    test = {url: same, "val/COCO_val2014_000000000042.jpg": jpeg(picture_of(9)), "000003": jpeg(picture_of(3))}
    _, report = reported(here, training, test)
    found = [(leak["training"], leak["test"], leak["kind"]) for leak in report["leaks"]]
    assert found == [
        (f"wit/{url}", f"seen/{url}", "id"),
        (f"wit/{coco}", "seen/val/COCO_val2014_000000000042.jpg", "id"),
        ("wit/copy", f"seen/{url}", "content"),
        ("wit/again", "seen/000003", "picture"),
    ]
    assert report["kinds"] == {"id": 2, "content": 1, "picture": 1, "mirrored picture": 0}
    assert [leak["bits"] == 0 and leak["difference"] == 0 for leak in report["leaks"][:3]] == [True, False, True]


def test_equal_numbers_in_two_archives_are_not_one_picture():
    assert audited.identity("000012") is None
    assert audited.identity("COCO_val2014_000000000012.jpg") == audited.identity("val2014/COCO_train2014_000000000012.jpg")
    assert audited.identity("COCO_val2014_12.jpg") is None


@pytest.mark.parametrize("name", ["seen", "seen/000005"])
def test_an_allowance_by_name_lets_a_leak_pass_and_says_why(here, name):
    allowance = Allowance(test=name, reason="drawn twice by its publisher")
    report, of_set = reported(here, {"planted": jpeg(picture_of(5), 80)}, held_out(4, 5), allowance)
    assert of_set["leaks"][0]["allowed"] == allowance.reason
    assert of_set["not_allowed"] == 0
    assert report["allowances"] == [{"test": name, "reason": allowance.reason, "leaks": 1}]
    leakage.check(report, here / "leaks.json")


def test_an_allowance_covers_no_other_picture(here):
    allowance = Allowance(test="seen/000004", reason="known")
    training = {f"p{index}": jpeg(picture_of(index), 80) for index in (4, 5)}
    report, _ = reported(here, training, held_out(4, 5), allowance, Allowance(test="see", reason="a set of another name"))
    assert [one["leaks"] for one in report["allowances"]] == [1, 0]
    with pytest.raises(InputError, match=r"allows: 1; first, training image wit/p5 is test image seen/000005"):
        leakage.check(report, here / "leaks.json")


def test_an_allowance_without_a_reason_is_refused():
    with pytest.raises(ValueError, match="reason"):
        Allowance(test="seen", reason="")


def test_repeated_captions_are_counted_and_never_fatal(here):
    ours = training_of(here, {"a": jpeg(picture_of(1))}, ("Un gatto.", "un cane"))
    theirs = held_out_of(here, {"0": jpeg(picture_of(2))}, ("un GATTO", "una casa", "un gatto"))
    report = leakage.report(["train"], ours, theirs, SETTINGS, ())
    assert (report["tests"]["seen"]["captions"], report["tests"]["seen"]["repeated_captions"]) == (3, 2)
    leakage.check(report, here / "leaks.json")


def test_pictures_of_every_file_of_pairs_are_compared(here, tmp_path_factory):
    names = ("train", "valid", "english")
    parts = [
        part
        for index, name in enumerate(names)
        for part in training_of(tmp_path_factory.mktemp(name), {name: jpeg(picture_of(index), 80)}, name=name)
    ]
    report = leakage.report([*names, "empty"], parts, held_out_of(here, held_out(0, 1, 2)), SETTINGS, ())
    assert report["training"] == {"train": 1, "valid": 1, "english": 1, "empty": 0}
    found = [(leak["training"], leak["test"]) for leak in report["tests"]["seen"]["leaks"]]
    assert found == [("wit/train", "seen/000000"), ("wit/valid", "seen/000001"), ("wit/english", "seen/000002")]


def test_parts_that_are_read_side_by_side_come_in_their_order(here, monkeypatch):
    members = held_out(*range(7))
    whole = held_out_of(here, members)["seen"]
    monkeypatch.setattr(audited, "PART", 2)
    parts = held_out_of(here / "again", members)["seen"]
    assert parts.digests == whole.digests
    for ours, theirs in ((parts.looks, whole.looks), (parts.mirrored, whole.mirrored)):
        assert np.array_equal(ours.hashes, theirs.hashes) and np.array_equal(ours.cells, theirs.cells)


def test_a_report_is_json_and_the_same_every_time(here, tmp_path_factory):
    training, test = {"b": jpeg(picture_of(2), 80), "a": jpeg(picture_of(1), 80)}, held_out(1, 2)
    first, second = (files.dumps(reported(tmp_path_factory.mktemp("raw"), training, test)[0]) for _ in range(2))
    assert first == second


def test_no_training_pictures_leak_nothing(here):
    assert reported(here, {}, held_out(1))[1]["leaks"] == []


@pytest.mark.parametrize("content", [None, b"<html>"])
def test_a_picture_that_cannot_be_read_is_named_with_the_remedy(here, content):
    ((example, (archive, member)),) = stored(here, "wit", {"a": content or jpeg(picture_of(1))})
    pictures = [(example, (archive, member if content else "gone"))]
    with pytest.raises(InputError, match=r"wit/images.zip: member `(a|gone)`: .*delete the file and run `dvc repro`"):
        list(audited.read({"train": pictures}, LIMITS, TWO))
