"""Made-up journals of arms and of their curves: what a kept checkpoint reaches is a formula of its regime and its seed.

Augmentation costs while epochs are few and gains once they are many; what a frozen phase on top gains fades with the epochs of
tuning; updates that are frozen instead of tuned cost.
"""

import math
import pathlib
from typing import Any

import numpy as np

from clip_italian import files, journal

PAIRS = 6000
BATCH = 128
EPOCH = PAIRS / BATCH
SOURCES = {"wit": 2000, "mscoco_it": 1000, "conceptual_captions": 2500, "il_post": 500}  # training pairs, PAIRS together
TUNED, FROZEN = 660, 720  # updates of `full`
NOISE = 0.004  # standard deviation of a seed's MRR@10, of which arms share as much again

PARAMETERS: dict[str, Any] = {
    "batch": BATCH,
    "negatives": BATCH,
    "scale": 20.0,
    "learned_scale": False,
    "augmentation": "code_2021",
    "share": 1.0,
    "left_out": [],
    "text_dropout": 0.0,
    "frozen_updates": FROZEN,
    "tuned_updates": TUNED,
    "evaluate_every": 100,
    "optimiser.name": "adabelief_2021",
    "optimiser.learning_rate": 3e-3,
    "optimiser.weight_decay": 0.0,
    "optimiser.clip": 0.01,
    "frozen_optimiser.learning_rate": 1e-2,
}
FIRST_SCALE = {"learned_scale": True, "scale": 2.718281828}
ADAMW = {"optimiser.name": "adamw", "optimiser.learning_rate": 4e-3, "optimiser.weight_decay": 0.1, "optimiser.clip": 0.0}
UNFROZEN, PLAIN = {"frozen_updates": 0}, {"augmentation": None}

