"""Every number that the paper's sentences may use, with the file, field and run it is from: paper/tables/numbers.json.

    {name: {"value": ..., "text": ..., "file": ..., "field": ..., "run_key": ...}}

Names: `<model>/<set>/<metric>` (with `interval`), `chance/<set>/<metric>`, `<first>-<second>/<set>/<metric>` (with `interval`,
`p`, `corrected`, `effect`, `verb`, `hedge`) and `.../<component>`, a standard deviation of that difference,
`<model>/<set>/<shots>-shot` (with `interval`), `<set>/<count>`, `data/<count>`, `leaks/<count>`, `probe/<count>`,
`<arm>/<parameter>`, `primary/<effect>`, `second/<comparison>`,
`study/<setting>`, `world/<count>`, `gallery/<query or all>`, `compute/<quantity>`, `<condition>-good/<set>/acc@1` and
`.../<part>` of the declared label family, `labels/<count>`, and those of
analysis/error_numbers.py and domain.py. Those of analysis/regimes.py are of the validation set: `curve/<arm>/<metric>` and
`curve/<arm>/<pairs, frozen_epochs, tuned_epochs>`; `effect/<edit>/<with>-<without>/<mrr@10 or loss>`, the gain of an edit
(augmentation, freezing_on_top, freezing_at_equal_updates, optimiser, fixed_scale, lower_rate, local_negatives, text_dropout)
between two arms, with `verdict`, `effect`, `verb` and `hedge`, under `effect/<random or weak>/` where the backbones are weaker;
`crossing/<edit>/<frozen, unfrozen, augmented, clean>`, the tuned epochs at which it breaks even, with `low` and `high`;
`ends/<edit>/<tuned_epochs or pairs>/<first or last>`, the gain at an end of a curve, and `.../at`, where that is;
`prediction/<edit>/<frozen, ...>/<pairs or tuned_epochs>`; `figure/<name>`, the finding of a figure that was drawn.
`run_key` is empty where no run is meant.

analysis/fields.py says how a field is written, and prints what is there.
"""

import pathlib
from typing import Any

from analysis import compute, curves, domain, error_numbers, few_shot, labels, regimes
from analysis import study as studies
from analysis.comparisons import VERBS, difference, probability, words_of
from clip_italian import config, files, journal, paths
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import settings as evaluation
from clip_italian.world.scenes import levels, statements

Entry = dict[str, Any]

SECOND = pathlib.Path("studies/second/results/second/comparisons.json")
SETTINGS = ("language", "resamples", "permutations", "confidence", "smallest_effect")


def entry(value: Any, file: pathlib.Path | str, field: str, run_key: str = "", text: str = "") -> Entry:
    """A number that has no interval; whole ones are printed with thousands separated."""
    plain = f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
    return {"value": value, "text": text or plain, "file": str(file), "field": field, "run_key": run_key}


def results(study: studies.Study) -> dict[str, Entry]:
    """Every mean that has an interval, of every model and set."""
    return {
        f"{model}/{test_set}/{metric}": study.number(model, f"{test_set}/{metric}").as_json()
        for protocol in ("retrieval", "zeroshot", "probe")
        for model, sets in study.results(protocol)["models"].items()
        for test_set, one in sets.items()
        for metric in one["interval"]
    }


def chances(study: studies.Study) -> dict[str, Entry]:
    """What a random order is expected to reach, on every retrieval and zero-shot set."""
    return {
        f"chance/{test_set}/{metric}": study.chance(f"{test_set}/{metric}")
        for protocol in ("retrieval", "zeroshot")
        for test_set, levels in study.results(protocol)["chance"].items()
        for metric in levels
    }


