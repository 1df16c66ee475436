"""The strict reader of params.yaml and profiles/*.yaml: every key is known, present and of its type.

A profile is complete, or names a complete profile as its `base` and states only the differences. The type of a section is defined
beside the code that uses it; this module only reads, merges and checks.
"""

import copy
import difflib
import functools
import pathlib
from collections.abc import Callable, Iterable
from typing import Annotated, Any, NamedTuple, TypeVar

import pydantic
from ruamel.yaml import YAML, YAMLError

from clip_italian.errors import InputError
from clip_italian.paths import PARAMS, PROFILES

BASE = "base"  # the key of the complete profile that a profile differs from


class Settings(pydantic.BaseModel):
    """A section of a profile: frozen, strictly typed, no unknown keys, no defaults."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


# Bounds of a model's sizes, far above any existing model: larger values are errors, and no array of that size is ever made.
Size = Annotated[int, pydantic.Field(gt=0, le=1 << 24)]
Depth = Annotated[int, pydantic.Field(gt=0, le=256)]  # blocks


class Params(Settings):
    """The content of params.yaml: the profile, and the lists over which dvc.yaml expands its stages."""

    profile: str
    arms: list[str]
    curves: list[str]
    baselines: list[str]
    seeds: list[int]
    probed: list[str]


S = TypeVar("S", bound=Settings)


def read_yaml(path: pathlib.Path) -> dict[str, Any]:
    """Reads YAML 1.2 as DVC does (`no` is a word, 1e-5 a number); duplicate keys are errors.

    A process parses the same content once: a profile takes 0.1 s, and a stage reads one ten times.
    """
    try:
        return copy.deepcopy(_parsed(pathlib.Path(path), pathlib.Path(path).read_bytes()))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; profiles are {', '.join(profiles())}, chosen in {PARAMS}") from None


@functools.lru_cache(maxsize=16)
def _parsed(path: pathlib.Path, content: bytes) -> dict[str, Any]:
    try:
        parsed = YAML(typ="safe", pure=True).load(content)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{path}{place}: not valid YAML ({problem}); correct the file") from None
    if not isinstance(parsed, dict):
        raise InputError(f"{path}: a mapping of keys to values was expected; restore it from git")
    return parsed


def profiles(folder: pathlib.Path = PROFILES) -> list[str]:
    """The names of the profiles that exist."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def parse(kind: type[S], content: Any, where: str | Callable[..., str]) -> S:
    """The settings of type `kind` in `content`; raises InputError naming a wrong key and the nearest known one.

    `where` begins the message: a text, or a function of the wrong key's path that returns it.
    """
    try:
        return kind.model_validate(content)
    except pydantic.ValidationError as error:
        wrong: dict[str, list[str]] = {}
        for problem in error.errors():
            start = where if isinstance(where, str) else where(*problem["loc"])
            wrong.setdefault(start, []).append(_explain(kind, problem))
        raise InputError("; ".join(f"{start}: {'; '.join(problems)}" for start, problems in wrong.items())) from None


