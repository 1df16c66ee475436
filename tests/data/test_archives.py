"""Archives from elsewhere: what could write outside its folder, fill the disk or deceive is refused before a byte is written."""

import gzip
import io
import random
import struct
import subprocess
import sys
import tarfile
import warnings
import zipfile

import pytest

from clip_italian import files
from clip_italian.data.archives import Archive, Tar, opened, unpack
from clip_italian.errors import InputError

CONTENTS = {"a/one.jpg": b"one" * 1000, "two.jpg": b"two"}


def write_zip(path, members, **options):
    with zipfile.ZipFile(path, "w", **options) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


def member(name, content=b"x", kind=tarfile.REGTYPE, **more):
    info = tarfile.TarInfo(name)
    info.size, info.type = len(content), kind
    for key, value in more.items():
        setattr(info, key, value)
    return info, content


def write_tar(path, *members, mode="w", kind=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=kind) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(("end", "mode"), [("tar", "w"), ("tar.gz", "w:gz"), ("tar.bz2", "w:bz2"), ("tar.xz", "w:xz")])
def test_a_tar_file_is_read_and_unpacked_whatever_it_is_compressed_with(tmp_path, end, mode):
    path = write_tar(tmp_path / f"x.{end}", *[member(name, content) for name, content in CONTENTS.items()], mode=mode)
    with opened(path) as tar:
        assert tar.names == CONTENTS.keys()
        assert {name: tar.read(name) for name in reversed(CONTENTS)} == CONTENTS and tar.size("two.jpg") == 3
    unpack(path, tmp_path / "out")
    assert {name: (tmp_path / "out" / name).read_bytes() for name in CONTENTS} == CONTENTS
    assert len(files.files_below(tmp_path / "out")) == 2


def test_a_zip_is_unpacked(tmp_path):
    unpack(write_zip(tmp_path / "x.zip", {"a/": b"", **CONTENTS}), tmp_path / "out")
    assert (tmp_path / "out/a/one.jpg").read_bytes() == CONTENTS["a/one.jpg"]


def test_a_tar_file_of_a_folder_itself_is_read(tmp_path):
    path = write_tar(tmp_path / "x.tar", member(".", b"", tarfile.DIRTYPE), member("./a", b"", tarfile.DIRTYPE), member("./a/b"))
    with Tar(path) as tar:
        assert tar.names == {"a/b"}


