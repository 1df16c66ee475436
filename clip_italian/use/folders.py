"""The settings files of other libraries' model folders, read without trusting them."""

import json
import pathlib
from typing import Any

from tokenizers import Tokenizer

from clip_italian.errors import InputError
from clip_italian.models.tensors import damaged, one_line, shown

CONFIG, OPEN_CLIP, MODULES = "config.json", "open_clip_config.json", "modules.json"


def read_json(path: pathlib.Path, kind: type = dict) -> Any:
    """A JSON object (or a list, by `kind`); raises InputError naming the file when it is missing, damaged or of another kind."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: missing; the folder holds no model that is known, or not all of one") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and the disk") from None
    except (ValueError, RecursionError) as error:
        raise damaged(str(path), f"not valid JSON ({one_line(error)})") from None
    if not isinstance(content, kind):
        raise damaged(str(path), f"a JSON {'object' if kind is dict else 'list'} was expected")
    return content


def filled(content: Any, where: str) -> Any:
    """A configuration with transformers' defaults; raises InputError when it is not one."""
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        return transformers.AutoConfig.for_model(**content)
    except Exception as error:  # the library checks its settings by classes of errors that share no other
        raise damaged(where, f"not a configuration that transformers knows ({one_line(error)})") from None


def module_folder(folder: pathlib.Path, kind: str) -> pathlib.Path:
    """Where a module of that kind lies."""
    for module in modules(folder):
        if module_kind(module) == kind:
            return folder / _plain(str(module.get("path", "")), folder / MODULES)
    raise InputError(f"{folder / MODULES}: no module is a {kind}; such models are not known")


def modules(folder: pathlib.Path) -> list[dict[str, Any]]:
    """The modules of a model of sentence-transformers."""
    found: list[Any] = read_json(folder / MODULES, list)
    if not all(isinstance(module, dict) for module in found):
        raise damaged(str(folder / MODULES), "not a list of modules")
    return found


def module_kind(module: dict[str, Any]) -> str:
    """Only the last part of a module's type has stayed the same over the library's versions."""
    return str(module.get("type")).rpartition(".")[2]


def _plain(name: str, where: pathlib.Path) -> str:
    """The name of a folder, or nothing; so that no file leads out of its own folder."""
    if name not in ("", ".") and not (name.replace("_", "").isalnum() and name.isascii()):
        raise damaged(str(where), f"path {shown(name)} is no folder beside the file")
    return name


def entry(content: Any, key: str, where: str) -> Any:
    """The value of a key; raises InputError where there is none."""
    if not isinstance(content, dict) or key not in content:
        raise InputError(f"{where}: no key `{key}`; the file is of another kind of model or damaged")
    return content[key]


def named(known: dict[str, Any], name: Any, key: str, where: str) -> Any:
    """What a name that is the value of `key` stands for; raises InputError for a name that is not known."""
    if name not in known:
        raise InputError(f"{where}: `{key}` is `{name}`; known are {', '.join(map(str, known))}")
    return known[name]


def tokeniser(folder: pathlib.Path) -> Tokenizer:
    """The tokeniser of a folder, as transformers makes it from whichever files are there."""
    import transformers

    try:
        made: Any = transformers.AutoTokenizer.from_pretrained(str(folder))
        return Tokenizer.from_str(made.backend_tokenizer.to_str())
    except Exception as error:  # tokenizers raises bare Exception
        raise damaged(str(folder), f"no tokeniser that transformers can read ({one_line(error)})") from None
