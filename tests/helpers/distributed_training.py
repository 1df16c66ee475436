"""A small dual encoder trained on some devices by some processes: `python -m tests.helpers.distributed_training ... MEMBER`.

Arguments: a folder for the state and, by the first process, what comes out; settings in JSON; the `Member` in JSON, or a number of
devices of a process that is alone.
"""

import json
import os
import pathlib
import signal
import sys
import time
from typing import Any

import jax
import numpy as np

from clip_italian import devices, environment
from clip_italian.models import dual_encoder
from clip_italian.models.encoder import Encoder
from clip_italian.training import freezing, loop, objective
from clip_italian.training.loop import Plan, Task
from pipeline.launching import Member
from tests.helpers.small_models import BERT, IMAGE, ITALIAN, optimiser, pictures, texts

SHALLOW = {"update": {"depth": 1}}
MODEL = ITALIAN.model_copy(update={"image": IMAGE.model_copy(**SHALLOW), "text": BERT.model_copy(**SHALLOW)})

EXAMPLES, BATCH = 96, 32
SETTINGS: dict[str, Any] = {"updates": 8, "every": 2, "negatives": BATCH, "sharded": False, "learning_rate": 1e-3, "pause": 0.0}
OUT = "out.npz"


def train(folder: pathlib.Path, settings: dict[str, Any]) -> None:
    """Trains, and writes parameters, losses and embeddings."""
    if settings["sharded"]:
        devices.SMALLEST_CUT = 1  # all that the devices divide
    params = jax.device_get(dual_encoder.initial(MODEL, jax.random.key(0), 20.0))
    pixels, said = pictures(1, EXAMPLES), texts(2, EXAMPLES)

    def batch_of(step: int) -> objective.Batch:
        time.sleep(settings["pause"])
        rows = np.random.default_rng([3, step]).permutation(EXAMPLES)[:BATCH]
        print(f"batch {step} {rows.sum()} {rows[:4].tolist()}\n", end="", flush=True)  # at once: threads say it
        return devices.own({"pixels": pixels[rows], "ids": said.ids[rows], "mask": said.mask[rows]})

    encoder = Encoder(MODEL, BATCH)
    validate = objective.validator(lambda p: encoder.images(p, pixels), lambda p: encoder.texts(p, said), BATCH)
    loss = objective.loss_on_pixels(MODEL, settings["negatives"])
    task = Task(params, loss, batch_of, validate, ["logit_scale"])
    plan = Plan(optimiser(learning_rate=settings["learning_rate"]), settings["updates"], settings["every"], settings["sharded"])
    trained, curve = loop.fit(task, plan, folder)
    embedded = np.asarray(dual_encoder.project_image(trained, encoder.images(trained, pixels)))  # by all processes
    if devices.is_first():
        flat = {name.replace("/", "|"): np.asarray(leaf) for name, leaf in freezing.split(trained, ())[0].items()}
        rows = {f"curve {name}": np.array([row[name] for row in curve[1:]]) for name in curve[-1]}
        np.savez(folder / OUT, allow_pickle=False, embeddings=embedded, **flat, **rows)


if __name__ == "__main__":
    environment.die_with_parent()
    place, settings, member = sys.argv[1:]
    told = json.loads(member)
    Member(*(told if isinstance(told, list) else [told, 10, 1, 0, ""])).join()
    print(f"process {os.getpid()} {signal.getsignal(signal.SIGTERM)}", flush=True)
    train(pathlib.Path(place), SETTINGS | json.loads(settings))
