"""Rows in, rows kept, time and memory of curation: `python -m benchmarks.million_rows [ROWS ...] [--workers N]`.

A file of WIT's form, by default with 100,000 rows and then with 1,000,000, and archives of 10,000 small pictures each; of the rows
a tenth is in another language, a fifth has no picture, some have a caption of proper nouns, a web page for a picture, or a picture
and a caption that were there before. They go through stage `curate`'s own function in a process of its own, with profile mini's
settings but for the tagger, which looks words up. Printed are the rows by what became of them, which must add up, rows a second,
and the largest resident memory of that process and of a worker.
"""

import argparse
import gzip
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import zipfile

import cv2
import numpy as np
import simplejpeg

from clip_italian import config
from clip_italian.data.archives import add
from clip_italian.data.curation.curate import CurateSettings, curate
from clip_italian.data.images.settings import ImageSettings
from clip_italian.data.sources.rows import member_of
from clip_italian.data.sources.wit import WIT_COLUMNS
from clip_italian.data.workers import WorkersSettings
from tests.helpers.small_world import looked_up

DISTINCT, SIDE, PER_ARCHIVE = 20_000, 64, 10_000
MIB = 1 << 20


def pictures() -> list[bytes]:
    """Small JPEGs of smooth noise, no two alike."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (DISTINCT, 8, 8, 3), dtype=np.uint8)
    return [simplejpeg.encode_jpeg(cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 85) for one in coarse]


def row(place: int) -> tuple[str, str]:
    """Language and caption of a row."""
    if place % 10 == 3:
        return "fr", "une légende"
    if place % 25 == 4:
        return "it", "Giuseppe Verdi"
    return "it", f"un gatto numero {place % 300_000} sopra una sedia"


def write(raw: pathlib.Path, rows: int) -> None:
    """A table and archives with so many rows."""
    (raw / "sources/wit").mkdir(parents=True)
    some, archive, count = pictures(), None, 0
    with gzip.open(raw / "sources/wit/wit_v1.train.all-00000-of-00001.tsv.gz", "wt", compresslevel=1) as table:
        table.write("\t".join(WIT_COLUMNS) + "\n")
        for place in range(rows):
            language, caption = row(place)
            url = f"https://pictures.example.org/{place}.jpg"
            columns = dict.fromkeys(WIT_COLUMNS, "") | {"language": language, "page_url": "https://it.example.org/"}
            columns |= {"image_url": url, "caption_reference_description": caption}
            table.write("\t".join(columns.values()) + "\n")
            if language == "it" and place % 5:
                if count % PER_ARCHIVE == 0:
                    archive = zipfile.ZipFile(raw / f"sources/wit/images-{count // PER_ARCHIVE:05d}.zip", "w")
                add(archive, member_of(url), b"<html>" if place % 100 == 7 else some[place % DISTINCT])
                count += 1
                if count % PER_ARCHIVE == 0:
                    archive.close()
    if archive:
        archive.close()


def measure(folder: pathlib.Path, workers: int) -> None:
    """Curates what lies in `folder / "raw"`; prints seconds, memory and the report as JSON."""
    out, state = folder / "pairs", folder / "state"
    out.mkdir()
    state.mkdir()
    start = time.perf_counter()
    where = WorkersSettings(kind="processes", count=workers, address=None)
    settings = config.section(CurateSettings, "curate", "mini").model_copy(update={"sources": ["wit"], "translated": []})
    limits = config.section(ImageSettings, "images", "mini").limits
    report = curate(folder / "raw", out, state, settings, limits, looked_up, where)
    seconds = time.perf_counter() - start
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({"seconds": seconds, "peaks": peaks, "report": report}))


def run(rows: int, workers: int) -> float:
    """Prints what came of so many rows; returns the largest memory of the main process, in MiB."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        write(folder / "raw", rows)
        command = [sys.executable, "-m", "benchmarks.million_rows", "--measure", temporary, "--workers", str(workers)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    became = found["report"]["sources"]["wit"]["rows"]
    assert became["read"] == rows == became["kept"] + sum(became["rejected"].values())
    print(f"{rows:,} rows read, {became['kept']:,} kept; {found['seconds']:.0f} s, {rows / found['seconds']:,.0f} rows/s")
    for reason, count in sorted(became["rejected"].items()):
        print(f"  {count:>9,} {reason}")
    main, worker = found["peaks"]
    print(f"  at most {main:.0f} MiB in the main process, {worker:.0f} MiB in a worker", flush=True)
    return main


def main(sizes: list[int], workers: int) -> None:
    peaks = [run(rows, workers) for rows in sizes]
    if len(sizes) > 1:
        grown = (peaks[-1] - peaks[0]) * MIB / (sizes[-1] - sizes[0])
        print(f"the main process grows by {grown:.0f} bytes a row")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--measure", type=pathlib.Path, metavar="FOLDER", help="in this process; prints JSON")
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.workers)
    else:
        main(arguments.rows, arguments.workers)
