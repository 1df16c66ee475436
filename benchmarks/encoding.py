"""Pictures and texts a second through the towers of CLIP-Italian at their real size, beside torch.

`make parity`'s environment has what it needs: `python -m benchmarks.encoding`. One folder of random weights (ViT-B/32 at 224
pixels, BERT-base, a common space of 512) is read by `clip_italian` and by transformers' VisionTextDualEncoderModel, the
reference, which runs in float32 under `torch.inference_mode` with its default attention (sdpa). Both have the same two cores
and take turns within one process. Compilation is left out, as is warming up. The largest difference of their unit vectors is
relative to the largest number in them.

* pictures: pixels in memory, ours 8-bit, theirs normalised beforehand. Ours chooses its own block; theirs is given batches of
  16, its fastest, and of 64.
* texts: token ids whose lengths have the median 12, as captions in Italian. Ours gets them in any order, padded to 96, and
  sorts and trims them itself; the reference gets them `as used`: in batches padded to 96, the way CLIP-Italian is used; or at
  its best: sorted by length and padded to the longest of a batch, as sentence-transformers does.
* files: JPEGs of 640 x 480 from disk, ours by `encode_image`, theirs through transformers' CLIPImageProcessor. Where that
  processor resizes with torch, its pixels are one level off here and there, and so the vectors are further apart.
"""

import argparse
import functools
import os
import pathlib
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import torch
import transformers

from benchmarks import encoding_files, real_size
from clip_italian.checkpoints import layouts
from clip_italian.checkpoints.model import BATCH, Model
from clip_italian.data import tokens
from clip_italian.data.tokens import Tokens
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder

CORES = 2
LONGEST, SHORTEST, MEDIAN, SPREAD = 96, 3, 12, 0.4  # of the texts, in tokens; the last is the deviation of the logarithm
Way = Callable[[], np.ndarray]  # encodes everything once; its unit vectors


class Task(NamedTuple):
    """The same work in several ways, the first of them ours."""

    name: str
    count: int  # pictures or texts
    ways: dict[str, Way]


