"""Pictures a second into an index, beside the tower's own rate: `python -m benchmarks.indexing [--mini FOLDER]`.

JPEGs of 640 x 480 and some 100 kB are indexed from nothing, decoding, hashing and writing included; the tower alone gets as many
pictures that lie decoded and cut in memory, in the same blocks. Both take turns in one process with two cores; compilation is left
out. The model is of the size of ViT-B/32 with random weights; with --mini it is the one in that folder, and the pictures are of 64
pixels, as the drawn world's. Then 1 % of new pictures are added and the index is brought up to date.
"""

import argparse
import pathlib
import shutil
import statistics
import tempfile
import time

import numpy as np
from PIL import Image

from benchmarks import encoding_files, train_step_sizes
from clip_italian import config, environment
from clip_italian.checkpoints import loading
from clip_italian.checkpoints.model import BATCH, Model, Provenance
from clip_italian.data.tokens import Tokens
from clip_italian.use.search import building

SMALL = 64  # pixels a side


def base_model() -> Model:
    """A model of the size of ViT-B/32 with random weights, which reads no texts."""
    size = train_step_sizes.size("b32")
    nothing = Tokens(np.zeros((0, 0), np.int32), np.zeros((0, 0), bool))
    return Model(size.model, train_step_sizes.params(size), lambda texts: nothing, (Provenance("", None, {}),))


def small(folder: pathlib.Path, count: int) -> list[pathlib.Path]:
    """Writes small pictures of smooth noise."""
    rng, paths = np.random.default_rng(1), []
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        paths.append(folder / f"{number}.jpg")
        coarse.resize((SMALL, SMALL), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
    return paths


def build(model: Model, folder: pathlib.Path, path: pathlib.Path) -> float:
    """Seconds to make the index or to bring it up to date."""
    started = time.perf_counter()
    building.build(model, building.origin(model, folder, "model", None), path)
    return time.perf_counter() - started


def main(mini: pathlib.Path | None, count: int, rounds: int) -> None:
    """Prints both rates, their ratio, and the seconds of the update."""
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        (root / "pictures").mkdir()
        paths = (small if mini else encoding_files.jpegs)(root / "pictures", count)
        model = loading.load(mini) if mini else base_model()
        pixels = np.stack([model.fitted(path) for path in paths])
        taken: dict[str, list[float]] = {"index": [], "tower": []}
        for _ in range(1 + rounds):  # the first compiles
            shutil.rmtree(root / "index", ignore_errors=True)
            taken["index"].append(build(model, root / "pictures", root / "index"))
            started = time.perf_counter()
            for start in range(0, count, BATCH):
                model.encode_fitted(pixels[start : start + BATCH])
            taken["tower"].append(time.perf_counter() - started)
        index, tower = (seconds[1:] for seconds in taken.values())
        for name, seconds in (("index", index), ("tower", tower)):
            print(f"{name} {count / statistics.median(seconds):8.1f} pictures/s (median), {count / min(seconds):8.1f} (best)")
        ratio = statistics.median(one / other for one, other in zip(index, tower, strict=True))
        print(f"an index takes {ratio:.2f} times as long as its tower alone")
        more = max(count // 100, 1)
        for number, path in enumerate(paths[:more]):
            (root / "pictures" / f"new-{number}.jpg").write_bytes(path.read_bytes() + b"\0")
        print(f"{more} added: {build(model, root / 'pictures', root / 'index'):.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mini", type=pathlib.Path, help="folder of a miniature model")
    parser.add_argument("--count", type=int, default=256, help="pictures; default %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default %(default)s")
    arguments = parser.parse_args()
    environment.enter(config.section(environment.EnvironmentSettings, "environment").threads)
    main(arguments.mini, arguments.count, arguments.rounds)
