"""What reading a WIT-shaped file costs, and whether its rows add up: `python -m benchmarks.wit_rows [ROWS]`, a million by default.

The file is drawn: nine rows of ten in other languages, a third with newlines in quoted fields, one in 100 repeated, one in 1,000
broken (a quote that nothing closes, Latin-1, columns missing). It is read by `sources.READERS["wit"]`, by Python's csv and by
pandas, each in a process of its own, whose peak memory is printed for a tenth of the rows and for all of them: flat is what stays.
The peers are asked for the same, the Italian rows that have a description; csv as its documentation shows, and pandas whole and in
chunks, leaving out the rows that it cannot parse. Fails when our reader loses a row or keeps another number than were drawn to be.
"""

import csv
import gzip
import io
import multiprocessing
import pathlib
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable

import pandas

from clip_italian.data.sources.sources import READERS
from clip_italian.data.sources.wit import WIT_COLUMNS

CHUNK = 10_000  # rows that pandas holds at a time
LANGUAGES = ("it", "en", "de", "fr", "es", "nl", "pl", "ja", "ru", "pt")
WORDS = ("un", "gatto", "nero", "dorme", "sopra", "la", "sedia", "rossa", "accanto", "alla", "porta", "della", "casa", "al", "mare")
NAME = "wit_v1.train.all-00000-of-00001.tsv.gz"


def write(folder: pathlib.Path, rows: int) -> Counter[str]:
    """Writes the file; returns how many rows there are of each kind."""
    rng, counts, last = random.Random(0), Counter[str](), b""
    with gzip.GzipFile(folder / NAME, "wb", compresslevel=1, mtime=0) as file:
        file.write("\t".join(WIT_COLUMNS).encode() + b"\n")
        for number in range(rows):
            kind = "broken" if rng.random() < 0.001 else "repeated" if number and rng.random() < 0.01 else "new"
            if kind == "broken":
                file.write(broken(number, rng))
            else:
                last = last if kind == "repeated" else row(number, rng)
                file.write(last)
            counts[kind] += 1
            counts["to be kept"] += kind != "broken" and last.startswith(b"it\t") and b"\t\tdidascalia " in last
    return counts


def row(number: int, rng: random.Random) -> bytes:
    """A row of some 700 bytes as Python's csv quotes it."""
    language = LANGUAGES[rng.randrange(len(LANGUAGES))]
    said = "didascalia " + sentence(rng, 10) if rng.random() < 0.8 else ""
    page = f"https://{language}.wikipedia.example/wiki/{number}"
    folds = "\n" if number % 3 == 0 else " "
    quoted = f'{sentence(rng, 10)} "{sentence(rng, 3)}"{folds}{sentence(rng, 20)}'
    contexts = (folds.join(sentence(rng, 20) for _ in range(3)), quoted)
    text = io.StringIO(newline="")
    columns = [
        language,
        page,
        f"https://w.example/{number}.jpg",
        f"Pagina {number}",
        "",
        "",
        said,
        f"Figura {number}",
        "",
        "image/jpeg",
        640,
        480,
        "true",
        "true",
        "false",
        *contexts,
    ]
    csv.writer(text, delimiter="\t", lineterminator="\n").writerow(columns)
    return text.getvalue().encode()


def broken(number: int, rng: random.Random) -> bytes:
    """A row that is none."""
    start = f"it\thttps://it.wikipedia.example/wiki/{number}\thttps://w.example/{number}.jpg\tx\t\t\t".encode()
    end = b"\t\t\timage/jpeg\t640\t480\ttrue\ttrue\tfalse\t\t\n"
    return start + (b'"Un gatto' + end, b"Un caff\xe8" + end, b"Un gatto\n")[rng.randrange(3)]


def sentence(rng: random.Random, words: int) -> str:
    """Words in any order."""
    return " ".join(rng.choices(WORDS, k=words))


def nothing(folder: pathlib.Path) -> str:
    """What the process is without reading."""
    return "no row"


def ours(folder: pathlib.Path) -> str:
    """Our reader: the rows that it keeps and rejects add up."""
    rejected: Counter[str] = Counter()
    kept = sum(1 for _ in READERS["wit"](folder, "it", rejected))
    return f"in {kept + rejected.total():,}, kept {kept:,}, rejected {dict(rejected)}"


def with_csv(folder: pathlib.Path) -> str:
    """csv.DictReader over the text of the file."""
    with gzip.open(folder / NAME, "rt", encoding="utf-8", errors="replace", newline="") as file:
        return counted(csv.DictReader(file, delimiter="\t"))


def counted(rows: csv.DictReader) -> str:  # type: ignore[type-arg]
    """Rows read and kept, and what ended the reading."""
    read = kept = 0
    try:
        for entry in rows:
            read += 1
            kept += entry["language"] == "it" and bool(entry["caption_reference_description"])
    except csv.Error as error:
        return f"in {read:,}, kept {kept:,}, then {error}"
    return f"in {read:,}, kept {kept:,}"


def with_pandas(folder: pathlib.Path, chunk: int | None = None) -> str:
    """pandas.read_csv, whole or in chunks."""
    options = {"sep": "\t", "dtype": str, "keep_default_na": False, "on_bad_lines": "skip", "encoding_errors": "replace"}
    read = kept = 0
    try:
        whole = pandas.read_csv(folder / NAME, chunksize=chunk, **options)
        for frame in [whole] if chunk is None else whole:
            read += len(frame)
            kept += int(((frame["language"] == "it") & frame["caption_reference_description"].astype(bool)).sum())
    except pandas.errors.ParserError as error:
        return f"in {read:,}, kept {kept:,}, then {error}"
    return f"in {read:,}, kept {kept:,}"


def with_pandas_in_chunks(folder: pathlib.Path) -> str:
    """pandas.read_csv, CHUNK rows at a time."""
    return with_pandas(folder, CHUNK)


def measured(read: Callable[[pathlib.Path], str], folder: pathlib.Path) -> tuple[str, float, float]:
    """What it says, seconds, and the process's peak memory in MiB."""
    start = time.perf_counter()
    said = read(folder)
    return said, time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seconds = {}
    for count in (rows // 10, rows):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            drawn = write(folder, count)
            print(f"{count:,} rows written: {dict(drawn)}, {(folder / NAME).stat().st_size >> 20} MiB")
            for read in (nothing, ours, with_csv, with_pandas, with_pandas_in_chunks):
                with multiprocessing.get_context("spawn").Pool(1) as pool:  # a process each: its peak is this reader's own
                    said, seconds[read.__name__], peak = pool.apply(measured, (read, folder))
                print(f"  {read.__name__}: {said}; {seconds[read.__name__]:.1f} s, peak {peak:.0f} MiB", flush=True)
                if read is ours and not said.startswith(f"in {count:,}, kept {drawn['to be kept']:,},"):
                    sys.exit("rows were lost, or others kept than were drawn to be")
    print(f"ours over pandas in chunks, seconds: {seconds['ours'] / seconds['with_pandas_in_chunks']:.2f}")
    print(f"ours over csv, seconds: {seconds['ours'] / seconds['with_csv']:.2f}")


if __name__ == "__main__":
    main()
