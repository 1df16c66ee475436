import os
import pathlib
import subprocess
import sys

import pytest

from clip_italian import files
from clip_italian.errors import InputError


def test_a_file_is_replaced_only_when_the_writing_succeeds(here):
    path = here / "deep/er/x.txt"
    files.write_text(path, "old")
    with pytest.raises(ZeroDivisionError), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == ["x.txt"]


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(here):
    path = here / "folder"
    with files.replacing_folder(path) as temporary:
        (temporary / "old").write_text("1")
    with pytest.raises(ZeroDivisionError), files.replacing_folder(path) as temporary:
        (temporary / "half").write_text("2")
        raise ZeroDivisionError
    assert os.listdir(path) == ["old"]
    with files.replacing_folder(path) as temporary:
        (temporary / "new").write_text("3")
    assert os.listdir(path) == ["new"]
    assert os.listdir(here) == ["folder"]


def test_what_a_killed_process_left_behind_is_removed_and_what_a_running_one_writes_is_not(here):
    script = "import os, pathlib, signal, sys; from clip_italian import files\n"
    script += "with getattr(files, sys.argv[1])(pathlib.Path(sys.argv[2])) as temporary:\n"
    script += "    temporary.mkdir(exist_ok=True); (temporary / 'half').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    root = str(pathlib.Path(files.__file__).parents[1])
    for helper, name in (("replacing_folder", "folder"), ("replacing", "x.txt")):
        subprocess.run([sys.executable, "-c", script, helper, name], env={**os.environ, "PYTHONPATH": root})
    (here / f".folder.{os.getppid()}.tmp").mkdir()
    (here / "x.txt.1.tmp").touch()  # nobody's temporary name
    assert len(os.listdir(here)) == 4
    with files.replacing_folder(here / "folder"):
        pass
    files.write_text(here / "x.txt", "new")
    assert sorted(os.listdir(here)) == sorted([f".folder.{os.getppid()}.tmp", "folder", "x.txt", "x.txt.1.tmp"])


def test_a_full_disk_is_one_line_that_names_the_file_and_leaves_the_old_one(here):
    script = (
        "import resource, signal, pathlib; from clip_italian import files; from clip_italian.errors import InputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: files.write_text(pathlib.Path('x.txt'), 'a' * 5000)\n"
        "except InputError as error: print(error)\n"
    )
    (here / "x.txt").write_text("old")
    root = pathlib.Path(files.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    )
    assert done.stdout.startswith("x.txt: cannot be written (File too large); free space"), done
    assert done.stdout.count("\n") == 1
    assert (here / "x.txt").read_text() == "old" and os.listdir(here) == ["x.txt"]


def test_json_has_one_byte_sequence_for_one_value():
    assert files.dumps({"b": 1, "a": "è"}) == files.dumps({"a": "è", "b": 1}) == '{\n "a": "è",\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.dumps({"a": float("nan")})


def test_missing_and_damaged_json_are_named_with_the_remedy(here):
    with pytest.raises(InputError, match=r"x.json: missing; run `dvc repro`"):
        files.read_json(pathlib.Path("x.json"))
    (here / "x.json").write_text('{"a": ')
    with pytest.raises(InputError, match=r"x.json: not valid JSON .*delete it"):
        files.read_json(pathlib.Path("x.json"))


def test_a_tree_digest_sees_names_bytes_and_the_order_of_its_roots(here):
    for name, text in (("a/1", "x"), ("b/2", "y")):
        files.write_text(here / name, text)
    first = files.tree_digest(here / "a", here / "b")
    assert files.tree_digest(here / "b", here / "a") != first
    (here / "a/1").rename(here / "a/3")
    assert files.tree_digest(here / "a", here / "b") != first
    (here / "a/3").rename(here / "a/1")
    assert files.tree_digest(here / "a", here / "b") == first
    (here / "b/2").write_text("z")
    assert files.tree_digest(here / "a", here / "b") != first


def test_a_manifest_notices_a_flipped_bit_a_missing_file_and_an_added_one(here):
    for name in ("1", "deep/2"):
        files.write_text(here / "folder" / name, "content")
    assert not files.manifest_holds(here / "folder")
    files.write_manifest(here / "folder")
    assert files.manifest_holds(here / "folder")
    damaged = here / "folder/deep/2"
    damaged.write_text("cnotent")
    assert not files.manifest_holds(here / "folder")
    damaged.write_text("content")
    assert files.manifest_holds(here / "folder")
    (here / "folder/3").write_text("")
    assert not files.manifest_holds(here / "folder")
    (here / "folder/3").unlink()
    damaged.unlink()
    assert not files.manifest_holds(here / "folder")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("a", ["a"]),
        ("a\n\nb\r\n", ["a", "", "b"]),
        ("a\u2028b\x0bc\x85d\n", ["a\u2028b\x0bc\x85d"]),
    ],
)
def test_lines_end_at_line_feeds_alone(text, lines):
    assert files.lines_of(text) == lines


# Modules in which every text is cut at line feeds: what they read holds captions, labels or paths that others have written.
@pytest.mark.parametrize("folder", ["cli", "data", "evaluation", "use"])
def test_no_text_of_others_is_cut_where_str_splitlines_cuts(folder):
    root = pathlib.Path(__file__).parents[2] / "clip_italian" / folder
    found = {
        path.name for path in root.rglob("*.py") for line in path.open() if ".splitlines(" in line and "str(error)" not in line
    }
    assert found <= {"runs.py"}  # the last line of our own log