def comparisons(study: studies.Study) -> dict[str, Entry]:
    """Every difference, primary and exploratory, and how many of the primary ones had which effect."""
    entries: dict[str, Entry] = {}
    file = f"results/{study.profile}/comparisons.json"
    for family, corrected in (("exploratory", "q"), ("primary", "p_holm")):
        for index, row in enumerate(study.results("comparisons")[family]):
            entries |= compared(study, row, file, f"{family}.{index}.difference", row[corrected])
    primary = study.results("comparisons")["primary"]
    for effect in VERBS:
        count = sum(row["effect"] == effect for row in primary)
        entries[f"primary/{effect}"] = entry(count, file, f"primary.*.effect={effect}")
    return entries | {"primary/tests": entry(len(primary), file, "primary.length")}


def compared(study: studies.Study, row: dict[str, Any], file: str, field: str, corrected: float) -> dict[str, Entry]:
    """One comparison, by its name."""
    said = words_of(row, study.evaluation.smallest_effect)
    said |= {"p": probability(row["p"]), "corrected": probability(corrected)}
    name, number = f"{row['first']}-{row['second']}/{row['endpoint']}", difference(study, file, field, row)
    spread = {
        f"{name}/{part}": entry(
            value, file, f"{field.removesuffix('difference')}components.{part}", number.run_key, studies.points(value)
        )
        for part, value in row.get("components", {}).items()
    }
    return {name: number.as_json() | said} | spread


def second_world(study: studies.Study) -> dict[str, Entry]:
    """The declared family in a second drawn world, as `second/<name of the comparison>`; none before `make study` has run it."""
    if not SECOND.exists() or study.profile == SECOND.parent.name:
        return {}
    entries = {}
    for index, row in enumerate(files.read_json(SECOND)["primary"]):
        low, high = row["interval"]
        number = studies.Number(row["difference"], low, high, row["seeds"], str(SECOND), f"primary.{index}.difference", "")
        said = words_of(row, study.evaluation.smallest_effect)
        entries[f"second/{row['first']}-{row['second']}/{row['endpoint']}"] = number.as_json() | said
    return entries


def probes(study: studies.Study) -> dict[str, Entry]:
    """The points of the few-shot curves, the probed models against the first one, and the sizes of the sets."""
    file, content = f"results/{study.profile}/probe.json", study.results("probe")
    entries = {
        f"{model}/{test_set}/{shots}-shot": few_shot.number(study, model, test_set, shots).as_json()
        for model, sets in content["few_shot"].items()
        for test_set, points in sets.items()
        for shots in points
    }
    for index, row in enumerate(content["comparisons"]):
        entries |= compared(study, row, file, f"comparisons.{index}.difference", row["q"])
    for name, count in content["pictures"].items():
        entries[f"probe/{name}"] = entry(count, file, f"pictures.{name}")
    for test_set, sizes in content["sets"].items():
        entries |= {f"{test_set}/{name}": entry(count, file, f"sets.{test_set}.{name}") for name, count in sizes.items()}
    return entries


def label_conditions(study: studies.Study) -> dict[str, Entry]:
    """The declared label family: every difference to good labels, whole and in parts, and how many classes and labels there are."""
    content, file, entries = study.results("labels"), f"results/{study.profile}/labels.json", {}
    for index, row in enumerate(content["primary"]):
        name = f"{row['condition']}-good/{content['set']}/acc@1"
        said = words_of(row, study.evaluation.smallest_effect) | {"corrected": probability(row["p_holm"])}
        entries[name] = labels.difference(study, "primary", index).as_json() | said
        for part in (*labels.PARTS, "relative"):
            if row[part]:
                entries[f"{name}/{part}"] = labels.difference(study, "primary", index, part).as_json()
        entries[f"labels/{row['condition']}/acc@1"] = labels.accuracy(study, row["model"], row["condition"]).as_json()
    for condition, counts in content["conditions"].items():
        field = f"conditions.{condition}"
        entries[f"labels/{condition}/classes"] = entry(counts["classes"], file, f"{field}.classes")
        entries[f"labels/{condition}/touched"] = entry(counts["touched"]["classes"], file, f"{field}.touched.classes")
    return entries


