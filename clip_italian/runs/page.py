"""All runs as one page of HTML that needs nothing beside itself: no script, no request, light and dark.

A pure function of what the runs computed (no clock, no host), so the page is the same wherever it is made.
"""

import html
import math

from clip_italian import journal
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.runs import journals
from clip_italian.runs.journals import Group, Run

STRIP = (170, 30)  # pixels of a strip with interval and seeds
PLOT = (300, 96)  # pixels of a plot of curves
CURVE = "valid_loss"

STYLE = """
:root { --ink: #1d232b; --soft: #5d6875; --line: #dde2e8; --paper: #ffffff; --ground: #f5f6f8; --accent: #00755e;
  --band: #bfe3d8; --seed0: #00755e; --seed1: #c4601a; --seed2: #5a5fc0; --seed3: #a83279; --seed4: #77701b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa5b1; --line: #333b45; --paper: #1b2027;
  --ground: #12161b; --accent: #52c7a8; --band: #1f5245; --seed0: #52c7a8; --seed1: #f0a067; --seed2: #9da2f5;
  --seed3: #e68abf; --seed4: #cdc255; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 36px 20px 60px; }
h1 { font-size: 27px; margin: 0 0 6px; } h2 { font-size: 19px; margin: 38px 0 12px; }
h3 { font-size: 16px; margin: 0; } h3 small { color: var(--soft); font-weight: normal; margin-left: 8px; }
p { max-width: 76ch; margin: 0 0 10px; } .soft, figcaption { color: var(--soft); }
a { color: var(--accent); } code { font: 13px/1.4 ui-monospace, monospace; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px;
  margin: 0 0 14px; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th { text-align: left; font-weight: 600; }
th, td { padding: 5px 18px 5px 0; border-bottom: 1px solid var(--line); vertical-align: middle; white-space: nowrap; }
tr:last-child td, tr:last-child th { border-bottom: 0; }
thead th { color: var(--soft); font-size: 13px; vertical-align: bottom; }
.row { display: flex; flex-wrap: wrap; gap: 8px 32px; align-items: flex-start; margin-top: 10px; } figure { margin: 0; }
figcaption { font-size: 13px; } svg { display: block; }
svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
summary { cursor: pointer; color: var(--accent); margin-top: 10px; } details table { margin-top: 8px; font-size: 13px; }
"""


