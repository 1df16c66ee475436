"""The proposed arm's model as the folders that other libraries load: models/<profile>/export."""

import pathlib

from clip_italian import config
from clip_italian.checkpoints import assembly
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.export import card, writing
from clip_italian.use.export.card import ExportSettings


def main() -> None:
    profile, about = config.params().profile, config.section(ExportSettings, "export")
    tests = config.section(EvaluationSettings, "evaluation")
    models = pathlib.Path("models", profile)
    model = assembly.load(models / "tuned" / about.arm / str(about.seed))
    for name, reason in writing.write(models / "export", model, card.of_study(profile, about, tests)).items():
        print(f"{name}: left out: {reason}")
