"""Test sets as their publishers ship them, put into the form that the study's stages read; and images for linear probes.

data/<profile>/raw of a profile that takes published data:

    test/<set>/{images.zip, captions.json, truth.npz}   a retrieval set: MSCOCO's structure; `owner`, the image of each caption
    test/<set>/{images.zip, labels.json, truth.npz}     a zero-shot set: {"images": [...], "classes": [label, ...]}; `label`
    test/<set>/protocol.json                            {"name", "margin", "ties"} of the protocol it is evaluated under
    test/gallery.json                                   [{"query"}, ...]: what is asked of the headline retrieval set, for a figure
    probe/{probe-train,probe-valid}/                    in the form of the zero-shot sets, with the classes of one of them
    english/pairs.jsonl, text/sentences.txt             empty: published backbones learn from nothing here

The drawn world (clip_italian/world/publishing/examinations.py) writes the same form, with more truth in it.
"""

import contextlib
import pathlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int

from clip_italian import files
from clip_italian.data import archives
from clip_italian.data.archives import Member, Stored
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays
from clip_italian.evaluation.published import protocols
from clip_italian.evaluation.published.class_sets import class_folders
from clip_italian.evaluation.published.test_sets import Captioned, Classified, TestSet
from clip_italian.evaluation.study.settings import PROBE_SETS, PROTOCOL, HeldOutSettings, ProbePictures

ALONE = ["{}"]  # templates of a zero-shot set: its labels are asked as `evaluation.templates` says


def prepare(published: pathlib.Path, raw: pathlib.Path, settings: HeldOutSettings) -> dict[str, dict[str, int]]:
    """Writes all that the module's docstring lists from a folder with one folder for each publisher; returns counts by set.

    Raises InputError naming the first file that is missing, damaged or not as many as published.
    """
    counts = {}
    labels: dict[str, dict[str, int]] = {}
    with files.replacing_folder(raw / "test") as folder:
        for one in settings.sets:
            with _as_one([published / name for name in one.folders]) as data:
                protocol = protocols.load(one.protocol)
                found = protocols.read(protocol, data, one.language, counted=settings.counts == "published")
                counts[one.name] = write(folder / one.name, found)
                _write_protocol(folder / one.name, protocol)
                if isinstance(found, Classified):
                    labels[one.name] = _folder_labels(found)
        files.write_json(folder / "gallery.json", [{"query": query} for query in settings.queries])
    with files.replacing_folder(raw / "probe") as folder:
        if settings.probes.of is not None:
            counts |= _write_probes(folder, published, raw / "test", labels, settings.probes)
    _write_nothing(raw)
    return counts


@contextlib.contextmanager
def _as_one(folders: Sequence[pathlib.Path]) -> Iterator[pathlib.Path]:
    """A folder in which the contents of several folders are linked; raises InputError for one that is missing."""
    with tempfile.TemporaryDirectory() as made:
        for folder in folders:
            if not folder.is_dir():
                raise InputError(f"{folder}: missing; put the publisher's files there")
            for path in sorted(folder.iterdir()):
                link = pathlib.Path(made, path.name)
                if not link.exists():
                    link.symlink_to(path.absolute())
        yield pathlib.Path(made)


def write(folder: pathlib.Path, test_set: TestSet) -> dict[str, int]:
    """Writes a test set as a new folder; returns how many images and texts it has.

    Raises InputError for a set that the study cannot hold: images of several classes, templates of its own.
    """
    if isinstance(test_set, Classified):
        if test_set.truth.ndim > 1 or test_set.templates != ALONE:
            raise InputError(f"{folder.name}: pictures of one class and no templates were expected; choose another protocol")
        return _write_classified(folder, test_set.pictures, test_set.truth, test_set.classes)
    return _write_captioned(folder, test_set)


def _write_protocol(folder: pathlib.Path, protocol: protocols.Protocol) -> None:
    """Writes what the stages do as the protocol says: how images are cut (data/preparation.py) and how ties count."""
    files.write_json(folder / PROTOCOL, {"name": protocol.name, "margin": protocol.margin, "ties": protocol.ties})