def test_sets(study: studies.Study) -> dict[str, Entry]:
    """Sizes of the test sets; of drawn retrieval sets also the near misses."""
    entries = {}
    for protocol in ("retrieval", "zeroshot"):
        for test_set, sizes in study.results(protocol)["sets"].items():
            for name, value in sizes.items():
                file = f"results/{study.profile}/{protocol}.json"
                entries[f"{test_set}/{name}"] = entry(value, file, f"sets.{test_set}.{name}")
    for test_set in study.evaluation.retrieval_sets if study.is_drawn else []:
        truth = paths.test_set(study.profile, test_set) / "truth.npz"
        (near_miss,) = arrays.read(truth, "near_miss")
        entries[f"{test_set}/near_misses"] = entry(int(near_miss.sum()), truth, "near_miss")
    return entries


def pairs(study: studies.Study) -> dict[str, Entry]:
    """What became of the sources' rows, all sources together."""
    file = paths.report(study.profile, "curate")
    content = files.read_json(file)
    entries = {f"data/{name}": entry(content[name], file, name) for name in ("train", "valid", "repeated_pairs")}
    for name in ("read", "kept"):
        total = sum(source["rows"][name] for source in content["sources"].values())
        entries[f"data/rows_{name}"] = entry(total, file, f"sources.*.rows.{name}")
    reasons = [count for source in content["sources"].values() for count in source["rows"]["rejected"].values()]
    return entries | {"data/rows_rejected": entry(sum(reasons), file, "sources.*.rows.rejected.*")}


def leaks(study: studies.Study) -> dict[str, Entry]:
    """What the audit compared and found, and by how much the nearest strangers differ."""
    file = paths.report(study.profile, "audit")
    content = files.read_json(file)
    tests = content["tests"].values()
    entries = {"leaks/training": entry(sum(content["training"].values()), file, "training.*")}
    for name in ("pictures", "captions", "repeated_captions"):
        entries[f"leaks/{name}"] = entry(sum(one[name] for one in tests), file, f"tests.*.{name}")
    entries["leaks/found"] = entry(sum(len(one["leaks"]) for one in tests), file, "tests.*.leaks.length")
    entries["leaks/limit"] = entry(content["duplicates"]["max_cell_difference"], file, "duplicates.max_cell_difference")
    nearest = {test_set: one["nearest"]["difference"] for test_set, one in content["tests"].items() if one["nearest"]}
    if nearest:
        test_set = min(nearest, key=lambda name: nearest[name])
        entries["leaks/nearest"] = entry(nearest[test_set], file, f"tests.{test_set}.nearest.difference")
    return entries


def parameters(study: studies.Study) -> dict[str, Entry]:
    """The settings that the runs' journals hold, switches apart: of the last phase of each model's first seed."""
    entries = {}
    for model in [*study.grid, "italian_bert"]:
        seed = study.grid.get(model, [evaluation.ONLY_SEED])[0]
        last = evaluation.run_journals(study.profile, model, seed)[-1]
        file = journal.path(study.profile, model, last.stage)
        key = study.run_key(model, seed) if model in study.grid else journal.key(last)[: journal.KEY_LENGTH]
        line = journal.read(file).index(last)
        for name, value in last.parameters.items():
            if not isinstance(value, bool):
                entries[f"{model}/{name}"] = entry(value, file, f"{line}.parameters.{name}", key)
    return entries


def settings(study: studies.Study) -> dict[str, Entry]:
    """How the evaluation was set up, and the headline endpoints with their printed names."""

    def stated(value: Any, *keys: int | str, **more: Any) -> Entry:
        return entry(value, str(config.profile(study.profile).file(*keys)), ".".join(map(str, keys)), **more)

    entries = {f"study/{name}": stated(getattr(study.evaluation, name), "evaluation", name) for name in SETTINGS}
    confidence = f"{studies.POINTS * study.evaluation.confidence:g}"
    entries["study/confidence"]["text"] = confidence
    for index, endpoint in enumerate(study.evaluation.primary_endpoints):
        protocol = "retrieval" if endpoint.partition("/")[0] in study.evaluation.retrieval_sets else "zeroshot"
        one = stated(endpoint, "evaluation", "primary_endpoints", index, text=studies.endpoint_label(endpoint))
        entries[f"study/{protocol}_endpoint"] = one
    entries["study/seeds"] = entry(len(study.params.seeds), "params.yaml", "seeds.length")
    entries["study/arms"] = entry(study.params.arms, "params.yaml", "arms", text=str(len(study.params.arms)))
    return entries | {"study/profile": entry(study.profile, "params.yaml", "profile")}


