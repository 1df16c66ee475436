"""All runs as one page of HTML that needs nothing beside itself: no script, no request, light and dark.

A pure function of what the runs computed (no clock, no host), so the page is the same wherever it is made.
"""

import math
from typing import Any

from clip_italian import journal, templates
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.runs import journals
from clip_italian.runs.journals import Group, Run

STRIP = (170, 30)  # pixels of a strip with interval and seeds
PLOT = (300, 96)  # pixels of a plot of curves
CURVE = "valid_loss"
VALIDATED = {"valid_mrr@10": "MRR@10", "valid_loss_at_20": "loss"}  # columns of arms that are compared on the validation set
ROLES = {"arm": "Arms", "baseline": "Baselines", "backbone": "Backbones", "domain": "Fine-tuned on the shop"}


def page(profile: str, groups: list[Group], settings: EvaluationSettings) -> str:
    """The whole page; `settings` name the headline sets and the level of the intervals."""
    headlines = _headlines(settings)
    models = [group for group in groups if group.role in ("arm", "baseline")]
    by_role = {title: [group for group in groups if group.role == role] for role, title in ROLES.items()}
    arms = [group for group in groups if group.role == "arm"]
    curves = [group for group in groups if group.role == "curve"]
    compared = [*map(journals.validated, arms), *curves]
    return templates.render(
        "runs/page.html",
        profile=profile,
        runs=sum(len(group.runs) for group in groups),
        groups=groups,
        confidence=f"{settings.confidence * 100:g} %",
        headlines=headlines,
        overview=[_overview_row(group, models, headlines) for group in models],
        sections={title: [_card(group, peers, headlines) for group in peers] for title, peers in by_role.items() if peers},
        curves=[_card(group, peers=arms, headlines=VALIDATED) for group in curves],
        validated=VALIDATED,
        compared=[_overview_row(group, compared, VALIDATED) for group in compared],
        strip_size=STRIP,
        plot_size=PLOT,
    )


def _headlines(settings: EvaluationSettings) -> dict[str, str]:
    """The metrics of the overview and how they are called."""
    retrieval, zeroshot, relevance = settings.retrieval_sets[0], settings.zeroshot_sets[0], settings.relevance
    return {
        f"{retrieval}/text_to_image/{relevance}/mrr@1": "text to image, MRR@1",
        f"{retrieval}/text_to_image/{relevance}/mrr@10": "text to image, MRR@10",
        f"{retrieval}/image_to_text/{relevance}/mrr@10": "image to text, MRR@10",
        f"{zeroshot}/acc@1": "zero-shot, acc@1",
    }


# --- Overview ---------------------------------------------------------------------------------------------------------
def _overview_row(group: Group, groups: list[Group], headlines: dict[str, str]) -> dict[str, Any]:
    cells = []
    for name in headlines:
        limit = max(_high(one, name) for one in groups)
        cells.append({"number": _number(group.mean.get(name)), "strip": _strip(group, name, limit)})
    return {"model": group.model, "cells": cells}


def _high(group: Group, name: str) -> float:
    return max([*group.interval.get(name, [0.0, 0.0]), *(run.values.get(name, 0.0) for run in group.runs), 1e-9])


def _strip(group: Group, name: str, limit: float) -> dict[str, Any]:
    """The interval as a band, where there is one, and the seeds as dots, on an axis from 0 to `limit`."""
    scale = (STRIP[0] - 10) / limit
    low, high = group.interval.get(name, [0.0, 0.0])
    interval = f", interval {low:.3f} to {high:.3f}" if name in group.interval else ""
    return {
        "label": f"{group.model}: {_number(group.mean.get(name))}{interval}",
        "band": {"x": f"{5 + low * scale:.1f}", "width": f"{max((high - low) * scale, 1):.1f}"} if interval else None,
        "dots": [
            {"x": f"{5 + run.values[name] * scale:.1f}", "color": number % 5, "title": f"seed {run.seed}: {run.values[name]:.4f}"}
            for number, run in enumerate(group.runs)
            if name in run.values
        ],
    }


# --- One model --------------------------------------------------------------------------------------------------------
def _card(group: Group, peers: list[Group], headlines: dict[str, str]) -> dict[str, Any]:
    stages = dict.fromkeys(one.stage for run in group.runs for one in run.journals)
    measured = {name: title for name, title in headlines.items() if name in group.mean}
    return {
        "model": group.model,
        "changes": _changes(group, peers),
        "plots": [plot for stage in stages if (plot := _plot(group, stage))],
        "headlines": measured.values(),
        "runs": [_run_row(run, number, list(measured)) for number, run in enumerate(group.runs)],
        "metrics": [_metric_row(group, name) for name in sorted(group.mean) if name not in VALIDATED],
        "parameters": _parameters(group.runs[0]),
    }


def _changes(group: Group, peers: list[Group]) -> str:
    """The parameters in which the model differs from the first of its kind; an arm of the curves, from the nearest of all arms."""
    if group is peers[0]:
        return "the first; the others say where they differ from it" if len(peers) > 1 else ""
    curve = group.role == "curve"
    others = [(one.model, _differences(group, one)) for one in (peers if curve else peers[:1])]
    other, changed = min(others, key=lambda pair: len(pair[1]))
    if len(changed) > 6:
        return f"{len(changed)} parameters differ from {other}"
    return f"as {other}, but {'; '.join(changed)}" if curve and changed else "; ".join(changed)


def _differences(group: Group, other: Group) -> list[str]:
    own, others = (journals.shared_parameters(one.runs[0]) for one in (group, other))
    changed = [name for name in sorted(own | others) if own.get(name) != others.get(name)]
    return [f"{name} = {own[name]}" if name in own else f"no {name}" for name in changed]


def _run_row(run: Run, number: int, names: list[str]) -> dict[str, Any]:
    return {
        "color": number % 5,
        "seed": run.seed,
        "numbers": [_number(run.values.get(name)) for name in names],
        "key": run.key,
        "short_key": run.key[: journal.KEY_LENGTH],
        "links": [(f"../{path.as_posix()}", one.stage) for path, one in zip(run.files, run.journals, strict=True)],
    }


def _plot(group: Group, stage: str) -> dict[str, Any] | None:
    """The validation loss of one phase, a line for each seed; None for a phase without curves."""
    lines = {
        number: journals.curve(one, CURVE) for number, run in enumerate(group.runs) for one in run.journals if one.stage == stage
    }
    points = [point for line in lines.values() for point in line]
    if len(points) < 2:
        return None
    width, height = PLOT
    last, low, high = max(step for step, _ in points), min(y for _, y in points), max(y for _, y in points)
    across, up = (width - 46) / max(last, 1), (height - 24) / max(high - low, 1e-9)
    return {
        "stage": stage,
        "low": f"{low:.2f}",
        "high": f"{high:.2f}",
        "last": f"{last:.0f}",
        "lines": [
            {
                "color": number % 5,
                "points": " ".join(f"{38 + step * across:.1f},{6 + (high - y) * up:.1f}" for step, y in line),
            }
            for number, line in lines.items()
        ],
    }


def _metric_row(group: Group, name: str) -> list[str]:
    interval = group.interval.get(name)
    span = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
    return [name, _number(group.mean[name]), span, " ".join(_number(run.values.get(name)) for run in group.runs)]


def _parameters(run: Run) -> list[tuple[str, Any]]:
    inputs = {f"input {name}": digest for one in run.journals for name, digest in one.inputs.items()}
    return sorted((journals.shared_parameters(run) | inputs).items())


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.3f}"
