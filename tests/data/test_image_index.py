"""A source's pictures over several archives: each is found by the last component of its name, and two of one name are refused."""

import zipfile

import pytest

from clip_italian.data.archives import add
from clip_italian.data.sources.image_index import ImageIndex, Missing, write_index
from clip_italian.errors import InputError


def write(path, *names):
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            add(archive, name, b"" if name.endswith("/") else name.encode())


def indexed(folder):
    write_index(folder, folder / "index")
    return ImageIndex(folder, folder / "index")


def read(pictures, name):
    archive, member = pictures.find(name)
    return archive.path.name, archive.read(member)


def test_a_picture_is_found_in_whichever_archive_it_lies(tmp_path):
    write(tmp_path / "images-00000.zip", "a", "b")
    write(tmp_path / "images-00001.zip", "c", *map(str, range(500)))
    write(tmp_path / "train2014.zip", "train2014/", "train2014/COCO_train2014_000000000012.jpg")
    write(tmp_path / "images-00002.zip")
    pictures = indexed(tmp_path)
    assert read(pictures, "b") == ("images-00000.zip", b"b")
    assert [read(pictures, str(number))[1] for number in range(500)] == [str(number).encode() for number in range(500)]
    name = "COCO_train2014_000000000012.jpg"
    assert read(pictures, name) == read(pictures, f"other/{name}") == ("train2014.zip", f"train2014/{name}".encode())


def test_a_picture_that_no_archive_has_is_missing(tmp_path):
    write(tmp_path / "images.zip", "a")
    pictures = indexed(tmp_path)
    for name in ("b", "", "A", "train2014/"):
        with pytest.raises(Missing):
            pictures.find(name)


def test_more_archives_than_are_kept_open_give_their_pictures(tmp_path):
    for number in range(9):
        write(tmp_path / f"images-{number:05d}.zip", f"p{number}")
    pictures = indexed(tmp_path)
    for _ in range(2):
        assert [read(pictures, f"p{number}")[1] for number in range(9)] == [f"p{number}".encode() for number in range(9)]


@pytest.mark.parametrize("second", ["images-00001.zip", "images-00000.zip"])
def test_two_members_of_one_last_component_are_refused_by_name(tmp_path, second):
    write(tmp_path / "images-00000.zip", "x/a", *(["y/a"] if second == "images-00000.zip" else []))
    write(tmp_path / "images-00001.zip", *(["y/a"] if second == "images-00001.zip" else []))
    with pytest.raises(InputError, match=f"{second}: member `y/a` has the name of `x/a` of images-00000.zip.*leave one"):
        indexed(tmp_path)


def test_a_source_without_archives_is_told(tmp_path):
    with pytest.raises(InputError, match=r"images.zip: missing; run `dvc repro`"):
        indexed(tmp_path)
