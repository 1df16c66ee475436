"""The proposed arm's model as the folders that other libraries load: models/<profile>/export."""

from clip_italian import config, paths
from clip_italian.checkpoints import assembly
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.export import card, writing
from clip_italian.use.export.card import ExportSettings


def main() -> None:
    profile, about = config.params().profile, config.section(ExportSettings, "export")
    tests = config.section(EvaluationSettings, "evaluation")
    model = assembly.load(paths.tuned(profile, about.arm) / str(about.seed))
    for name, reason in writing.write(paths.exported(profile), model, card.of_study(profile, about, tests)).items():
        print(f"{name}: left out: {reason}")
