"""`python -m clip_italian associate`: the Word Embedding Association Test on a model's text tower."""

import argparse

from clip_italian.checkpoints import loading
from clip_italian.cli.options import MODEL
from clip_italian.evaluation.study import associations


def add_options(command: argparse.ArgumentParser) -> None:
    """Adds the command's options."""
    command.add_argument("--model", required=True, help=MODEL)
    command.add_argument("--words", required=True, help=f"one of {', '.join(associations.names())}, or a .yaml file like theirs")
    limit = "draw so many, or take all if there are fewer (default: %(default)s)"
    command.add_argument("--permutations", type=int, default=100_000, help=limit)


def run(options: argparse.Namespace) -> None:
    """Prints effect size and p-values, and what the two sets of targets and of attributes are."""
    lists = associations.load(options.words)
    words = associations.vocabulary([options.words])
    vectors = loading.load(options.model).encode_text(words)
    found = associations.measure(lists, words, vectors, options.permutations, seed=0)
    (x, y), (a, b) = lists.targets, lists.attributes
    print(f"effect: {found.effect:.3f} (positive: {x} with {a}, {y} with {b}; at most 2 either way)")
    print(f"p: {found.p:.4f} one-sided, {found.p_two_sided:.4f} two-sided")