def _explain(kind: type[Settings], problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":  # of several keys together
        return f"{path + ': ' if path else ''}{problem['ctx']['error']}; correct the values"
    if problem["type"] == "extra_forbidden":
        return f"unknown key `{path}`; {remedy(problem['loc'][-1], _fields_at(kind, problem['loc'][:-1]), 'keys')}"
    if problem["type"] == "missing":
        return f"missing key `{path}`; add it (profiles/drawn.yaml shows every key)"
    return f"key `{path}`: {problem['msg']}, got {problem['input']!r}; correct the value"


def _fields_at(kind: type[Settings], loc: tuple[Any, ...]) -> list[str]:
    """The field names of the settings type at the path `loc` in `kind`."""
    for part in loc:
        field = kind.model_fields.get(part) if isinstance(part, str) else None
        inner = field.annotation if field else None
        arguments = [inner, *getattr(inner, "__args__", ())]
        kind = next((a for a in arguments if isinstance(a, type) and issubclass(a, Settings)), kind)
    return list(kind.model_fields)


def remedy(name: object, known: Iterable[str], what: str) -> str:
    """The remedy for an unknown name, for a message: the nearest known name, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1)
    return f"did you mean `{near[0]}`?" if near else f"known {what}: {', '.join(names)}"


def params(path: pathlib.Path = PARAMS) -> Params:
    """Reads params.yaml; raises InputError also for repeated arms or seeds and for a profile that does not exist."""
    chosen = parse(Params, read_yaml(path), str(path))
    for name in ("arms", "curves", "baselines", "seeds", "probed"):
        values = getattr(chosen, name)
        if not values or len(set(values)) != len(values):
            raise InputError(f"{path}: key `{name}` must list at least one value and none twice; got {values}")
    if chosen.profile not in profiles():
        known = remedy(chosen.profile, profiles(), "profiles")
        raise InputError(f"{path}: key `profile`: there is no profiles/{chosen.profile}.yaml; {known}")
    return chosen


class Profile(NamedTuple):
    """A complete profile, and the contents of its files: its own, then that of its base."""

    content: dict[str, Any]
    files: dict[pathlib.Path, dict[str, Any]]

    def file(self, *keys: int | str) -> pathlib.Path:
        """The file to correct if the value of a nested key is wrong or missing."""
        own_first = list(self.files)
        stating = [path for path in own_first if _states(self.files[path], keys)]
        while not stating:  # a missing key: the base lacks it, unless only the profile itself has its section
            keys = keys[:-1]
            stating = [path for path in reversed(own_first) if _states(self.files[path], keys)]
        return stating[0]


def _states(content: Any, keys: tuple[int | str, ...]) -> bool:
    """Whether the nested key exists, or is inside a value that is not a mapping, such as a list."""
    for key in keys:
        if not isinstance(content, dict):
            return True
        if key not in content:
            return False
        content = content[key]
    return True


def profile(name: str | None = None, folder: pathlib.Path = PROFILES) -> Profile:
    """Reads a profile, by default the one of params.yaml, and merges it with its base.

    Raises InputError for a base that does not exist or is not complete, and for a section that the base lacks.
    """
    path = folder / f"{name or params().profile}.yaml"
    own = read_yaml(path)
    base = own.pop(BASE, None)
    if base is None:
        return Profile(own, {path: own})
    if base not in profiles(folder):
        raise InputError(f"{path}: key `{BASE}`: there is no {folder}/{base}.yaml; {remedy(base, profiles(folder), 'profiles')}")
    whole = read_yaml(folder / f"{base}.yaml")
    if BASE in whole:
        raise InputError(f"{path}: key `{BASE}`: {folder}/{base}.yaml is not whole itself; name a profile that is")
    for section_name in own.keys() - whole.keys():
        raise InputError(f"{path}: unknown section `{section_name}`; {remedy(section_name, whole, 'sections')}")
    return Profile(_merge(whole, own), {path: own, folder / f"{base}.yaml": whole})


def section(kind: type[S], name: str, profile_name: str | None = None) -> S:
    """Returns one checked top-level section of a profile (by default of the profile that params.yaml chooses)."""
    chosen = profile(profile_name)
    if name not in chosen.content:
        raise InputError(f"{chosen.file(name)}: missing section `{name}`; add it (profiles/drawn.yaml shows every key)")
    return parse(kind, chosen.content[name], lambda *keys: f"{chosen.file(name, *keys)}: in section `{name}`")


def arm(base: type[S], arm_name: str, profile_name: str | None = None) -> S:
    """Returns the section `training` with the overrides that `arms.<arm_name>` makes to it.

    An override names a key of the base section, nested keys by nesting; a key the base lacks is an error.
    """
    chosen = profile(profile_name)
    arms = chosen.content.get("arms", {})
    if arm_name not in arms:
        raise InputError(f"{chosen.file('arms', arm_name)}: section `arms` has no `{arm_name}`; {remedy(arm_name, arms, 'arms')}")
    override = arms[arm_name] or {}

    def where(*keys: int | str) -> str:
        file = chosen.file("arms", arm_name, *keys) if _states(override, keys) else chosen.file("training", *keys)
        return f"{file}: in `training` with the overrides of arm `{arm_name}`"

    return parse(base, _merge(chosen.content.get("training", {}), override), where)


def _merge(base: Any, override: Any) -> Any:
    if isinstance(base, dict) and isinstance(override, dict):
        return {**base, **{key: _merge(base.get(key), value) for key, value in override.items()}}
    return override
