"""Pictures a second and core from a JPEG to a view of 224 pixels, ours and torchvision's: `python -m benchmarks.augmenting`.

Ours is the study's own code at the `paper` profile's settings, with the `fast` and with the antialiased way of resizing: decode and
store (what stage `augment` does once), view (what training does at every pass), and both together. The peer is the chain of 2021 by
torchvision: decode, antialiased bicubic resize, the whole list on tensors, once as it is and once scripted, as 2021 ran it. Where
this interpreter has no torchvision, `--peer PYTHON` names one that has; without either ours is measured alone. Ours ends in bytes,
which the model's first operation on the accelerator normalises, the peer in floats. Both take turns, each as often as ROUNDS says;
counted is processor time on one thread, and printed the median with the least and the largest. Then how far the resized squares are
apart, in levels of 255; what the operations of the list are apart by is held by tests/data/test_augmentation.py.

Pictures are made here, as detailed as photographs of 500 x 375 pixels are (some 112 kB); `--photographs FOLDER` takes JPEGs.
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import simplejpeg

from clip_italian import config
from clip_italian.data.images import augmentation, images, resizing
from clip_italian.data.images.resizing import Fit
from clip_italian.data.images.settings import ImageSettings

PICTURES, ROUNDS = 40, 3
HEIGHT, WIDTH, QUALITY = 375, 500, 92


def photograph(seed: int) -> bytes:
    """Noise of all wavelengths, as strong as in photographs (1/f), under a few smooth patches of colour."""
    rng = np.random.default_rng(seed)
    frequencies = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH))
    frequencies[0, 0] = 1
    light = np.fft.ifft2(np.fft.fft2(rng.normal(size=(HEIGHT, WIDTH))) / frequencies).real
    patches = cv2.resize(rng.normal(size=(6, 8, 3)), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    pixels = 128 + 42 * light[..., None] / light.std() + 26 * patches
    return simplejpeg.encode_jpeg(np.ascontiguousarray(pixels.clip(0, 255).astype(np.uint8)), QUALITY)


def ours(files: list[bytes], settings: ImageSettings) -> dict[str, Callable[[], object]]:
    """Each part of our chain, over all pictures."""
    fit = Fit(resize=settings.resize, margin="floor")
    chosen = settings.augmentations["code_2021"]

    def store(content: bytes) -> np.ndarray:
        pixels = images.decode(content, settings.limits, resizing.least(settings.stored, fit))
        return resizing.square(pixels, settings.stored, fit)

    def view(stored: list[np.ndarray]) -> np.ndarray:
        return augmentation.views(np.stack(stored), settings.side, 0, np.arange(len(stored)), 0, chosen)

    stored = [store(content) for content in files]
    return {
        "decode and store": lambda: [store(content) for content in files],
        "view": lambda: view(stored),
        "whole": lambda: view([store(content) for content in files]),
    }


def rate(work: Callable[[], object], pictures: int) -> float:
    """Pictures per second of the processor's."""
    start = time.process_time()
    work()
    return pictures / (time.process_time() - start)


def peer(python: str, folder: pathlib.Path) -> dict[str, Any]:
    """The peer's rates of one round and its decoder, by a process of its own, which leaves its squares in the folder."""
    command = [python, "-m", "benchmarks.augmenting_peer", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{python}: {done.stderr.strip().splitlines()[-1]}; give a Python that has torch and torchvision")
    return json.loads(done.stdout.splitlines()[-1])


def squares(files: list[bytes], settings: ImageSettings) -> np.ndarray:
    """The middles of all pictures resized by us, bytes [pictures, side, side, 3]."""
    fit, side = Fit(resize=settings.resize, margin="floor"), settings.side
    decoded = [images.decode(content, settings.limits, resizing.least(side, fit)) for content in files]
    return np.stack([resizing.square(pixels, side, fit) for pixels in decoded])


def main(files: list[bytes], python: str | None) -> None:
    """Prints a table of rates, and of ratios where there is a peer."""
    section = config.section(ImageSettings, "images", "paper")
    ways = {resize: section.model_copy(update={"resize": resize}) for resize in ("fast", "antialiased")}
    rates: dict[str, list[float]] = {}
    print(f"{len(files)} JPEGs, {np.mean([len(content) for content in files]) / 1000:.0f} kB on average", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(files):
            pathlib.Path(folder, f"{number:04d}.jpg").write_bytes(content)
        for _ in range(ROUNDS):
            for way, settings in ways.items():
                for part, work in ours(files, settings).items():
                    rates.setdefault(f"ours, {way}: {part}", []).append(rate(work, len(files)))
            told = peer(python, pathlib.Path(folder)) if python else {"rates": {}}
            for part, value in told["rates"].items():
                rates.setdefault(f"torchvision: {part}", []).append(value)
        theirs = np.load(pathlib.Path(folder, "squares.npy")) if python else None
    for name, values in rates.items():
        print(f"{name:42} {statistics.median(values):7.0f} pictures/s ({min(values):.0f} to {max(values):.0f})")
    if not python:
        print("No torchvision here: ours alone. `--peer PYTHON` names an interpreter that has it.")
        return
    print(f"torchvision's chain decodes by {told['decoder']}")
    for chain in ("whole, eager", "whole, scripted"):
        for way in ways:
            pairs = zip(rates[f"ours, {way}: whole"], rates[f"torchvision: {chain}"], strict=True)
            print(f"ours, {way}, over torchvision, {chain}: {statistics.median(a / b for a, b in pairs):.1f} times")
    for way, settings in ways.items():
        levels = np.abs(squares(files, settings).astype(int) - theirs)
        print(f"resized, {way}, from torchvision's: {levels.mean():.2f} levels in the mean, {levels.max()} at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", metavar="PYTHON", help="an interpreter with torch and torchvision")
    parser.add_argument("--photographs", type=pathlib.Path, metavar="FOLDER", help="JPEGs to take instead of made ones")
    arguments = parser.parse_args()
    taken = sorted(arguments.photographs.rglob("*.jpg"))[:PICTURES] if arguments.photographs else []
    chosen = [path.read_bytes() for path in taken] or [photograph(seed) for seed in range(PICTURES)]
    here = sys.executable if importlib.util.find_spec("torchvision") else None
    main(chosen, arguments.peer or here)
