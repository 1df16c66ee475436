"""What a TPU chip can do at most, as its maker says it.

Peak, memory and its bandwidth: Google Cloud's pages on TPU v3, v4, v5e and v6e, "System architecture". Links between chips, one
way: Austin et al. 2025, "How to scale your model", part 2 (the pages give v5e 400 GB/s and v6e 800 GB/s a chip, over 4 links both
ways, which is the same). A link counts once for each axis of the slice: none of these slices is long enough to be closed to a ring.
Clocks: Jouppi et al. 2023, table 4 (v3, v4); of v5e and v6e what their peak makes of their matrix units.
"""

from typing import NamedTuple

GIB = 1 << 30


class Chip(NamedTuple):
    """A chip, which holds one or several devices of JAX."""

    kind: str  # as `jax.Device.device_kind` names it
    devices: int  # that a chip is to JAX
    peak: float  # FLOP/s in bfloat16
    memory: int  # bytes of HBM
    bandwidth: float  # bytes a second, of HBM
    link: float  # bytes a second, one way, of one link to a neighbour
    clock: float  # Hz


CHIPS = {
    "v3": Chip("TPU v3", 2, 123e12, 32 * GIB, 900e9, 100e9, 0.94e9),
    "v4": Chip("TPU v4", 1, 275e12, 32 * GIB, 1200e9, 45e9, 1.05e9),
    "v5e": Chip("TPU v5 lite", 1, 197e12, 16 * GIB, 819e9, 50e9, 1.5e9),
    "v6e": Chip("TPU v6 lite", 1, 918e12, 32 * GIB, 1638e9, 100e9, 1.75e9),
}


class Slice(NamedTuple):
    """Chips that are connected, as Google Cloud rents them."""

    name: str  # as it is rented
    chip: str
    shape: tuple[int, ...]  # chips along each axis

    @property
    def chips(self) -> int:
        """How many there are."""
        count = 1
        for side in self.shape:
            count *= side
        return count

    @property
    def devices(self) -> int:
        """How many JAX sees."""
        return self.chips * CHIPS[self.chip].devices

    @property
    def topology(self) -> str:
        """As `jax.experimental.topologies` wants it."""
        return f"{self.chip}:{'x'.join(map(str, self.shape))}"

    @property
    def exchange(self) -> float:
        """Bytes a second that a device can send, if it shares its chip's links fairly."""
        chip = CHIPS[self.chip]
        return chip.link * sum(side > 1 for side in self.shape) / chip.devices


SLICES = {
    one.name: one
    for one in (
        Slice("v3-8", "v3", (2, 2)),
        Slice("v4-32", "v4", (2, 2, 4)),
        Slice("v5litepod-64", "v5e", (8, 8)),
        Slice("v6e-64", "v6e", (8, 8)),
    )
}
