"""The graph of an index: whom it finds, and when it is made, used and refused."""

import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

from clip_italian import __main__ as shell
from clip_italian import files
from clip_italian.errors import InputError
from clip_italian.use.search import approximate, store
from clip_italian.use.search.searching import Index
from clip_italian.use.search.store import Contents, Entry, Found, Origin
from tests.helpers.golden_systems import copied

PATH = pathlib.Path("pictures.index")


def clustered(count, seed=0, width=64):
    """Unit vectors in groups of some fifty."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(1, count // 50), width))
    return unit(centres[rng.integers(0, len(centres), count)] + 0.5 * rng.standard_normal((count, width)))


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def write(vectors, contents=None):
    digests = range(len(vectors)) if contents is None else contents
    entries = [Entry(Found(f"{row:06d}.jpg", row, row), f"{digest:064x}") for row, digest in enumerate(digests)]
    store.write(PATH, Origin("", "", None, {}), Contents(vectors, entries, []))


def recall(found, expected):
    """The share of the pictures that ought to be found which are."""
    pairs = zip(found, expected, strict=True)
    return np.mean([len({hit.path for hit in one} & {hit.path for hit in other}) / len(other) for one, other in pairs])


@pytest.fixture
def made(monkeypatch):
    """How often a graph is made."""
    calls, original = [], approximate._make
    monkeypatch.setattr(approximate, "_make", lambda *given: calls.append(1) or original(*given))
    return calls


def test_nearly_all_of_the_nearest_are_found_and_their_cosines_are_exact(here):
    vectors = clustered(4000)
    write(vectors)
    queries = unit(vectors[:: 4000 // 100] + 0.05 * np.random.default_rng(1).standard_normal((100, 64)))
    exact, approximated = Index(PATH), Index(PATH, approximate=True)
    found, expected = ([index.nearest(query, 10) for query in queries] for index in (approximated, exact))
    assert all(len(hits) == 10 for hits in found) and recall(found, expected) >= 0.99
    for query, hits in zip(queries, found, strict=True):
        rows = [int(hit.path.stem) for hit in hits]
        np.testing.assert_allclose([hit.score for hit in hits], vectors[rows] @ query, atol=1e-6)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_graph_hands_over_few_of_the_pictures(here):
    write(clustered(4000))
    index = Index(PATH, approximate=True)
    for count, met in ((10, approximate.LOOKED_AT), (300, 300)):
        places = index._graph.near(index.vectors[7], count)
        assert len(places) == met and 7 in places and (np.diff(places) > 0).all()


def test_hundreds_of_files_of_the_same_bytes_do_not_hide_the_others(here):
    vectors, contents = clustered(2000), np.arange(2000)
    same = np.random.default_rng(2).permutation(np.arange(1, 2000))[:900]
    vectors[same], contents[same] = vectors[0], 0
    write(vectors, contents)
    exact, index = Index(PATH), Index(PATH, approximate=True)
    others = vectors[np.setdiff1d(np.arange(2000), same)][:100]
    assert recall([index.nearest(one, 10) for one in others], [exact.nearest(one, 10) for one in others]) >= 0.99
    for one in (exact, index):
        best = one.nearest(vectors[0], 3)[0]
        assert best.path.name == "000000.jpg" and [int(copy.stem) for copy in best.copies] == sorted(same.tolist())


def test_a_small_index_and_an_empty_one_can_be_searched_too(here):
    write(clustered(5))
    assert len(Index(PATH, approximate=True).nearest(clustered(1)[0], 10)) == 5
    write(np.zeros((0, 64), np.float32))
    assert Index(PATH, approximate=True).nearest(clustered(1)[0], 10) == []


# --- When it is made --------------------------------------------------------------------------------------------------
def test_it_is_made_once_and_then_read(here, made):
    write(clustered(300))
    first = Index(PATH, approximate=True)
    again = Index(PATH, approximate=True)
    assert len(made) == 1 and again.nearest(first.vectors[3], 5) == first.nearest(first.vectors[3], 5)
    assert again._graph._graph.memory_usage < (PATH / approximate.GRAPH).stat().st_size  # mapped, not copied


def test_the_same_vectors_make_the_same_graph(here):
    write(clustered(2000))
    made = []
    for _ in range(3):
        Index(PATH, approximate=True)
        made.append(files.sha256(PATH / approximate.GRAPH))
        (PATH / approximate.MANIFEST).unlink()
    assert len(set(made)) == 1


def test_an_exact_search_needs_and_makes_none(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "usearch", None)
    write(clustered(30))
    assert len(Index(PATH).nearest(clustered(1)[0], 3)) == 3 and not (PATH / approximate.GRAPH).exists()


def test_the_graph_of_other_vectors_is_not_used(here, made):
    write(clustered(300))
    Index(PATH, approximate=True)
    kept = {name: (PATH / name).read_bytes() for name in (approximate.GRAPH, approximate.MANIFEST)}
    write(clustered(300, seed=5))
    assert not (PATH / approximate.GRAPH).exists()
    for name, content in kept.items():
        (PATH / name).write_bytes(content)
    index = Index(PATH, approximate=True)
    assert len(made) == 2 and index.nearest(index.vectors[9], 1)[0].path.name == "000009.jpg"


def test_a_graph_whose_making_was_killed_ahead_of_its_manifest_is_made_again(here, made):
    write(clustered(300))
    Index(PATH, approximate=True)
    (PATH / approximate.MANIFEST).unlink()
    Index(PATH, approximate=True)
    assert len(made) == 2


def test_it_goes_when_pictures_come_to_the_index(here, capsys):
    for number in range(3):
        Image.new("RGB", (30, 30), (80 * number, 0, 0)).save(pathlib.Path(f"{number}.png"))
    folder = str(copied("clip-italian", here).folder)
    shell.main(["index", ".", "--model", folder, "--index", "pictures.index"])
    shell.main(["search", "un gatto", "--approximate"])
    assert capsys.readouterr().out.count(".png") == 3
    Image.new("RGB", (30, 30), (0, 0, 99)).save("more.png")
    shell.main(["index", ".", "--model", folder, "--index", "pictures.index"])
    shell.main(["search", "un gatto", "--approximate"])
    assert "more.png" in capsys.readouterr().out


# --- What is refused --------------------------------------------------------------------------------------------------
def test_without_the_package_the_remedy_is_told(here, monkeypatch):
    write(clustered(30))
    monkeypatch.setitem(sys.modules, "usearch", None)
    with pytest.raises(InputError, match=r"needs the package usearch; `pip install '\.\[large\]'` installs it"):
        Index(PATH, approximate=True)


def spoil(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def unreadable(path):
    """A graph in a form that usearch does not know, and a manifest that agrees with it."""
    path.write_bytes(b"no graph " * 100)
    manifest = files.read_json(PATH / approximate.MANIFEST)
    files.write_json(PATH / approximate.MANIFEST, manifest | {"graph": files.sha256(path)})


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    [
        (approximate.GRAPH, spoil, "not the bytes that were written"),
        (approximate.GRAPH, pathlib.Path.unlink, "missing"),
        (approximate.GRAPH, unreadable, "this version of usearch cannot read it"),
        (approximate.MANIFEST, lambda path: path.write_text("{"), "damaged"),
        (approximate.MANIFEST, lambda path: path.write_text("{}"), "not the manifest of a graph"),
    ],
    ids=["spoilt", "missing", "unreadable", "manifest cut short", "manifest of something else"],
)
def test_a_damaged_graph_is_refused_by_the_name_of_the_file(here, name, damage, said):
    write(clustered(300))
    Index(PATH, approximate=True)
    damage(PATH / name)
    with pytest.raises(
        InputError, match=f"{name}: {said}.*; delete graph.usearch and graph.json; the next search builds them again"
    ):
        Index(PATH, approximate=True)
    assert len(Index(PATH)) == 300  # an exact search asks for neither
    for one in (approximate.GRAPH, approximate.MANIFEST):
        (PATH / one).unlink(missing_ok=True)
    assert len(Index(PATH, approximate=True).nearest(clustered(1)[0], 3)) == 3
