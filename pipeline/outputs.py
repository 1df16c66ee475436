"""The outputs of every training stage for a seed: the model's folder and the journal."""

import pathlib

from clip_italian import config, files, journal
from clip_italian.checkpoints import assembly, weights
from clip_italian.checkpoints.model import Model
from clip_italian.config import Settings
from clip_italian.environment import EnvironmentSettings
from clip_italian.journal import Journal
from clip_italian.training.loop import Curve

SOURCES = "sources.json"  # in the folder of imported towers: the digests of their files, by tower


def threads() -> EnvironmentSettings:
    """The profile's numbers of threads."""
    return config.section(EnvironmentSettings, "environment")


def write(
    out: pathlib.Path, stage: str, arm: str, seed: int, settings: Settings, inputs: dict[str, str], model: Model, curve: Curve
) -> None:
    """Writes the model to `out/model`, and its journal."""
    assembly.save(out / "model", model)
    write_journal(out, stage, arm, seed, settings, inputs, curve)


def write_journal(
    out: pathlib.Path, stage: str, arm: str, seed: int, settings: Settings, inputs: dict[str, str], curve: Curve
) -> None:
    """Writes `out/journal.jsonl` of the model in `out/model`; the metrics are those of the kept checkpoint."""
    outputs = {weights.WEIGHTS: files.sha256(out / "model" / weights.WEIGHTS)}
    journal.write(out / journal.FILE, [journal_of(stage, arm, seed, settings, inputs, outputs, curve)])


def journal_of(
    stage: str, arm: str, seed: int, settings: Settings, inputs: dict[str, str], outputs: dict[str, str], curve: Curve
) -> Journal:
    """The journal of a training phase; the metrics are those of the kept checkpoint, the one of least validation loss."""
    best = min(curve, key=lambda row: row["valid_loss"]) if curve else {}
    metrics = {name: value for name, value in best.items() if name.startswith("valid")}
    kept = {"kept_step": best["step"]} if best else {}
    return Journal(stage, arm, seed, journal.flat(settings.model_dump(mode="json")), inputs, outputs, metrics | kept, curve)
