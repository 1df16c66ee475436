"""Linear probes and few-shot curves of the image features: results/<profile>/probe.json and per-item ranks."""

from clip_italian import config
from clip_italian.evaluation.study import probing
from clip_italian.evaluation.study.probing import ProbingSettings
from clip_italian.evaluation.study.settings import EvaluationSettings


def main() -> None:
    probing.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"), config.section(ProbingSettings, "probe"))
