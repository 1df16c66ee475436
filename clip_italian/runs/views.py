"""What a run view shows of the study: one entry for the study, one for each model, and under it one for each seed."""

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

from clip_italian import files
from clip_italian.runs import journals
from clip_italian.runs.journals import Group, Run


@dataclasses.dataclass
class View:
    """The content of one MLflow run."""

    name: str
    role: str
    key: str
    clock: tuple[float, float]  # started, ended
    parent: str | None = None  # key of the parent run
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    metrics: list[tuple[str, float, int]] = dataclasses.field(default_factory=list)  # name, value, step
    tags: dict[str, str] = dataclasses.field(default_factory=dict)
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)  # name of a data set -> digest
    artifacts: list[pathlib.Path] = dataclasses.field(default_factory=list)
    texts: dict[str, str] = dataclasses.field(default_factory=dict)  # further artifacts: path -> content

    def digest(self) -> str:
        """SHA-256 of everything that is shown."""
        shown = [self.name, self.parent, self.parameters, self.metrics, self.tags, self.inputs, self.texts]
        content = json.dumps([*shown, [files.sha256(path) for path in self.artifacts]], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def views(profile: str, groups: list[Group], attachments: list[pathlib.Path], lock: dict[str, Any]) -> list[View]:
    """The study with its figures, a parent for each model and under it a child for each seed; `lock` has dvc.lock's stages."""
    return [_study(profile, groups, attachments), *(view for group in groups for view in _group(group, lock))]


def _study(profile: str, groups: list[Group], attachments: list[pathlib.Path]) -> View:
    clock = (
        min(run.started for group in groups for run in group.runs),
        max(run.ended for group in groups for run in group.runs),
    )
    view = View(f"study {profile}", "study", f"study:{profile}", clock)
    view.artifacts = attachments
    return view


def _group(group: Group, lock: dict[str, Any]) -> list[View]:
    children = [_child(group, run, lock) for run in group.runs]
    if group.role == "backbone":
        return children
    # A parent lives as long as its parameters: another seed joins it, another learning rate begins a new one.
    parameters = journals.shared_parameters(group.runs[0])
    identity = json.dumps([group.role, group.model, parameters], sort_keys=True)
    clock = (min(run.started for run in group.runs), max(run.ended for run in group.runs))
    parent = View(group.model, group.role, f"{group.model}:{hashlib.sha256(identity.encode()).hexdigest()}", clock)
    parent.parameters = parameters | {"model": group.model}
    parent.tags = {"clip_italian.seeds": " ".join(str(run.seed) for run in group.runs)}
    ends = [(f"{name}/{end}", values[i], 0) for name, values in group.interval.items() for i, end in enumerate(("low", "high"))]
    parent.metrics = [(name, value, 0) for name, value in group.mean.items()] + ends
    for child in children:
        child.parent = parent.key
    return [parent, *children]


def _child(group: Group, run: Run, lock: dict[str, Any]) -> View:
    view = View(
        f"{run.model} seed {run.seed}",
        "backbone" if group.role == "backbone" else "curve seed" if group.role == "curve" else "seed",
        run.key,
        (run.started, run.ended),
    )
    view.parameters = journals.shared_parameters(run) | {"model": run.model, "seed": run.seed}
    view.metrics = [(name, value, 0) for name, value in run.values.items()]
    view.metrics += [(f"pace/{name}", value, 0) for name, value in run.pace.items()]
    view.tags = {"mlflow.source.git.commit": run.commit} if run.commit else {}
    for path, one in zip(run.files, run.journals, strict=True):
        last = int(one.curves[-1]["step"]) if one.curves else 0
        names = sorted({name for row in one.curves for name in row} - {"step"})
        view.metrics += [(f"{one.stage}/{name}", value, int(step)) for name in names for step, value in journals.curve(one, name)]
        view.metrics += [(f"{one.stage}/{name}", value, last) for name, value in one.metrics.items() if name not in names]
        view.tags |= {f"clip_italian.sha256.{one.stage}.{name}": value for name, value in one.outputs.items()}
        view.inputs |= one.inputs
        view.texts[path.as_posix()] = view.texts.get(path.as_posix(), "") + one.line()  # a file of a curve has both phases
        view.tags |= _lock_tags(lock, journals.CURVES if group.role == "curve" else one.stage, one.arm)
    return view


def _lock_tags(lock: dict[str, Any], stage: str, arm: str) -> dict[str, str]:
    """The md5 of what DVC says the phase read and wrote, source code left out."""
    stage = journals.STAGES.get(stage, stage)
    entry = lock.get(f"{stage}@{arm}") or lock.get(stage) or {}
    sides = [(side, item) for side in ("deps", "outs") for item in entry.get(side, []) if not item["path"].endswith(".py")]
    return {f"dvc.{stage}.{side}.{item['path']}": item["md5"] for side, item in sides if "md5" in item}
