"""Fetches the images of a source's addresses into zip archives."""

import asyncio
import contextlib
import dataclasses
import datetime
import itertools
import pathlib
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import tqdm

from clip_italian import files
from clip_italian.data.fetching import answers, client, parts
from clip_italian.data.fetching.answers import Answer, Attrition, ImageRequest, Missing, fetched
from clip_italian.data.fetching.client import Client, UrlCheck
from clip_italian.data.fetching.parts import Part
from clip_italian.data.fetching.robots import RobotsStore
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.errors import InputError

OPEN_PARTS = 4  # parts in progress, so that fast hosts need not wait for slow ones
DATES, ROBOTS, SEEN = "dates.json", "robots.sqlite", "seen.sqlite"


def fetch_images(requests: Iterable[ImageRequest], folder: pathlib.Path, state: pathlib.Path, settings: FetchSettings) -> Attrition:
    """Fetches every requested image once and writes `images-00000.zip`, `images-00000.json`, ... to `folder`.

    Progress is kept in `state`, so that a killed run can be resumed; the caller removes it. `state/dates.json` has the time at
    which each part was finished. No other file has a date. Raises InputError if a name has two addresses, or if less than
    `settings.coverage` of the images could be fetched. The next run then retries the temporary failures.
    """
    if settings.gateway is None and not settings.contact:
        raise InputError("profiles: in section `fetch`: key `contact` is empty; put there how the hosts' owners reach you")
    state.mkdir(parents=True, exist_ok=True)
    total = len(requests) if isinstance(requests, list | tuple) else None
    try:
        with contextlib.closing(Seen(state / SEEN)) as seen, tqdm.tqdm(total=total, unit="image", disable=None) as bar:
            stems = asyncio.run(_Fetch(state, settings, bar).run(seen.new(requests)))
    except sqlite3.Error as error:
        tables = f"{state / ROBOTS}, {state / SEEN}"
        raise InputError(f"{tables}: {error}; free space, or delete both and run `dvc repro` again") from error
    counts = answers.count(parts.answers(stems), seen.repeated)
    files.write_json(state / "attrition.json", dataclasses.asdict(counts))
    if counts.share < settings.coverage:
        for stem in stems:
            parts.forget_temporary(stem)
        raise InputError(
            f"{state}: {counts.got} of {counts.asked} images were fetched (reasons: attrition.json there), less than the share "
            f"{settings.coverage} of key `fetch.coverage`; run `dvc repro` to retry the temporary failures, or lower the key"
        )
    _deliver(stems, folder)
    return counts


class Seen:
    """The images requested so far, in a table on disk, since there may be more than fit into memory."""

    def __init__(self, path: pathlib.Path) -> None:
        path.unlink(missing_ok=True)
        self.repeated = 0
        self._table = sqlite3.connect(path, check_same_thread=False)  # several threads, one after the other
        self._table.execute("PRAGMA journal_mode = OFF")
        self._table.execute("PRAGMA synchronous = OFF")
        self._table.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, address TEXT) WITHOUT ROWID")

    def new(self, requests: Iterable[ImageRequest]) -> Iterator[ImageRequest]:
        """Yields the requests that are not repetitions; raises InputError if a name has two addresses."""
        for request in requests:
            if self._table.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (request.name, request.address)).rowcount:
                yield request
                continue
            (address,) = self._table.execute("SELECT address FROM seen WHERE name = ?", (request.name,)).fetchone()
            if address != request.address:
                raise InputError(f"image `{request.name}` has two addresses, {address} and {request.address}; rename one of them")
            self.repeated += 1

    def close(self) -> None:
        self._table.close()


class _Fetch:
    """One run. Parts are opened one after the other; the images of a part are fetched concurrently."""

    def __init__(self, state: pathlib.Path, settings: FetchSettings, bar: Any) -> None:
        self._state = state
        self._settings = settings
        self._bar = bar
        self._room = asyncio.Semaphore(OPEN_PARTS)
        self._jobs: asyncio.Queue[tuple[Part, ImageRequest] | None] = asyncio.Queue(settings.waiting)

    async def run(self, requests: Iterator[ImageRequest]) -> list[pathlib.Path]:
        """Fetches all images; returns the stems of the finished parts."""
        async with client.session(self._settings) as opened:
            fetcher = Client(opened, self._settings)
            with contextlib.closing(RobotsStore(self._state / ROBOTS, fetcher, self._settings.product)) as store:
                check = store.check if self._settings.obey else _allow
                workers = asyncio.gather(*(self._work(fetcher, check) for _ in range(self._settings.waiting)))
                stems, _ = await asyncio.gather(self._open(requests), workers)
        return stems

    async def _open(self, requests: Iterator[ImageRequest]) -> list[pathlib.Path]:
        stems: list[pathlib.Path] = []
        # In threads: a million rows may be read between two requests, and a finished part is read to check it.
        while some := await asyncio.to_thread(list, itertools.islice(requests, self._settings.part)):
            stems.append(self._state / f"images-{len(stems):05d}")
            await self._room.acquire()
            part = await asyncio.to_thread(Part, stems[-1], some)
            self._bar.update(len(some) - len(part.pending))
            for request in part.pending:
                await self._jobs.put((part, request))
            if not part.pending:
                await self._finish(part)
        for _ in range(self._settings.waiting):
            await self._jobs.put(None)
        return stems

    async def _work(self, fetcher: Client, check: UrlCheck) -> None:
        while (job := await self._jobs.get()) is not None:
            part, request = job
            try:
                content = await fetcher.get(request.address, self._settings.max_bytes, check)
                answer = fetched(request, content)
            except Missing as missing:
                answer, content = Answer(request, reason=missing.reason), b""
            self._bar.update()
            if part.add(answer, content):
                await self._finish(part)

    async def _finish(self, part: Part) -> None:
        if part.is_complete:
            await asyncio.to_thread(part.publish)
            path = self._state / DATES
            dates = files.read_json(path) if path.exists() else {}
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            files.write_json(path, dates | {part.stem.name: now})
        self._room.release()


async def _allow(url: object) -> None:
    """Allows every URL, for profiles that do not obey robots.txt, such as a rehearsal's."""


def _deliver(stems: list[pathlib.Path], folder: pathlib.Path) -> None:
    """Links the finished parts into `folder`, replacing older ones; `state` keeps its own for a resumed run."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("images-*.*"):
        path.unlink()
    for stem in stems:
        for path in (stem.with_suffix(".zip"), stem.with_suffix(".json")):
            files.link(path, folder / path.name)