def page(profile: str, groups: list[Group], settings: EvaluationSettings) -> str:
    """The whole page; `settings` name the headline sets and the level of the intervals."""
    models = [group for group in groups if group.role in ("arm", "baseline")]
    headlines = _headlines(settings)
    percent = f"{settings.confidence * 100:g} %"
    body = [
        f"<h1>Runs of the study, profile <code>{_text(profile)}</code></h1>",
        f"<p class=soft>{sum(len(group.runs) for group in groups)} runs of {len(groups)} models. A number is the mean "
        f"over seeds, a band its {percent} interval (seeds and pictures resampled), a dot a seed. A key is the SHA-256 "
        "of what a run read, was told and computed: equal keys are equal runs. The same runs in MLflow: "
        "<code>make mlflow</code>.</p>",
        "<h2>Headline test sets</h2>",
        _overview(models, headlines),
    ]
    titles = {"arm": "Arms", "baseline": "Baselines", "backbone": "Backbones", "domain": "Fine-tuned on the shop"}
    for role, title in titles.items():
        chosen = [group for group in groups if group.role == role]
        body += [f"<h2>{title}</h2>", *(_card(profile, group, chosen, headlines) for group in chosen)] if chosen else []
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Runs, {_text(profile)}</title>"
    return (
        f"<!doctype html>\n<html lang=en><head>{head}<style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + ("\n</main></body></html>\n")
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
def _overview(groups: list[Group], headlines: dict[str, str]) -> str:
    limits = {name: max(_high(group, name) for group in groups) for name in headlines}
    head = "".join(f"<th>{title}</th>" for title in headlines.values())
    rows = []
    for group in groups:
        cells = "".join(f"<td>{_number(group.mean.get(name))}{_strip(group, name, limits[name])}</td>" for name in headlines)
        rows.append(f"<tr><th><a href='#{group.model}'>{_text(group.model)}</a></th>{cells}</tr>")
    body = "".join(rows)
    return f"<div class=card><table><thead><tr><th>model</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _high(group: Group, name: str) -> float:
    return max([*group.interval.get(name, [0.0, 0.0]), *(run.values.get(name, 0.0) for run in group.runs), 1e-9])


def _strip(group: Group, name: str, limit: float) -> str:
    """The interval as a band and the seeds as dots, on an axis from 0 to `limit`."""
    width, height = STRIP
    scale, middle = (width - 10) / limit, height / 2
    low, high = group.interval.get(name, [0.0, 0.0])
    marks = [
        f"<line x1=5 x2={width - 5} y1={middle} y2={middle} stroke='var(--line)'/>",
        f"<rect x={5 + low * scale:.1f} y={middle - 5} width={max((high - low) * scale, 1):.1f} height=10 rx=3 "
        "fill='var(--band)'/>",
    ]
    for number, run in enumerate(group.runs):
        if name in run.values:
            title = f"<title>seed {run.seed}: {run.values[name]:.4f}</title>"
            marks.append(
                f"<circle cx={5 + run.values[name] * scale:.1f} cy={middle} r=3.5 fill='{_colour(number)}'>{title}</circle>"
            )
    label = f"{group.model}: {_number(group.mean.get(name))}, interval {low:.3f} to {high:.3f}"
    return f"<svg width={width} height={height} role=img aria-label='{_text(label)}'>{''.join(marks)}</svg>"


# --- One model --------------------------------------------------------------------------------------------------------
def _card(profile: str, group: Group, peers: list[Group], headlines: dict[str, str]) -> str:
    stages = list(dict.fromkeys(one.stage for run in group.runs for one in run.journals))
    plots = "".join(_plot(group, stage) for stage in stages)
    measured = {name: title for name, title in headlines.items() if name in group.mean}
    head = "".join(f"<th>{title}</th>" for title in measured.values())
    rows = "".join(_run_row(run, number, list(measured)) for number, run in enumerate(group.runs))
    return (
        f"<section class=card id='{_text(group.model)}'><h3>{_text(group.model)}"
        f"<small>{_changes(group, peers)}</small></h3>"
        f"<div class=row>{plots}<table><thead><tr><th>seed</th>{head}<th>key</th><th>files</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{_every_value(group)}{_every_parameter(group)}</section>"
    )


def _changes(group: Group, peers: list[Group]) -> str:
    """The parameters in which the model differs from the first of its kind."""
    own, first = (journals.shared_parameters(one.runs[0]) for one in (group, peers[0]))
    if group is peers[0] or own == first:
        return "" if len(peers) == 1 or group is not peers[0] else "the first; the others say where they differ from it"
    changed = [f"{name} = {own[name]}" for name in sorted(own) if own[name] != first.get(name)]
    if len(changed) > 6:
        return _text(f"{len(changed)} parameters differ from {peers[0].model}")
    return _text("; ".join(changed) or f"has fewer parameters than {peers[0].model}")


def _run_row(run: Run, number: int, names: list[str]) -> str:
    values = "".join(f"<td>{_number(run.values.get(name))}</td>" for name in names)
    links = " ".join(
        f"<a href='../{path.as_posix()}'>{_text(one.stage)}</a>" for path, one in zip(run.files, run.journals, strict=True)
    )
    dot = f"<svg width=12 height=10 style='display:inline-block'><circle cx=5 cy=5 r=4 fill='{_colour(number)}'/></svg>"
    key = f"<code title='{run.key}'>{run.key[: journal.KEY_LENGTH]}</code>"
    return f"<tr><td>{dot}{run.seed}</td>{values}<td>{key}</td><td>{links}</td></tr>"


def _plot(group: Group, stage: str) -> str:
    """The validation loss of one phase, a line for each seed; nothing for a phase without curves."""
    lines = {
        number: journals.curve(one, CURVE) for number, run in enumerate(group.runs) for one in run.journals if one.stage == stage
    }
    points = [point for line in lines.values() for point in line]
    if len(points) < 2:
        return ""
    width, height = PLOT
    last, low, high = max(step for step, _ in points), min(y for _, y in points), max(y for _, y in points)
    across, up = (width - 46) / max(last, 1), (height - 24) / max(high - low, 1e-9)
    paths = "".join(
        f"<polyline fill=none stroke-width=1.6 stroke='{_colour(number)}' points='"
        + " ".join(f"{38 + step * across:.1f},{6 + (high - y) * up:.1f}" for step, y in line)
        + "'/>"
        for number, line in lines.items()
    )
    axis = f"<path d='M38 6V{height - 18}H{width - 8}' fill=none stroke='var(--line)'/>"
    labels = (
        f"<text x=34 y=12 text-anchor=end>{high:.2f}</text><text x=34 y={height - 18} text-anchor=end>{low:.2f}</text>"
        f"<text x=38 y={height - 4}>0</text>"
        f"<text x={width - 8} y={height - 4} text-anchor=end>{last:.0f} updates</text>"
    )
    title = f"{stage}: validation loss of {group.model}"
    svg = f"<svg width={width} height={height} role=img aria-label='{_text(title)}'>{axis}{paths}{labels}</svg>"
    return f"<figure>{svg}<figcaption>{_text(stage)}: validation loss</figcaption></figure>"


def _every_value(group: Group) -> str:
    if not group.mean:
        return ""
    rows = []
    for name, value in sorted(group.mean.items()):
        interval = group.interval.get(name)
        span = f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
        seeds = " ".join(_number(run.values.get(name)) for run in group.runs)
        rows.append(f"<tr><td>{_text(name)}</td><td>{_number(value)}</td><td>{span}</td><td>{seeds}</td></tr>")
    head = "<tr><th>metric</th><th>mean</th><th>interval</th><th>seeds</th></tr>"
    table = f"<table><thead>{head}</thead>{''.join(rows)}</table>"
    return f"<details><summary>every metric of every test set</summary>{table}</details>"


def _every_parameter(group: Group) -> str:
    run = group.runs[0]
    values = journals.shared_parameters(run) | {
        f"input {name}": digest for one in run.journals for name, digest in one.inputs.items()
    }
    rows = "".join(f"<tr><td>{_text(name)}</td><td><code>{_text(value)}</code></td></tr>" for name, value in sorted(values.items()))
    return f"<details><summary>parameters and inputs</summary><table>{rows}</table></details>" if rows else ""


def _colour(number: int) -> str:
    return f"var(--seed{number % 5})"


def _number(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.3f}"


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)