class Reference:
    """transformers' model, fed as its users feed it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.model = transformers.VisionTextDualEncoderModel.from_pretrained(folder).eval()
        self.processor = transformers.CLIPImageProcessor.from_pretrained(folder)

    def images(self, pixels: torch.Tensor, batch: int) -> np.ndarray:
        """Unit vectors of normalised pixels."""
        parts = [self._vectors(self.model.get_image_features(part)) for part in torch.split(pixels, batch)]
        return np.concatenate(parts)

    def files(self, paths: list[pathlib.Path], batch: int) -> np.ndarray:
        """Unit vectors of pictures on disk."""
        parts = []
        for start in range(0, len(paths), batch):
            opened = [Image.open(path).convert("RGB") for path in paths[start : start + batch]]
            parts.append(self.images(self.processor(opened, return_tensors="pt")["pixel_values"], batch))
        return np.concatenate(parts)

    def texts(self, texts: Tokens, batch: int, trim: bool) -> np.ndarray:
        """Unit vectors of texts: all of them at their padded length, or sorted and trimmed to the longest of a batch."""
        lengths = texts.mask.sum(axis=1)
        order = np.argsort(-lengths, kind="stable") if trim else np.arange(len(lengths))
        parts = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            longest = lengths[rows].max() if trim else texts.mask.shape[1]
            ids, mask = (torch.tensor(array[rows, :longest], dtype=torch.long) for array in texts)
            parts.append(self._vectors(self.model.get_text_features(ids, attention_mask=mask)))
        return np.concatenate(parts)[np.argsort(order)]

    def _vectors(self, output: Any) -> np.ndarray:
        return torch.nn.functional.normalize(output.pooler_output, dim=-1).numpy()


def tasks(folder: pathlib.Path, count: int) -> list[Task]:
    """What is timed, on so many pictures and four times as many texts."""
    layout = layouts.find(folder)
    settings, params = layout.settings, layout.params()
    encoder, reference = Encoder(settings, BATCH, project=True), Reference(folder)
    clip = Model(settings, params, lambda texts: Tokens(np.zeros((0, 0), np.int32), np.zeros((0, 0), bool)))
    side = settings.image.image_size
    pixels = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    texts = captions(4 * count)
    few, one = tokens.take(texts, slice(count)), tokens.take(texts, slice(1))
    channels_last = dual_encoder.normalise_pixels(settings.image, jnp.asarray(pixels))
    normalised = torch.tensor(np.asarray(channels_last).transpose(0, 3, 1, 2).copy())
    paths = encoding_files.jpegs(folder, count)
    images, say = functools.partial(reference.images, normalised), functools.partial(reference.texts, texts)
    return [
        Task(
            "pictures",
            count,
            {
                "ours": lambda: encoder.images(params, pixels),
                "torch, 16": lambda: images(16),
                "torch, 64": lambda: images(64),
            },
        ),
        Task(
            "texts",
            4 * count,
            {
                "ours": lambda: encoder.texts(params, texts),
                "torch, 32 sorted": lambda: say(32, trim=True),
                "torch, 64 sorted": lambda: say(64, trim=True),
            },
        ),
        Task(
            "texts, as used",
            count,
            {
                "ours": lambda: encoder.texts(params, few),
                "torch, 32 padded": lambda: reference.texts(few, 32, trim=False),
            },
        ),
        Task(
            "one picture",
            1,
            {
                "ours": lambda: encoder.images(params, pixels[:1]),
                "torch": lambda: reference.images(normalised[:1], 1),
            },
        ),
        Task(
            "one text",
            1,
            {
                "ours": lambda: encoder.texts(params, one),
                "torch": lambda: reference.texts(one, 1, trim=True),
            },
        ),
        Task(
            "files",
            count,
            {
                "ours": lambda: clip.encode_image(paths),
                "torch, 16": lambda: reference.files(paths, 16),
            },
        ),
    ]


def captions(count: int) -> Tokens:
    """Random tokens, in texts of which half are longer than the median."""
    rng = np.random.default_rng(0)
    lengths = np.clip(rng.lognormal(np.log(MEDIAN), SPREAD, count).round(), SHORTEST, LONGEST)
    mask = np.arange(LONGEST)[None] < lengths[:, None]
    return Tokens(np.where(mask, rng.integers(5, real_size.VOCABULARY, mask.shape), 0).astype(np.int32), mask)


def compare(task: Task, rounds: int, repeats: int) -> None:
    """Runs the ways in turn, `repeats` times in each turn, and prints what each does a second.

    Other programs on the machine change that, but hardly the processor time that ours spends on one picture or text. torch's
    threads wait for each other busily, so its processor time is right on an idle machine alone.
    """
    vectors = {name: way() for name, way in task.ways.items()}  # compiles and warms up
    seconds: dict[str, list[float]] = {name: [] for name in task.ways}
    busy: dict[str, list[float]] = {name: [] for name in task.ways}
    for _ in range(rounds):
        for name, way in task.ways.items():
            started, used = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                way()
            seconds[name].append((time.perf_counter() - started) / repeats)
            busy[name].append((time.process_time() - used) / repeats)
    print(f"{task.name}, {task.count} at a time; load of the machine {os.getloadavg()[0]:.1f}")
    for name, taken in seconds.items():
        middle, least = statistics.median(taken), min(taken)
        line = f"  {name:17} {task.count / middle:7.1f} a second (median), {task.count / least:7.1f} (best)"
        line += f", {1e3 * min(busy[name]) / task.count:6.1f} ms of processor each"
        if name != "ours":
            apart = np.abs(vectors[name] - vectors["ours"]).max() / np.abs(vectors[name]).max()
            medians, bests = middle / statistics.median(seconds["ours"]), least / min(seconds["ours"])
            processor = min(busy[name]) / min(busy["ours"])
            line += f"; ours {medians:.2f} times as fast (bests {bests:.2f}, processor {processor:.2f}), apart by {apart:.0e}"
        print(line, flush=True)


def main(rounds: int, count: int) -> None:
    """Prints a table for every task."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # before jax counts them
    torch.set_num_threads(CORES)
    with tempfile.TemporaryDirectory() as temporary, torch.inference_mode():
        folder = pathlib.Path(temporary)
        real_size.write(folder)
        for task in tasks(folder, count):
            compare(task, rounds, 5 if task.count == 1 else 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="default %(default)s")
    parser.add_argument("--count", type=int, default=64, help="pictures, and a quarter of the texts; default %(default)s")
    arguments = parser.parse_args()
    main(arguments.rounds, arguments.count)
