"""The linear probe's training against torch.nn.Linear and torch.optim.AdamW in CLIP_benchmark's loop."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from clip_italian.evaluation.study import linear_probe
from clip_italian.evaluation.study.linear_probe import ProbeSettings, Split

ERROR = 1e-5  # after 64 updates, relative to the largest parameter
SETTINGS = ProbeSettings(learning_rate=0.1, epochs=4, batch=64, lowest=-6.0, highest=2.0, first=7, halvings=4, seed=3, block=256)


def trained_by_torch(split: Split, classes: int, decay: float) -> np.ndarray:
    """The same initial values and the same order of pictures, everything else torch's."""
    start = linear_probe.initial(split.features.shape[1], classes, SETTINGS.seed)
    layer = torch.nn.Linear(split.features.shape[1], classes)
    layer.load_state_dict({"weight": torch.tensor(np.array(start.kernel.T)), "bias": torch.tensor(np.array(start.bias))})
    optimiser = torch.optim.AdamW(layer.parameters(), lr=SETTINGS.learning_rate, weight_decay=decay)
    step, steps = 0, SETTINGS.epochs * math.ceil(len(split.labels) / SETTINGS.batch)
    for epoch in range(SETTINGS.epochs):
        for batch in linear_probe.batches_of(len(split.labels), SETTINGS.batch, SETTINGS.seed, epoch):
            places = batch[batch >= 0]
            optimiser.param_groups[0]["lr"] = 0.5 * (1 + math.cos(math.pi * step / steps)) * SETTINGS.learning_rate
            optimiser.zero_grad()
            logits = layer(torch.tensor(split.features[places]))
            torch.nn.functional.cross_entropy(logits, torch.tensor(split.labels[places]).long()).backward()
            optimiser.step()
            step += 1
    return np.concatenate([layer.weight.detach().numpy().T, layer.bias.detach().numpy()[None]])


@pytest.mark.parametrize("decay", [0.0, 1e-3, 0.4, 100.0])
def test_training_gives_what_torch_gives(decay: float, record_property: Any) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1000, 32)).astype(np.float32)
    split = Split("train", features / np.linalg.norm(features, axis=1, keepdims=True), rng.integers(10, size=1000))
    expected = trained_by_torch(split, 10, decay)
    [probe] = linear_probe.fit(split, 10, [decay], SETTINGS)
    error = float(np.abs(np.concatenate([probe.kernel, probe.bias[None]]) - expected).max() / np.abs(expected).max())
    record_property("Linear probe", (f"torch.optim.AdamW, weight decay {decay:g}", {"parameters": error}))
    assert error <= ERROR


def test_initial_values_have_the_range_and_spread_of_torchs() -> None:
    ours, theirs = linear_probe.initial(256, 500, 0), torch.nn.Linear(256, 500)
    for mine, other in ((ours.kernel, theirs.weight.detach()), (ours.bias, theirs.bias.detach())):
        assert float(np.abs(mine).max()) == pytest.approx(float(other.abs().max()), rel=0.02)
        assert float(np.std(mine)) == pytest.approx(float(other.std()), rel=0.1)