@pytest.mark.parametrize(
    "bad",
    [
        member("../x"),
        member("a/../../x"),
        member("/etc/x"),
        member("a\\x"),
        member("./../x"),
        member(""),
        member("x", b"", tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("x", b"", tarfile.LNKTYPE, linkname="../x"),
        member("x", b"", tarfile.CHRTYPE),
        member("x", b"", tarfile.BLKTYPE),
        member("x", b"", tarfile.FIFOTYPE),
        member("x", pax_headers={"GNU.sparse.size": "100000000000", "GNU.sparse.map": "0,1"}),
        member("x", b"", tarfile.GNUTYPE_SPARSE),
        member("good"),
        member("./good"),
    ],
)
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_unsafe_member_of_a_tar_file_is_refused_before_anything_is_written(tmp_path, bad, mode):
    path = write_tar(tmp_path / "x.tar", member("good"), bad, mode=mode)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()
    with pytest.raises(InputError, match=rf"{path}: .*publisher again"):
        unpack(path, tmp_path / "out")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["old", "out", "x.tar"]


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\x", "good"])
def test_an_unsafe_member_of_a_zip_is_refused_before_anything_is_written(tmp_path, name):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as zipped, warnings.catch_warnings(action="ignore"):  # of the name that occurs twice
        zipped.writestr("good", b"x")
        zipped.writestr(name, b"x")
    with pytest.raises(InputError, match=rf"{path}: .*publisher again"):
        unpack(path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", [0o120000, 0o020000, 0o060000, 0o010000])
def test_links_and_devices_in_a_zip_are_refused(tmp_path, kind):
    info = zipfile.ZipInfo("x")
    info.external_attr = (kind | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr(info, b"/etc/passwd")
    with pytest.raises(InputError, match="unsafe member `x`"):
        Archive(tmp_path / "x.zip")


def bomb_zip(path):
    write_zip(path, {"x": bytes(100 << 20)}, compression=zipfile.ZIP_DEFLATED)


def bomb_many(path):
    write_zip(path, {str(number): bytes(1 << 20) for number in range(80)}, compression=zipfile.ZIP_DEFLATED)


def bomb_overlap(path):
    """Many members that are all the same bytes: the directory names one place again and again."""
    write_zip(path, {"x0": random.Random(0).randbytes(100_000)})
    content = path.read_bytes()
    at = content.index(b"PK\x01\x02")
    entry, end = content[at : at + 48], content[at + 48 :]
    entries = b"".join(entry[:46] + f"x{number}".encode() for number in range(10))
    end = end[:8] + struct.pack("<HHII", 10, 10, len(entries), at) + end[20:]
    path.write_bytes(content[:at] + entries + end)


def bomb_tar(path):
    write_tar(path, member("x", bytes(100 << 20)), mode="w:gz")


def bomb_header(path):
    """A member's name of 100 MB."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 100 << 20
    with gzip.open(path, "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(100):
            file.write(b"x" * (1 << 20))


def bomb_declared(path):
    """A tar file that says that it holds more than any disk."""
    info = tarfile.TarInfo("x")
    info.size = 1 << 50
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240))


LIMITED = """
import pathlib, resource, sys
from clip_italian.data.archives import unpack
from clip_italian.errors import InputError
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[3]),) * 2)
try:
    unpack(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
except InputError as error:
    print(error)
"""


@pytest.mark.parametrize("bomb", [bomb_zip, bomb_many, bomb_overlap, bomb_tar, bomb_header, bomb_declared])
def test_a_bomb_is_refused_before_anything_is_written(tmp_path, bomb):
    path = tmp_path / ("x.tar.gz" if bomb in (bomb_tar, bomb_header, bomb_declared) else "x.zip")
    bomb(path)
    with pytest.raises(InputError, match=r"would unpack to|overlap|not a whole tar file"):
        unpack(path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [path]


def test_a_bomb_is_refused_within_little_memory(tmp_path):
    bomb_header(tmp_path / "x.tar.gz")
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "x.tar.gz"), str(tmp_path / "out"), str(400 << 20)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "a header of more than a MiB" in done.stdout


@pytest.mark.parametrize("end", ["tar", "tar.gz"])
def test_a_tar_file_cut_anywhere_is_refused(tmp_path, end):
    members = [member(f"{number}.jpg", random.Random(number).randbytes(700)) for number in range(5)]
    path = write_tar(tmp_path / f"x.{end}", *members, mode="w:gz" if end == "tar.gz" else "w")
    whole = path.read_bytes()
    last = len(whole) if end == "tar.gz" else 5 * 3 * 512  # the end mark and its filling may be cut
    for size in range(0, last, 97):
        path.write_bytes(whole[:size])
        with pytest.raises(InputError, match=rf"{path}: not a whole tar file"):
            Tar(path)


def test_a_tar_file_with_a_broken_header_in_its_middle_is_refused(tmp_path):
    path = write_tar(tmp_path / "x.tar", member("a"), member("b"), member("c"))
    content = bytearray(path.read_bytes())
    content[1024 + 3] ^= 1  # of the name of the second one
    path.write_bytes(content)
    with pytest.raises(InputError, match="broken header"):
        Tar(path)


def test_a_missing_file_and_one_that_is_no_archive_are_named(tmp_path):
    with pytest.raises(InputError, match="none.tar: missing"):
        opened(tmp_path / "none.tar")
    for name in ("x.tar", "x.zip", "x.tar.gz"):
        (tmp_path / name).write_bytes(b"<html>not found</html>" * 100)
        with pytest.raises(InputError, match=f"{name}: not a whole"):
            opened(tmp_path / name)


def test_an_encrypted_member_of_a_zip_is_an_error_that_names_it(tmp_path):
    path = write_zip(tmp_path / "x.zip", {"a": b"x"})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with Archive(path) as archive, pytest.raises(InputError, match="member `a` is damaged .*encrypted"):
        archive.read("a")
