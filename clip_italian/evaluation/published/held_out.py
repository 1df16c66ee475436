"""Converts published test sets and images for linear probes into the form that the study's stages read.

data/<profile>/raw of a profile with published data:

    test/<set>/{images.zip, captions.json, truth.npz}   a retrieval set: MSCOCO's structure; `owner`, the image of each caption
    test/<set>/{images.zip, labels.json, truth.npz}     a zero-shot set: {"images": [...], "classes": [label, ...]}; `label`
    test/<set>/protocol.json                            {"name", "margin", "ties"} of the protocol it is evaluated under
    test/gallery.json                                   [{"query"}, ...]: queries on the headline retrieval set, for a figure
    probe/{probe-train,probe-valid}/                    in the form of the zero-shot sets, with the classes of one of them
    english/pairs.jsonl, text/sentences.txt             empty: published backbones are not trained here

The drawn world (clip_italian/world/publishing/examinations.py) writes the same form, with more complete truth.
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

ALONE = ["{}"]  # the only templates that a zero-shot set may have; `evaluation.templates` gives the study's


def prepare(published: pathlib.Path, raw: pathlib.Path, settings: HeldOutSettings) -> dict[str, dict[str, int]]:
    """Writes the files listed above from `published`, which has one folder for each publisher; returns counts by set.

    Raises InputError naming the first file that is missing or damaged, and for counts that are not the published ones.
    """
    counts = {}
    labels: dict[str, dict[str, int]] = {}  # of each zero-shot set: the class index of each class folder
    with files.replacing_folder(raw / "test") as folder:
        for one in settings.sets:
            with _as_one([published / name for name in one.folders]) as data:
                protocol = protocols.load(one.protocol)
                found = protocols.read(protocol, data, one.language, counted=settings.counts == "published")
                counts[one.name] = write(folder / one.name, found)
                # The stages cut images (data/preparation.py) and count ties as the protocol does.
                content = {"name": protocol.name, "margin": protocol.margin, "ties": protocol.ties}
                files.write_json(folder / one.name / PROTOCOL, content)
                if isinstance(found, Classified):
                    pairs = zip(found.images, found.truth, strict=True)
                    labels[one.name] = {_path(image).parent.name: int(label) for image, label in pairs}
        files.write_json(folder / "gallery.json", [{"query": query} for query in settings.queries])
    with files.replacing_folder(raw / "probe") as folder:
        if settings.probes.of is not None:
            counts |= _write_probes(folder, published, raw / "test", labels, settings.probes)
    _write_nothing(raw)
    return counts


@contextlib.contextmanager
def _as_one(folders: Sequence[pathlib.Path]) -> Iterator[pathlib.Path]:
    """A temporary folder with links to the contents of several folders; raises InputError if one is missing."""
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
    """Writes a test set as a new folder; returns the numbers of its images and texts.

    Raises InputError for a set that the study does not support: with several classes per image, or with its own templates.
    """
    if isinstance(test_set, Classified):
        if test_set.truth.ndim > 1 or test_set.templates != ALONE:
            raise InputError(f"{folder.name}: one class per image and no templates were expected; choose another protocol")
        return _write_classified(folder, test_set.images, test_set.truth, test_set.classes)
    return _write_captioned(folder, test_set)


def _write_captioned(folder: pathlib.Path, test_set: Captioned) -> dict[str, int]:
    folder.mkdir(parents=True)
    names = _write_images(folder, test_set.images, [_path(image).name for image in test_set.images])
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
    folder: pathlib.Path, images: Sequence[Stored], label: Int[np.ndarray, " images"], classes: Sequence[str]
) -> dict[str, int]:
    folder.mkdir(parents=True)
    names = _write_images(folder, images, ["/".join(_path(image).parts[-2:]) for image in images])
    entries = [{"id": i, "file_name": name, "label": int(one)} for i, (name, one) in enumerate(zip(names, label, strict=True))]
    files.write_json(folder / "labels.json", {"images": entries, "classes": list(classes)})
    arrays.write(folder / "truth.npz", label=label.astype(np.int32))
    return {"pictures": len(names), "texts": len(classes)}


def _path(image: Stored) -> pathlib.PurePath:
    """An image's path at its publisher's. It keeps its name, by which the audit recognises an image of MSCOCO in any set."""
    return pathlib.PurePosixPath(image.name) if isinstance(image, Member) else pathlib.Path(str(image))


def _write_images(folder: pathlib.Path, images: Sequence[Stored], names: list[str]) -> list[str]:
    """Writes `images.zip`; raises InputError for a name that occurs twice."""
    if repeated := sorted({name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ()):
        raise InputError(f"{folder.name}: two images are called {repeated[0]}; get the set from its publisher again")
    with zipfile.ZipFile(folder / "images.zip", "w") as opened:
        for name, image in zip(names, images, strict=True):
            archives.add(opened, name, image.read_bytes())
    return names


def _write_probes(
    folder: pathlib.Path, published: pathlib.Path, tests: pathlib.Path, labels: dict[str, dict[str, int]], settings: ProbePictures
) -> dict[str, dict[str, int]]:
    if settings.of not in labels:
        raise InputError(f"tests.probes.of: {settings.of} is none of the zero-shot sets {', '.join(labels)}; correct the profile")
    classes = files.read_json(tests / settings.of / "labels.json")["classes"]
    chosen = [_chosen(path, labels[settings.of], settings) for path in class_folders(published / settings.folder)]
    if absent := sorted(labels[settings.of].keys() - {path.parent.name for some in chosen for path in some}):
        raise InputError(f"{published / settings.folder / absent[0]}: missing; put this class's training images there")
    counts = {}
    for name, part in zip(PROBE_SETS, (slice(settings.train), slice(settings.train, None)), strict=True):
        images = [path for some in chosen for path in some[part]]
        label = np.array([labels[settings.of][path.parent.name] for path in images], np.int32)
        counts[name] = _write_classified(folder / name, images, label, classes)
        shutil.copyfile(tests / settings.of / PROTOCOL, folder / name / PROTOCOL)
    return counts


def _chosen(folder: pathlib.Path, labels: dict[str, int], settings: ProbePictures) -> list[pathlib.Path]:
    """The training images of a class, then its validation images; none if the class is not in the test set."""
    if folder.name not in labels:
        return []
    images, wanted = sorted(path for path in folder.iterdir() if path.is_file()), settings.train + settings.valid
    if len(images) < wanted:
        raise InputError(f"{folder}: {len(images)} images, {wanted} are needed; get them from the publisher again")
    order = np.random.default_rng([settings.seed, labels[folder.name]]).permutation(len(images))
    return [images[index] for index in order[:wanted]]


def _write_nothing(raw: pathlib.Path) -> None:
    """Writes empty files in place of the training data of the backbones."""
    for name in ("english/pairs.jsonl", "text/sentences.txt"):
        with files.replacing_folder((raw / name).parent) as folder:
            (folder / pathlib.PurePath(name).name).touch()
