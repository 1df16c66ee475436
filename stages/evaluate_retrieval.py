"""Ranks every model's embeddings of the retrieval sets: results/<profile>/retrieval.json and per-item ranks."""

from clip_italian import config
from clip_italian.evaluation.study import retrieval
from clip_italian.evaluation.study.settings import EvaluationSettings


def main() -> None:
    retrieval.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
