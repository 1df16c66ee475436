"""The strict reader of params.yaml and profiles/*.yaml: every key is known, present and of its type.

Each section's type lives beside the code that uses it; this module only reads and checks.
"""

import difflib
import pathlib
from typing import Annotated, Any, TypeVar

import pydantic
from ruamel.yaml import YAML, YAMLError

from clip_italian.errors import InputError

PARAMS = pathlib.Path("params.yaml")


class Settings(pydantic.BaseModel):
    """A section of a profile: frozen, strictly typed, no unknown keys, no defaults."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


# A model's sizes are bounded far above any that exists: a file that states more is wrong, and nothing is ever made of that size.
Size = Annotated[int, pydantic.Field(gt=0, le=1 << 24)]
Depth = Annotated[int, pydantic.Field(gt=0, le=256)]  # blocks


class Params(Settings):
    """params.yaml: which profile runs, and the lists that the graph of dvc.yaml spans."""

    profile: str
    arms: list[str]
    baselines: list[str]
    seeds: list[int]
    probed: list[str]


S = TypeVar("S", bound=Settings)


def read_yaml(path: pathlib.Path) -> dict[str, Any]:
    """Reads YAML 1.2 as DVC does (`no` is a word, 1e-5 a number); duplicate keys are errors."""
    try:
        content = YAML(typ="safe", pure=True).load(pathlib.Path(path))
    except FileNotFoundError:
        raise InputError(f"{path}: missing; profiles are {', '.join(profiles())}, chosen in {PARAMS}") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InputError(f"{path}{place}: not valid YAML ({problem}); correct the file") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: a mapping of keys to values was expected; restore it from git")
    return content


def profiles() -> list[str]:
    """The names of the profiles that exist."""
    return sorted(path.stem for path in pathlib.Path("profiles").glob("*.yaml"))


def parse(kind: type[S], content: Any, where: str) -> S:
    """Checks `content` against the settings type; raises InputError that names the key and the nearest known one."""
    try:
        return kind.model_validate(content)
    except pydantic.ValidationError as error:
        raise InputError(f"{where}: " + "; ".join(_explain(kind, problem) for problem in error.errors())) from None


def _explain(kind: type[Settings], problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "value_error":  # of several keys together
        return f"{path + ': ' if path else ''}{problem['ctx']['error']}; correct the values"
    if problem["type"] == "extra_forbidden":
        known = _fields_at(kind, problem["loc"][:-1])
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known keys: {', '.join(known)}"
        return f"unknown key `{path}`; {remedy}"
    if problem["type"] == "missing":
        return f"missing key `{path}`; add it (profiles/mini.yaml shows every key)"
    return f"key `{path}`: {problem['msg']}, got {problem['input']!r}; correct the value"


def _fields_at(kind: type[Settings], loc: tuple[Any, ...]) -> list[str]:
    """The field names of the settings type that lies at `loc` below `kind`."""
    for part in loc:
        field = kind.model_fields.get(part) if isinstance(part, str) else None
        inner = field.annotation if field else None
        arguments = [inner, *getattr(inner, "__args__", ())]
        kind = next((a for a in arguments if isinstance(a, type) and issubclass(a, Settings)), kind)
    return list(kind.model_fields)


def params(path: pathlib.Path = PARAMS) -> Params:
    """Reads params.yaml; raises InputError also for repeated arms or seeds and for a profile that does not exist."""
    chosen = parse(Params, read_yaml(path), str(path))
    for name in ("arms", "baselines", "seeds", "probed"):
        values = getattr(chosen, name)
        if not values or len(set(values)) != len(values):
            raise InputError(f"{path}: key `{name}` must list at least one value and none twice; got {values}")
    if chosen.profile not in profiles():
        near = difflib.get_close_matches(chosen.profile, profiles(), n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known profiles: {', '.join(profiles())}"
        raise InputError(f"{path}: key `profile`: there is no profiles/{chosen.profile}.yaml; {remedy}")
    return chosen


def section(kind: type[S], name: str, profile: str | None = None) -> S:
    """Returns one checked top-level section of a profile (by default of the profile that params.yaml chooses)."""
    path = pathlib.Path("profiles") / f"{profile or params().profile}.yaml"
    content = read_yaml(path)
    if name not in content:
        raise InputError(f"{path}: missing section `{name}`; add it (profiles/mini.yaml shows every key)")
    return parse(kind, content[name], f"{path}: in section `{name}`")


def arm(base: type[S], arm_name: str, profile: str | None = None) -> S:
    """Returns the section `training` with the overrides that `arms.<arm_name>` makes to it.

    An override names a key of the base section, nested keys by nesting; a key the base lacks is an error.
    """
    path = pathlib.Path("profiles") / f"{profile or params().profile}.yaml"
    content = read_yaml(path)
    arms = content.get("arms", {})
    if arm_name not in arms:
        near = difflib.get_close_matches(arm_name, list(arms), n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known arms: {', '.join(arms)}"
        raise InputError(f"{path}: section `arms` has no `{arm_name}`; {remedy}")
    merged = _merge(content.get("training", {}), arms[arm_name] or {})
    return parse(base, merged, f"{path}: in `training` with the overrides of arm `{arm_name}`")


def _merge(base: Any, override: Any) -> Any:
    if isinstance(base, dict) and isinstance(override, dict):
        return {**base, **{key: _merge(base.get(key), value) for key, value in override.items()}}
    return override
