"""Seconds of one heat map with a model of the size of ViT-B/32: `python -m benchmarks.localising`.

The windows of 7 and of 14 cells a side, and the relevance by the gradient, on two cores; random weights, which take as long as
others. Beside them stands what the tower alone takes for 64 pictures. Compilation is left out.
"""

import argparse
import statistics

import numpy as np

from benchmarks import turns
from benchmarks.indexing import base_model
from clip_italian import config, environment
from clip_italian.use.search import localising


def main(rounds: int) -> None:
    """Prints a line for each way."""
    model, rng = base_model(), np.random.default_rng(0)
    side = model.settings.image.image_size
    many = rng.integers(0, 256, (64, side, side, 3)).astype(np.uint8)
    text = rng.standard_normal((1, model.settings.projection)).astype(np.float32)
    ways = {
        "windows of 7 x 7": lambda: localising.windows(model, many[0], text, 7),
        "windows of 14 x 14": lambda: localising.windows(model, many[0], text, 14),
        "relevance": lambda: localising.relevance(model, many[0], text),
        "the tower, 64 pictures": lambda: model.encode_fitted(many),
    }
    for name, seconds in turns.in_turn(ways, rounds).items():
        print(f"{name:23} {statistics.median(seconds):6.2f} s, best {min(seconds):6.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="default %(default)s")
    arguments = parser.parse_args()
    environment.enter(config.section(environment.EnvironmentSettings, "environment").threads)
    main(arguments.rounds)
