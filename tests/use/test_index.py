"""A folder of pictures, indexed, brought up to date, killed on the way, and searched."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.use.search import building, searching, store
from clip_italian.use.search.searching import Index
from tests.helpers.golden_systems import copied

MODEL = "clip-italian"


def save(path, seed, size=(30, 24), **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def model(here):
    return clip_italian.load(copied(MODEL, here).folder)


@pytest.fixture
def folder(here):
    """Ten pictures in two folders."""
    for number in range(10):
        save(here / "pictures" / f"{'ab'[number % 2]}/{number}.png", number)
    return here / "pictures"


@pytest.fixture
def encoded(monkeypatch):
    """How many pictures go through the tower."""
    counts, original = [], Model.encode_fitted

    def counted(self, pixels, *more):
        counts.append(len(pixels))
        return original(self, pixels, *more)

    monkeypatch.setattr(Model, "encode_fitted", counted)
    return counts


def index(model, folder, path=pathlib.Path("pictures.index")):
    return building.build(model, building.origin(model, folder, model.provenance[0].source, None), path)


def paths(path="pictures.index"):
    return [entry.found.path for entry in store.read(pathlib.Path(path)).entries]


def bytes_of(path):
    return {file.name: file.read_bytes() for file in pathlib.Path(path).iterdir()}


def test_every_picture_has_the_vector_that_the_model_gives_it(model, folder):
    report = index(model, folder)
    files = sorted(folder.rglob("*.png"))
    assert (report.encoded, report.unchanged, report.copies, report.gone, report.refused) == (10, 0, 0, 0, [])
    assert paths() == [file.relative_to(folder).as_posix() for file in files]
    np.testing.assert_allclose(store.vectors(pathlib.Path("pictures.index")), model.encode_image(files), atol=1e-6)


def test_a_file_that_somebody_put_into_an_index_is_named_and_stays(model, folder):
    index(model, folder)
    pathlib.Path("pictures.index/notes.txt").write_text("mine")
    save(folder / "c/new.png", 100)
    with pytest.raises(InputError, match=r"pictures\.index/notes\.txt: is not part of an index and would be deleted; move it away"):
        index(model, folder)
    assert pathlib.Path("pictures.index/notes.txt").read_text() == "mine"


def test_what_is_new_or_has_changed_is_encoded_and_nothing_else(model, folder, encoded):
    index(model, folder)
    before = bytes_of("pictures.index")
    assert index(model, folder).unchanged == 10 and sum(encoded) == 10 and bytes_of("pictures.index") == before
    save(folder / "c/new.png", 100)
    save(folder / "a/0.png", 101)
    (folder / "b/1.png").unlink()
    report = index(model, folder)
    assert (report.encoded, report.unchanged, report.gone, sum(encoded)) == (2, 8, 1, 12)
    files = sorted(folder.rglob("*.png"))
    np.testing.assert_allclose(store.vectors(pathlib.Path("pictures.index")), model.encode_image(files), atol=1e-6)


def test_a_zip_of_pictures_is_indexed_as_the_folder_is(model, folder, encoded):
    index(model, folder)
    zipped = pathlib.Path(shutil.make_archive("pictures", "zip", folder))
    report, path = index(model, zipped, pathlib.Path("zipped.index")), pathlib.Path("zipped.index")
    assert (report.encoded, report.refused) == (10, []) and paths(path) == paths()
    np.testing.assert_array_equal(store.vectors(path), store.vectors(pathlib.Path("pictures.index")))
    (best,) = Index(path).nearest(np.array(store.vectors(path)[3]), 1)
    assert str(best.path) == f"{zipped.resolve()}: {paths()[3]}" and best.path.read_bytes() == (folder / paths()[3]).read_bytes()
    encoded.clear()
    save(folder / "a/0.png", 99)
    zipped = pathlib.Path(shutil.make_archive("pictures", "zip", folder))
    assert (index(model, zipped, path).unchanged, sum(encoded)) == (9, 1)
    zipped.write_bytes(zipped.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"pictures\.zip: not a whole zip file"):
        index(model, zipped, path)


def test_a_file_that_was_moved_or_copied_is_not_encoded_again(model, folder, encoded):
    shutil.copy(folder / "a/0.png", folder / "a/copy.png")
    assert index(model, folder).copies == 1 and sum(encoded) == 10
    (folder / "b/1.png").rename(folder / "b/moved.png")
    shutil.copy(folder / "a/2.png", folder / "b/again.png")
    report = index(model, folder)
    assert (report.encoded, report.copies, report.gone, sum(encoded)) == (0, 2, 1, 10)
    assert {"a/copy.png", "b/moved.png", "b/again.png"} < set(paths())


def test_files_that_cannot_be_read_are_reported_and_the_rest_is_indexed(model, folder):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    (folder / "empty.png").write_bytes(b"")
    (folder / "page.jpg").write_bytes(b"<html>not found</html>")
    (folder / "note.txt").write_text("no picture by its name")
    Image.new("1", (20_000, 20_000)).save(folder / "huge.png")
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(folder / "animated.gif", save_all=True, append_images=frames[1:])
    save(folder / ".hidden/picture.png", 7)
    report = index(model, folder)
    assert [(one.found.path, one.reason) for one in report.refused] == [
        ("broken.jpg", "damaged image"),
        ("empty.png", "empty file"),
        ("huge.png", "too many pixels"),
        ("page.jpg", "a web page, not an image"),
    ]
    assert report.encoded == 11 and "animated.gif" in paths() and ".hidden/picture.png" not in paths()
    assert "1 left out: too many pixels" in report.lines() and "  empty.png: empty file" in report.lines()
    assert index(model, folder).unchanged == 15  # what was refused is not tried again until it changes
    save(folder / "broken.jpg", 50)
    assert len(index(model, folder).refused) == 3


def test_a_file_that_may_not_be_read_is_named(model, folder, monkeypatch):
    original = pathlib.Path.read_bytes

    def refused(path):
        if path.name == "3.png":
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", refused)
    (one,) = index(model, folder).refused
    assert (one.found.path, one.reason) == ("b/3.png", "cannot be read (Permission denied)")


def test_a_run_that_fails_on_the_way_is_gone_on_with_and_the_index_is_the_same(model, folder, monkeypatch, encoded):
    monkeypatch.setattr(building, "PART", 4)
    index(model, folder, pathlib.Path("undisturbed"))
    expected = bytes_of("undisturbed")
    encoded.clear()
    original = store.write
    monkeypatch.setattr(store, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        index(model, folder)
    assert not pathlib.Path("pictures.index").exists() and sum(encoded) == 10
    pathlib.Path(".pictures.index.parts/000000000008.npz").unlink()
    monkeypatch.setattr(store, "write", original)
    index(model, folder)
    assert sum(encoded) == 12 and bytes_of("pictures.index") == expected
    assert not pathlib.Path(".pictures.index.parts").exists()


def test_parts_of_files_that_have_changed_since_are_made_again(model, folder, monkeypatch):
    monkeypatch.setattr(building, "PART", 4)
    original = store.write
    monkeypatch.setattr(store, "write", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        index(model, folder)
    monkeypatch.setattr(store, "write", original)
    save(folder / "a/2.png", 200)
    index(model, folder)
    np.testing.assert_allclose(
        store.vectors(pathlib.Path("pictures.index")), model.encode_image(sorted(folder.rglob("*.png"))), atol=1e-6
    )


def test_a_run_that_is_killed_five_times_ends_with_the_same_index(here, model):
    for number in range(60):
        save(here / "pictures" / f"{number:03d}.png", number)
    program = (
        "import sys, time, pathlib, clip_italian\n"
        "from clip_italian.checkpoints import model\n"
        "from clip_italian.use.search import building\n"
        "building.PART, encode = 4, model.Model.encode_fitted\n"
        "def slowly(self, pixels, *more):\n"
        "    print('encoding', flush=True); time.sleep(0.05)\n"
        "    return encode(self, pixels, *more)\n"
        "model.Model.encode_fitted = slowly\n"
        "of = clip_italian.load(sys.argv[1])\n"
        "building.build(of, building.origin(of, pathlib.Path('pictures'), sys.argv[1], None), pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", program, model.provenance[0].source]
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(shell.__file__).parents[1])}
    subprocess.run([*command, "undisturbed"], check=True, capture_output=True, env=environment)
    for _ in range(5):
        run = subprocess.Popen([*command, "killed"], stdout=subprocess.PIPE, env=environment)
        for _ in range(3):
            assert run.stdout.readline()
        time.sleep(0.03)
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        assert not pathlib.Path("killed").exists()
    left = len(list(pathlib.Path(".killed.parts").glob("*.npz")))
    assert 5 <= left < 15
    last = subprocess.run([*command, "killed"], check=True, capture_output=True, text=True, env=environment)
    assert last.stdout.count("encoding") == 15 - left
    assert bytes_of("killed") == bytes_of("undisturbed")


# --- What is refused --------------------------------------------------------------------------------------------------
def test_a_damaged_index_is_refused_by_the_name_of_the_file(model, folder):
    index(model, folder)
    for name in (store.VECTORS, store.PICTURES, store.MANIFEST):
        path = pathlib.Path("pictures.index", name)
        content = bytearray(path.read_bytes())
        whole = bytes(content)
        content[len(content) // 2] ^= 1
        path.write_bytes(content[:-40] if name == store.MANIFEST else content)
        with pytest.raises(InputError, match=f"{name}: .*; delete the folder and run"):
            Index(pathlib.Path("pictures.index"))
        with pytest.raises(InputError, match=f"{name}: .*; delete the folder and run"):
            index(model, folder)
        path.unlink()
        with pytest.raises(InputError, match=f"{name}"):
            Index(pathlib.Path("pictures.index"))
        path.write_bytes(whole)
    assert len(Index(pathlib.Path("pictures.index"))) == 10


def test_an_index_by_another_model_is_refused(here, model, folder):
    index(model, folder)
    other = here / "other"
    shutil.copytree(model.provenance[0].source, other)
    settings = next(other.glob("*config.json"))
    settings.write_text(settings.read_text() + "\n")
    with pytest.raises(InputError, match=f"pictures.index: was built by another model .*another {settings.name}"):
        Index(pathlib.Path("pictures.index")).model(str(other))
    with pytest.raises(InputError, match="was built by another model"):
        index(clip_italian.load(other), folder)
    Index(pathlib.Path("pictures.index")).model()


def test_what_is_no_index_is_neither_searched_nor_replaced(model, folder):
    pathlib.Path("precious").mkdir()
    pathlib.Path("precious/letter.txt").write_text("mine")
    with pytest.raises(InputError, match="precious: not an index"):
        Index(pathlib.Path("precious"))
    with pytest.raises(InputError, match="precious: not an index"):
        index(model, folder, pathlib.Path("precious"))
    assert pathlib.Path("precious/letter.txt").exists()


def test_a_folder_that_is_missing_or_has_no_picture_is_named(here, model):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        index(model, here / "nowhere")
    (here / "texts").mkdir()
    (here / "texts/note.txt").write_text("")
    with pytest.raises(InputError, match="texts: no image in it"):
        index(model, here / "texts")
    (here / "texts/a.jpg").write_bytes(b"")
    assert index(model, here / "texts").encoded == 0 and len(Index(pathlib.Path("pictures.index"))) == 0


# --- Search -----------------------------------------------------------------------------------------------------------
def test_the_nearest_are_those_of_the_model_s_own_cosines(model, folder):
    index(model, folder)
    found = Index(pathlib.Path("pictures.index"))
    files = sorted(folder.rglob("*.png"))
    for query in ("due cavalli marroni", "un gatto"):
        cosines = model.similarity(files, [query])[:, 0]
        hits = found.nearest(searching.query_of(model, query), 4)
        assert [hit.path for hit in hits] == [files[place] for place in np.argsort(-cosines)[:4]]
        np.testing.assert_allclose([hit.score for hit in hits], np.sort(cosines)[::-1][:4], atol=1e-6)
    assert len(found.nearest(searching.query_of(model, "un gatto"), 100)) == 10


def test_files_of_the_same_bytes_are_one_hit_and_do_not_use_up_the_count(model, folder):
    for number in range(6):
        shutil.copy(folder / "a/0.png", folder / f"copy{number}.png")
    index(model, folder)
    found = Index(pathlib.Path("pictures.index"))
    hits = found.nearest(model.encode_image([folder / "a/0.png"])[0], 3)
    assert len(hits) == 3 and hits[0].path == folder / "a/0.png"
    assert hits[0].copies == tuple(folder / f"copy{number}.png" for number in range(6))


def test_of_equal_cosines_the_first_path_comes_first():
    scores = np.array([0.5, 0.9, 0.5, 0.5, 0.1], np.float32)
    assert searching._best(scores, 3).tolist() == [1, 0, 2]
    assert searching._best(scores, 9).tolist() == [1, 0, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "said"), [("", "empty"), (" \n", "empty"), ("x" * 10_000, "10,000 characters, but at most 2,000")]
)
def test_a_query_that_says_nothing_or_far_too_much_is_refused(model, query, said):
    with pytest.raises(InputError, match=said):
        searching.query_of(model, query)


def test_the_commands_index_search_and_write_a_page(here, folder, capsys):
    shell.main(["index", "pictures", "--model", str(copied(MODEL, here).folder)])
    assert "10 encoded" in capsys.readouterr().out
    shell.main(["search", "un gatto", "<b>", "--count", "3", "--html", "found.html"])
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "un gatto" and said[4] == "<b>" and len(said) == 9 and "pictures/" in said[1]
    page = pathlib.Path("found.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 6 and "&lt;b&gt;" in page and "<b>" not in page
    pathlib.Path("other.index").mkdir()
    with pytest.raises(SystemExit, match="--index: say which; there are other.index, pictures.index"):
        shell.main(["search", "un gatto"])