def published(study: studies.Study) -> dict[str, Entry]:
    """Whether the publishers' files had to be as many as they are: in a rehearsal they need not."""
    one = config.section(evaluation.HeldOutSettings, "tests")
    return {"study/counts": entry(one.counts, str(config.profile(study.profile).file("tests", "counts")), "tests.counts")}


def world() -> dict[str, Entry]:
    """How many things, colours and held-out combinations the drawn world has."""
    constants = {
        "nouns": (statements, "CLASS_NOUNS"),
        "unseen_nouns": (statements, "UNSEEN_NOUNS"),
        "colours": (statements, "COLOURS"),
        "held_out_pairs": (levels, "HELD_OUT_PAIRS"),
        "held_out_triples": (levels, "HELD_OUT_TRIPLES"),
    }
    return {
        f"world/{name}": entry(len(getattr(module, constant)), _source(module), f"{constant}.length")
        for name, (module, constant) in constants.items()
    }


def _source(module: Any) -> str:
    return module.__name__.replace(".", "/") + ".py"


def found(study: studies.Study) -> dict[str, Entry]:
    """How many of the gallery's pictures are true, query by query and together."""
    file, entries = paths.TABLES / "gallery.json", {}
    key = study.run_key(study.settings.proposed, study.params.seeds[0])
    for index, row in enumerate(files.read_json(file)["rows"]):
        true, shown = (cell["value"] for cell in row["cells"])
        entries[f"gallery/{row['label']}"] = entry(true, file, f"rows.{index}.cells.0.value", key)
        entries[f"gallery/{row['label']}/shown"] = entry(shown, file, f"rows.{index}.cells.1.value", key)
    return entries


def runs(study: studies.Study) -> dict[str, dict[str, Any]]:
    """What each run key stands for: a model, and the keys of its seeds' runs. A difference has two of them, with a dash."""
    trained = study.grid | ({"domain": tuned} if (tuned := domain.seeds(study)) else {})
    models = {model: {str(seed): study.run_key(model, seed) for seed in seeds} for model, seeds in trained.items()}
    known = {study.run_key(model, *trained[model]): {"model": model, "seeds": seeds} for model, seeds in models.items()}
    known |= {key: {"model": model, "seeds": {seed: key}} for model, seeds in models.items() for seed, key in seeds.items()}
    for arm in curves.read(study.profile, study.params.arms):
        seeds = {str(seed): journal.key(*cell.journals)[: journal.KEY_LENGTH] for seed, cell in arm.cells.items()}
        known.setdefault(arm.run_key, {"model": arm.name, "seeds": seeds})
    bert = evaluation.run_journals(study.profile, "italian_bert", evaluation.ONLY_SEED)
    key = journal.key(bert[-1])[: journal.KEY_LENGTH]
    return known | {key: {"model": "italian_bert", "seeds": {str(evaluation.ONLY_SEED): key}}}


def main() -> None:
    study = studies.load()
    content = (
        results(study)
        | chances(study)
        | comparisons(study)
        | probes(study)
        | label_conditions(study)
        | test_sets(study)
        | pairs(study)
    )
    content |= leaks(study) | parameters(study) | settings(study) | error_numbers.entries(study) | domain.entries(study)
    content |= regimes.entries(study) | second_world(study)
    content |= world() | found(study) if study.is_drawn else published(study)
    content |= compute.entries(study.profile)
    files.write_json(paths.TABLES / "numbers.json", content)
    files.write_json(paths.TABLES / "runs.json", runs(study))
