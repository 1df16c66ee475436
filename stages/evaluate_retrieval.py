"""Ranks every model's embeddings of the retrieval sets: results/<profile>/retrieval.json and per-item ranks."""

from clip_italian import config
from clip_italian.evaluation import retrieval
from clip_italian.evaluation.settings import EvaluationSettings


def main() -> None:
    retrieval.evaluate(config.params(), config.section(EvaluationSettings, "evaluation"))