ARMS: dict[str, dict[str, Any]] = {  # what an arm changes in PARAMETERS
    "original": UNFROZEN | FIRST_SCALE | ADAMW,
    "plus_optimizer": UNFROZEN | FIRST_SCALE,
    "plus_fixed_scale": UNFROZEN,
    "full": {},
    "freeze_equal": {"frozen_updates": TUNED // 2, "tuned_updates": TUNED // 2},
    "no_augmentation": PLAIN,
}
CURVES: dict[str, dict[str, Any]] = {
    "frozen_1": {"frozen_updates": 48},
    "frozen_4": {"frozen_updates": 192},
    "frozen_40": {"frozen_updates": 1920},
    "equal_25": {"frozen_updates": TUNED // 4, "tuned_updates": TUNED - TUNED // 4},
    "equal_75": {"frozen_updates": TUNED - TUNED // 4, "tuned_updates": TUNED // 4},
    "equal_100": {"frozen_updates": TUNED, "tuned_updates": 0},
    "unfrozen_clean": UNFROZEN | PLAIN,
    "half_rate": {"optimiser.learning_rate": 1.5e-3},
    "local_negatives": {"negatives": 16},
    "text_dropout": {"text_dropout": 0.1},
}
for _epochs, _updates in ((5, 220), (9, 440), (27, 1320)):
    CURVES |= {
        f"full_{_epochs}": {"tuned_updates": _updates},
        f"no_augmentation_{_epochs}": {"tuned_updates": _updates} | PLAIN,
        f"unfrozen_{_epochs}": {"tuned_updates": _updates} | UNFROZEN,
        f"unfrozen_clean_{_epochs}": {"tuned_updates": _updates} | UNFROZEN | PLAIN,
    }
for _name, _share in (("quarter", 0.25), ("half", 0.5)):
    _part = {"share": _share, "frozen_updates": round(_share * FROZEN), "tuned_updates": round(_share * TUNED)}
    CURVES |= {
        f"{_name}_full": _part,
        f"{_name}_no_augmentation": _part | PLAIN,
        f"{_name}_unfrozen": _part | UNFROZEN,
        f"{_name}_unfrozen_clean": _part | UNFROZEN | PLAIN,
    }
STRENGTHS = {"random": ("full", "plus_fixed_scale", "unfrozen_clean", "no_augmentation")} | {
    "weak": ("full", "plus_fixed_scale", "unfrozen_clean", "no_augmentation")
}
STRENGTH = {"random": 0.0, "weak": 0.6}  # of the whole backbones' 1
RATES = (7.5e-4, 1.5e-3, 3e-3, 6e-3)


def augmentation_gain(tuned_epochs: float, share: float) -> float:
    """What augmentation adds to MRR@10: nothing at 8 epochs of all pairs."""
    return 0.055 * math.log(max(tuned_epochs, 0.1) / 8) - 0.01 * math.log(share)


def mrr(parameters: dict[str, Any], strength: float = 1.0) -> float:
    """MRR@10 of an arm without the noise of its seed."""
    epoch = EPOCH * parameters["share"]
    frozen, tuned = parameters["frozen_updates"] / epoch, parameters["tuned_updates"] / epoch
    value = 0.05 + 0.25 * strength + 0.17 * math.log1p(tuned) / math.log(15) + 0.03 * math.log(parameters["share"])
    value += 0.09 * strength * (1 - math.exp(-frozen / 6)) * math.exp(-tuned / 8)
    value += augmentation_gain(tuned, parameters["share"]) if parameters["augmentation"] and tuned else 0.0
    value -= 0.03 * (parameters["optimiser.name"] == "adamw") + 0.02 * parameters["learned_scale"]
    rate = parameters["optimiser.learning_rate"]
    return value - 0.02 * math.log2(rate / 3e-3) ** 2 * (parameters["optimiser.name"] != "adamw")


def write(
    profile: str,
    arm: str,
    changes: dict[str, Any],
    seeds: tuple[int, ...],
    folder: pathlib.Path = pathlib.Path(),
    in_curves: bool = False,
    strength: float = 1.0,
    more: dict[str, Any] | None = None,
) -> None:
    """Writes the journals of an arm below `folder`, as those of an arm of the study or of a curve."""
    parameters = PARAMETERS | (more or {}) | changes
    phases = {"pretrain": [_journal("pretrain", arm, seed, parameters, strength) for seed in seeds]}
    phases["finetune"] = [_journal("finetune", arm, seed, parameters, strength) for seed in seeds]
    if in_curves:
        ordered = [one for both in zip(*phases.values(), strict=True) for one in both]
        journal.write(folder / "runs" / profile / "curves" / f"{arm}.jsonl", ordered)
    else:
        for phase, journals in phases.items():
            journal.write(folder / "runs" / profile / arm / f"{phase}.jsonl", journals)


def _journal(stage: str, arm: str, seed: int, parameters: dict[str, Any], strength: float) -> journal.Journal:
    updates = parameters["frozen_updates" if stage == "pretrain" else "tuned_updates"]
    if not updates:
        return journal.Journal(stage, arm, seed, parameters, {}, {}, {})
    rng = np.random.default_rng([7, seed, *arm.encode(), *stage.encode(), round(10 * strength)])
    shared = np.random.default_rng([8, seed]).normal()
    after = parameters if stage == "finetune" else parameters | {"tuned_updates": 0}
    end = mrr(after, strength) + NOISE * (rng.normal() + shared)
    steps = sorted({*range(0, updates, 100), updates})
    rows = [_row(step, end * (1 - 0.7 * math.exp(-3 * step / updates)), parameters["negatives"]) for step in steps]
    return journal.Journal(stage, arm, seed, parameters, {}, {}, rows[-1] | {"kept_step": updates}, rows)


def _row(step: int, reached: float, negatives: int) -> dict[str, float]:
    loss = (4.5 - 5.5 * reached) * math.log(negatives) / math.log(BATCH)
    return {"step": float(step), "valid_loss": loss, "valid_loss_at_20": loss, "valid_mrr@10": reached}


def write_curves(profile: str, seeds: tuple[int, ...], folder: pathlib.Path = pathlib.Path()) -> None:
    """The journals of every arm of the curves."""
    for arm, changes in CURVES.items():
        write(profile, arm, changes, seeds, folder, in_curves=True)


def write_studies(seeds: tuple[int, ...], folder: pathlib.Path = pathlib.Path()) -> None:
    """The studies with weaker backbones and that of the development world, as `make study` lays them down."""
    for profile, arms in STRENGTHS.items():
        for arm in arms:
            changes = (ARMS | CURVES)[arm]
            write(profile, arm, changes, seeds, folder / "studies" / profile, strength=STRENGTH[profile])
        write_report(profile, folder / "studies" / profile)
    for ladder in ("original", "plus_optimizer", "plus_fixed_scale", "full"):
        own = (PARAMETERS | ARMS[ladder])["optimiser.learning_rate"]
        for number, rate in enumerate(RATES):
            changes = ARMS[ladder] | {"optimiser.learning_rate": rate * own / 3e-3}
            write("development", f"rate_{ladder}_{number}", changes, seeds[:2], folder / "studies/development", in_curves=True)
    write_report("development", folder / "studies/development")


def write_report(profile: str, folder: pathlib.Path = pathlib.Path()) -> None:
    """The part of the report of curation that the curves read."""
    sources = {source: {"split": {"train": train, "valid": 100}} for source, train in SOURCES.items()}
    files.write_json(folder / "reports" / profile / "curate.json", {"sources": sources, "train": PAIRS})
