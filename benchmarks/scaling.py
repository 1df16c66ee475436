"""The tables of SCALING.md, of measured rates, docs/tpu.json and the assumptions below: `python -m benchmarks.scaling`."""

import pathlib
from typing import NamedTuple

from benchmarks import tpu_cases, tpu_table
from benchmarks.tpu_cases import Case
from benchmarks.tpu_chips import SLICES
from clip_italian import config
from clip_italian.data.images.settings import ImageSettings

PAGE = pathlib.Path(__file__).parents[1] / "SCALING.md"
BEGIN, END = "<!-- {}: made by benchmarks/scaling.py -->", "<!-- /{} -->"
HOUR = 3600

# Measured on one core of a Xeon at 2.8 GHz that others used too, in pictures a second.
FETCHED = 1357.0  # benchmarks/fetching.py: files from servers on this machine that answer at once
STORED = 492.0  # benchmarks/augmenting.py: from a JPEG of 119 kB to a stored picture of 256 pixels, the fast way
READ = 929.0  # benchmarks/reading.py: from a shard, 256 pixels
VIEWED = 1195.0  # benchmarks/augmenting.py: from a stored picture to an augmented view of 224 pixels
SQUARE = 122 / 2e6**2  # LOG.md: seconds of finding duplicates among two million hashes, for each pair of hashes
# Assumed.
SHARE = 0.45  # of the least time that docs/tpu.md gives: what a step reaches; large models on TPUs report 40 to 60 %
FILE = 130e3  # bytes of a picture as it comes; docs/real-data.md


class Rented(NamedTuple):
    """What a slice comes with."""

    hosts: int
    vcpus: int  # of all hosts; two are a core
    dollars: float  # a chip and hour


# vCPUs: Google Cloud's pages on TPU versions. Prices: on demand in the United States, without disks and network; those of v4, v5e
# and v6e as cited in 2026, that of v3 from 2021. Put today's in.
RENTED = {
    "v3-8": Rented(1, 96, 2.00),
    "v4-32": Rented(4, 960, 3.22),
    "v5litepod-64": Rented(8, 1792, 1.20),
    "v6e-64": Rented(8, 1440, 2.70),
}


class Run(NamedTuple):
    """A training run."""

    pairs: float
    passes: int  # 15: fine-tuning of 2021; 32: CLIP (Radford et al. 2021)
    slice: str


SIZES = (1.4e6, 12e6, 100e6, 400e6)
RUNS = [
    Run(1.4e6, 15, "v3-8"),
    Run(1.4e6, 15, "v5litepod-64"),
    Run(12e6, 15, "v5litepod-64"),
    Run(100e6, 32, "v4-32"),
    Run(100e6, 32, "v5litepod-64"),
    Run(100e6, 32, "v6e-64"),
    Run(400e6, 32, "v5litepod-64"),
    Run(400e6, 32, "v6e-64"),
]


def data() -> str:
    """What becomes of so many pairs before training: files, bytes, and hours of a core."""
    images = config.section(ImageSettings, "images", tpu_cases.PROFILE)
    picture = 3 * images.stored**2
    rows = [
        f"| {_count(pairs)} | {pairs * FILE / 1e12:.1f} TB | {pairs / images.per_shard:,.0f} | {pairs * picture / 1e12:.1f} TB "
        f"| {_hours(pairs / FETCHED)} | {_hours(pairs / STORED)} | {_hours(SQUARE * pairs**2)} |"
        for pairs in SIZES
    ]
    head = "| pairs | pictures as they come | shards | bytes | fetching, at least | storing, one core | duplicates, one core |"
    return "\n".join([head, "|---:" * 7 + "|", *rows])


def training() -> str:
    """What runs take: hours by the devices and by the hosts that feed them, and money."""
    head = "| pairs | passes | slice | devices allow | hosts allow | takes | chip-hours | dollars |"
    return "\n".join([head, "|---:|---:|---|---:|---:|---:|---:|---:|", *(_row(run) for run in RUNS)])


def _row(run: Run) -> str:
    slice_, rented = SLICES[run.slice], RENTED[run.slice]
    devices, hosts = SHARE * tpu_table.at_most(*_case(run.slice)), rented.vcpus / 2 / (1 / READ + 1 / VIEWED)
    hours = run.pairs * run.passes / min(devices, hosts) / HOUR
    chip_hours = hours * slice_.chips
    cells = [_count(run.pairs), f"{run.passes}", run.slice, *(f"{tpu_table.rounded(rate)} pairs/s" for rate in (devices, hosts))]
    return "| " + " | ".join([*cells, _hours(HOUR * hours), f"{chip_hours:,.0f}", f"{chip_hours * rented.dollars:,.0f}"]) + " |"


def _case(slice_: str) -> tuple[Case, dict]:
    """The fastest of a slice's cases with captions of 32 tokens."""
    found = tpu_table.read()["cases"]
    ours = [case for case in tpu_cases.CASES if case.slice == slice_ and case.tokens == 32 and case.name in found]
    known = [(case, found[case.name]) for case in ours]
    return max((pair for pair in known if tpu_table.best_facts(pair[1])["fits"]), key=lambda pair: tpu_table.at_most(*pair))


def _count(pairs: float) -> str:
    return f"{pairs / 1e6:,.1f} million".replace(".0 ", " ")


def _hours(seconds: float) -> str:
    hours = seconds / HOUR
    return f"{hours:,.0f} h" if hours >= 10 else f"{hours:.1f} h" if hours >= 1 else f"{seconds / 60:.0f} min"


def filled(page: str) -> str:
    """The page with its tables made anew."""
    for name, made in (("data", data()), ("training", training())):
        before, rest = page.split(BEGIN.format(name))
        page = f"{before}{BEGIN.format(name)}\n{made}\n{END.format(name)}{rest.split(END.format(name))[1]}"
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
