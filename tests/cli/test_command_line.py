"""The command line: one module a command, imported when that command is asked for; ^C and bad input are one line."""

import ast
import importlib
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import clip_italian
from clip_italian import __main__
from clip_italian.cli import command_line, encode
from clip_italian.cli.command_line import COMMANDS

ROOT = pathlib.Path(__file__).parents[2]
SHARED = {"command_line", "options"}  # modules of the folder that are no command


def module_of(command):
    return f"clip_italian.cli.{command.replace('-', '_')}"


def imported(*arguments):
    """What a command prints, and all modules that it has imported."""
    program = (
        "import sys\nfrom clip_italian.__main__ import main\ntry:\n    main(sys.argv[1:])\nfinally:\n"
        "    print('IMPORTED', *sys.modules)"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    printed, _, names = done.rpartition("IMPORTED")
    return printed, set(names.split())


def test_every_command_is_a_module_and_every_module_a_command():
    modules = {path.stem for path in (ROOT / "clip_italian/cli").glob("*.py")} - {"__init__"} - SHARED
    assert {module_of(command).rpartition(".")[2] for command in COMMANDS} == modules


def test_the_list_of_commands_imports_none_of_them_and_no_package():
    printed, names = imported("--help")
    assert all(command in printed for command in COMMANDS)
    assert {name for name in names if name.startswith("clip_italian.cli.")} == {"clip_italian.cli.command_line"}
    assert {"numpy", "jax", "PIL", "pydantic", "pyarrow"} & names == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main([command, "--help"])
    assert not ended.value.code
    assert " ".join(capsys.readouterr().out.split()).startswith(f"usage: python -m clip_italian {command} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_imports_another(command):
    tree = ast.parse((ROOT / f"{module_of(command).replace('.', '/')}.py").read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [f"{node.module}.{alias.name}" for node in froms for alias in node.names] + [node.module for node in froms]
    allowed = {"clip_italian.cli.finetune"} if command == "resume" else set()
    assert {module_of(other) for other in COMMANDS} & set(names) == allowed


def test_runs_are_listed_without_jax():
    assert {"jax", "flax", "optax"} & imported("runs", "--help")[1] == set()


def test_a_search_imports_no_more_than_it_needs():
    printed, names = imported("search", "due cavalli marroni", "--index", "demo/pictures.index", "--count", "1")
    assert "due-cavalli-marroni.jpg" in printed
    packages = {name.partition(".")[0] for name in names}
    assert {"optax", "transformers", "mlflow", "scipy", "pandas", "torch", "array_record", "onnx", "usearch"} & packages == set()
    rooms = {name for name in names if name.startswith("clip_italian.") and name.count(".") == 1}
    assert not rooms & {"clip_italian.training", "clip_italian.evaluation", "clip_italian.world", "clip_italian.runs"}


@pytest.mark.parametrize("command, resumes", [("index", True), ("finetune", True), ("evaluate", False), ("search", False)])
def test_a_command_that_is_interrupted_says_in_one_line_whether_it_goes_on(command, resumes, monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    module = importlib.import_module(module_of(command))
    monkeypatch.setattr(module, "run", interrupted)
    monkeypatch.setattr(module, "add_options", lambda command: None)
    with pytest.raises(SystemExit) as ended:
        __main__.main([command])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "\nstopped" + ("; run the same command again to go on" if resumes else "") + "\n"


def test_worker_processes_leave_an_interrupt_to_the_one_that_started_them():
    program = "import signal, clip_italian.environment as e; e.enter_worker(); signal.raise_signal(signal.SIGINT); print('goes on')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "goes on\n"


def test_an_unknown_command_is_answered_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["serach"])
    assert ended.value.code == 2 and "'search'" in capsys.readouterr().err


class Counted:
    """Stands for a model: a vector for each text."""

    def encode_text(self, texts, progress):
        self.texts = texts
        return np.zeros((len(texts), 3), np.float32)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\v", "\f", "\x1c"])
def test_a_line_of_a_list_is_a_text_whatever_separators_unicode_has(here, monkeypatch, separator):
    model = Counted()
    monkeypatch.setattr(encode.loading, "load", lambda name, images: model)
    (here / "texts.txt").write_text(f"\ufeffun gatto{separator}nero\r\ndue cani\n", encoding="utf-8", newline="")
    __main__.main(["encode", "texts.txt", "out.npy", "--select", "text", "--model", "m"])
    assert model.texts == [f"un gatto{separator}nero", "due cani"] and np.load("out.npy").shape == (2, 3)


def test_a_list_in_another_encoding_is_named(here):
    (here / "texts.txt").write_bytes("perché".encode("cp1252"))
    with pytest.raises(SystemExit, match=r"^texts\.txt: is not UTF-8 .*; save it as UTF-8$"):
        __main__.main(["encode", "texts.txt", "out.npy", "--select", "text", "--model", "m"])


def test_the_package_shows_what_it_has():
    assert {"load", "finetune", "__version__"} == set(clip_italian.__all__) <= set(dir(clip_italian))
    assert clip_italian.__version__.count(".") == 2
