import json
import os
import pathlib
import subprocess
import sys

import pytest

from clip_italian import files
from clip_italian.errors import InputError
from pipeline import verify


def put(path, text):
    files.write_text(path, text)
    name = verify.md5(path)
    if not verify.cached(name).exists():
        files.write_text(verify.cached(name), text)
        verify.cached(name).chmod(0o444)
    return name


@pytest.fixture(autouse=True)
def own_cache(monkeypatch):
    """The cache where DVC keeps it by default; to ask DVC takes a second."""
    monkeypatch.setattr(verify, "cache", lambda: pathlib.Path(".dvc/cache/files/md5"))


@pytest.fixture
def outputs(here):
    """A file, a folder of two files, and the cache that holds them."""
    one = put(here / "one.txt", "one")
    entries = {name: put(here / "folder" / name, name) for name in ("a/b", "a.b")}
    rows = [{"md5": entries[name], "relpath": name} for name in sorted(entries)]
    files.write_text(verify.cached(verify.listing_md5(entries)), json.dumps(rows, sort_keys=True))
    lock = {"stages": {"s": {"outs": [{"path": "one.txt", "md5": one}, {"path": "folder", "md5": verify.listing_md5(entries)}]}}}
    files.write_json(here / "dvc.lock", lock)
    return verify.locked_outputs()


def test_intact_outputs_and_cache_pass(outputs):
    assert verify.check_cache(outputs) == 4
    assert verify.check_outputs(outputs) == (2, [])


def test_absent_outputs_are_listed_and_no_error(outputs, here):
    (here / "one.txt").unlink()
    intact, absent = verify.check_outputs(outputs)
    assert (intact, [str(path) for path in absent]) == (1, ["one.txt"])


def test_a_changed_file_of_a_folder_is_named_with_the_remedy(outputs, here):
    (here / "folder/a/b").write_text("a/B")
    with pytest.raises(InputError, match=r"^folder/a/b: not what dvc.lock says; delete folder and run `dvc checkout folder`$"):
        verify.check_outputs(outputs)


def test_an_added_file_of_a_folder_is_named_and_ignored_ones_are_not(outputs, here):
    files.write_text(here / "folder/__pycache__/x.pyc", "")
    files.write_text(here / "folder/.a.1.tmp", "")
    assert verify.check_outputs(outputs) == (2, [])
    (here / "folder/c").write_text("")
    with pytest.raises(InputError, match="^folder/c: not what"):
        verify.check_outputs(outputs)


def test_what_the_cache_lacks_must_be_made_again(outputs, here):
    (here / "one.txt").write_text("two")
    verify.cached(verify.locked_outputs()[next(path for path in outputs if path.name == "one.txt")]).unlink()
    with pytest.raises(InputError, match=r"^one.txt: .*delete one.txt and run `dvc repro`$"):
        verify.check_outputs(outputs)


@pytest.mark.parametrize("name", ["one.txt", "folder/a/b"])
def test_a_flipped_bit_in_a_read_only_cache_file_is_found(outputs, here, name):
    victim = verify.cached(verify.md5(here / name))
    content = bytearray(victim.read_bytes())
    content[0] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(content)
    victim.chmod(0o444)
    with pytest.raises(InputError, match=rf"^{victim}: damaged.*delete it and {name.split('/')[0]}, then run `dvc repro`"):
        verify.check_cache(outputs)


def test_a_damaged_listing_in_the_cache_is_found(outputs):
    victim = next(path for path in verify.cache().rglob("*.dir"))
    victim.write_text("[")
    with pytest.raises(InputError, match=r"\.dir: damaged.*delete it and folder"):
        verify.check_cache(outputs)


def test_a_study_that_never_ran_says_so(here):
    with pytest.raises(InputError, match="dvc.lock: missing"):
        verify.locked_outputs()


@pytest.mark.parametrize("shared", [True, False])
def test_a_damaged_object_is_found_wherever_the_cache_is(here, shared):
    """The command as a user runs it, with `dvc cache dir` set and not."""
    project, cache = here / "project", here / "shared" if shared else here / "project/.dvc/cache"
    (project / ".dvc").mkdir(parents=True)
    files.write_text(project / ".dvc/config", "[core]\n    no_scm = True\n    analytics = false\n")
    if shared:
        files.write_text(project / ".dvc/config.local", f"[cache]\n    dir = {cache}\n")
    victim = cache / "files/md5/00" / ("0" * 30)
    files.write_text(victim, "not what its name says")
    files.write_json(project / "dvc.lock", {"schema": "2.0", "stages": {}})
    root = str(pathlib.Path(verify.__file__).parents[1])
    variables = {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": root, "HOME": str(here)}
    command = [sys.executable, "-m", "pipeline.verify"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, env=variables)
    assert done.returncode == 1 and f"{'0' * 30}: damaged" in done.stderr, done.stderr


def test_results_without_a_commit_are_said_to_be_uncompared(here, capsys):
    files.write_json(here / "dvc.lock", {"stages": {}})
    files.write_text(here / "profiles/tiny.yaml", "")
    files.write_text(here / "params.yaml", "profile: tiny\narms: [a]\ncurves: [c]\nbaselines: [b]\nprobed: [a]\nseeds: [0]\n")
    verify.main()
    told = capsys.readouterr().out
    assert "nothing to check in the last commit" in told and "nothing compared with this machine's" in told