def _write_captioned(folder: pathlib.Path, test_set: Captioned) -> dict[str, int]:
    folder.mkdir(parents=True)
    names = _write_pictures(folder, test_set.pictures, [_name(picture) for picture in test_set.pictures])
    images = [{"id": number, "file_name": name} for number, name in enumerate(names)]
    annotations = [
        {"id": number, "image_id": int(owner), "caption": caption}
        for number, (owner, caption) in enumerate(zip(test_set.truth.owner, test_set.texts, strict=True))
    ]
    files.write_json(folder / "captions.json", {"images": images, "annotations": annotations})
    pairing = test_set.truth
    true = {"true_indptr": pairing.true.indptr, "true_indices": pairing.true.indices} if pairing.true else {}
    arrays.write(folder / "truth.npz", owner=pairing.owner, near_miss=np.zeros(len(names), bool), **true)
    return {"pictures": len(names), "texts": len(test_set.texts)}


def _write_classified(
    folder: pathlib.Path, pictures: Sequence[Stored], label: Int[np.ndarray, " pictures"], classes: Sequence[str]
) -> dict[str, int]:
    folder.mkdir(parents=True)
    names = _write_pictures(folder, pictures, [f"{_parent(picture)}/{_name(picture)}" for picture in pictures])
    images = [{"id": i, "file_name": name, "label": int(one)} for i, (name, one) in enumerate(zip(names, label, strict=True))]
    files.write_json(folder / "labels.json", {"images": images, "classes": list(classes)})
    arrays.write(folder / "truth.npz", label=label.astype(np.int32))
    return {"pictures": len(names), "texts": len(classes)}


def _path(picture: Stored) -> pathlib.PurePath:
    return pathlib.PurePosixPath(picture.name) if isinstance(picture, Member) else pathlib.Path(str(picture))


def _name(picture: Stored) -> str:
    """An image keeps its publisher's name: by MSCOCO's the audit knows an image in every data set."""
    return _path(picture).name


def _parent(picture: Stored) -> str:
    return _path(picture).parent.name


def _write_pictures(folder: pathlib.Path, pictures: Sequence[Stored], names: list[str]) -> list[str]:
    """Writes `images.zip`; raises InputError for a name that occurs twice."""
    if repeated := sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
        raise InputError(f"{folder.name}: two pictures are called {repeated[0]}; get the set from its publisher again")
    with zipfile.ZipFile(folder / "images.zip", "w") as opened:
        for name, picture in zip(names, pictures, strict=True):
            archives.add(opened, name, picture.read_bytes())
    return names


def _folder_labels(test_set: Classified) -> dict[str, int]:
    """The number of the class whose images lie in the folder of that name."""
    return {_parent(picture): int(label) for picture, label in zip(test_set.pictures, test_set.truth, strict=True)}


def _write_probes(
    folder: pathlib.Path, published: pathlib.Path, tests: pathlib.Path, labels: dict[str, dict[str, int]], settings: ProbePictures
) -> dict[str, dict[str, int]]:
    if settings.of not in labels:
        raise InputError(f"tests.probes.of: {settings.of} is none of the zero-shot sets {', '.join(labels)}; correct the profile")
    classes = files.read_json(tests / settings.of / "labels.json")["classes"]
    chosen = [_chosen(path, labels[settings.of], settings) for path in class_folders(published / settings.folder)]
    if absent := sorted(labels[settings.of].keys() - {path.parent.name for some in chosen for path in some}):
        raise InputError(f"{published / settings.folder / absent[0]}: missing; put this class's training pictures there")
    counts = {}
    for name, part in zip(PROBE_SETS, (slice(settings.train), slice(settings.train, None)), strict=True):
        pictures = [path for some in chosen for path in some[part]]
        label = np.array([labels[settings.of][path.parent.name] for path in pictures], np.int32)
        counts[name] = _write_classified(folder / name, pictures, label, classes)
        shutil.copyfile(tests / settings.of / PROTOCOL, folder / name / PROTOCOL)
    return counts


def _chosen(folder: pathlib.Path, labels: dict[str, int], settings: ProbePictures) -> list[pathlib.Path]:
    """The images of a class to learn from, then those to choose by; none of a class that is not tested."""
    if folder.name not in labels:
        return []
    pictures, wanted = sorted(path for path in folder.iterdir() if path.is_file()), settings.train + settings.valid
    if len(pictures) < wanted:
        raise InputError(f"{folder}: {len(pictures)} pictures, {wanted} are needed; get them from the publisher again")
    order = np.random.default_rng([settings.seed, labels[folder.name]]).permutation(len(pictures))
    return [pictures[place] for place in order[:wanted]]


def _write_nothing(raw: pathlib.Path) -> None:
    """Writes empty files in place of the training data of the backbones."""
    for name in ("english/pairs.jsonl", "text/sentences.txt"):
        with files.replacing_folder((raw / name).parent) as folder:
            (folder / pathlib.PurePath(name).name).touch()
