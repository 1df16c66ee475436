"""Publishers' large files: streamed to disk, resumed where they stopped, and checked."""

import asyncio
import json
import os
import pathlib
import re
from typing import Any, BinaryIO

import aiohttp
import tqdm

from clip_italian import files
from clip_italian.data.fetching import client, spool
from clip_italian.data.fetching.answers import PASSING, TEMPORARY, Missing, Reason
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.errors import InputError


def fetch_file(address: str, path: pathlib.Path, sha256: str | None, settings: FetchSettings) -> None:
    """Puts the file at `address` to `path`, unless it is there already with the right content.

    What came before a kill lies in `path.part` and is not asked for again where the server tells that the file is the same
    (RFC 9110, 13.1.5, If-Range). No robots.txt is asked: these addresses are the study's own settings. `sha256` is None where no
    publisher states one. Raises InputError naming the address, the file and the remedy.
    """
    if path.exists() and sha256 in (None, files.sha256(path)):
        return
    part = _Part(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.size > 0
    asyncio.run(_Fetch(address, part, settings).run())
    if sha256 is not None and (found := files.sha256(part.path)) != sha256:
        part.drop()
        if resumed:  # the pieces may be of two files, or the disk has changed the first one
            return fetch_file(address, path, sha256, settings)
        raise InputError(
            f"{path}: {address} gave a file with SHA-256 {found} instead of {sha256}; "
            "if its publisher has changed it, correct the hash in the profile, else try again"
        )
    part.finish()


class _Part:
    """The beginning of a file, and beside it what tells whether the server's is still the same."""

    def __init__(self, path: pathlib.Path) -> None:
        self.final = path
        self.path = path.with_name(path.name + ".part")
        self._about = path.with_name(path.name + ".part.json")

    @property
    def size(self) -> int:
        """Bytes that are there and may be gone on from."""
        return self.path.stat().st_size if self.path.exists() and self.validator else 0

    @property
    def validator(self) -> str | None:
        """The strong ETag, or the date, of the file that the part is of."""
        try:
            validator = json.loads(self._about.read_bytes())["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return validator if isinstance(validator, str) else None

    def begin(self, headers: Any) -> None:
        """Starts again, for the file that the response headers describe."""
        self.drop()
        etag = headers.get("ETag", "W/")
        validator = headers.get("Last-Modified") if etag.startswith("W/") else etag  # RFC 9110, 13.1.5: no weak ones
        files.write_json(self._about, {"validator": validator})

    def drop(self) -> None:
        """Forgets what came."""
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)

    def finish(self) -> None:
        """The file is whole: gives it its name."""
        with open(self.path, "rb") as file:
            os.fsync(file.fileno())
        os.replace(self.path, self.final)
        self.drop()


class _Fetch:
    """One file's way: tries that each go on where the last one stopped."""

    def __init__(self, address: str, part: _Part, settings: FetchSettings) -> None:
        self._address = address
        self._part = part
        self._settings = settings

    async def run(self) -> None:
        """Returns with a whole part; raises InputError after as many tries without a new byte as the settings allow."""
        async with client.session(self._settings) as opened:
            failed = 0
            while True:
                before = self._part.size
                try:
                    return await self._once(opened)
                except Missing as missing:
                    failed = 1 if self._part.size > before else failed + 1
                    if missing.reason not in PASSING | {Reason.SLOW, Reason.UNREACHABLE} or failed >= self._settings.tries:
                        raise self._error(missing.reason) from None
                await asyncio.sleep(self._settings.back_off * 2 ** (failed - 1))

    def _error(self, reason: Reason) -> InputError:
        remedy = "run `dvc repro` to go on" if reason in TEMPORARY else "correct its address, or put the file there yourself"
        return InputError(f"{self._part.final}: {self._address} did not give it ({reason}); {remedy}")

    async def _once(self, opened: aiohttp.ClientSession) -> None:
        url = client.parse(self._address)
        stall = aiohttp.ClientTimeout(total=None, sock_connect=self._settings.stall, sock_read=self._settings.stall)
        for _ in range(self._settings.max_redirects + 1):
            async with client.asked(opened, url, self._settings, self._range(), stall) as response:
                if response.status not in client.REDIRECTS:
                    return await self._take(response)
                url = client.following(url, response.headers.get("Location", ""))
        raise Missing(Reason.REDIRECTS)

    def _range(self) -> dict[str, str]:
        """The headers that ask for what is not there yet, if the file is still the same, else for all of it."""
        size, validator = self._part.size, self._part.validator
        return {"Range": f"bytes={size}-", "If-Range": validator} if size and validator else {}

    async def _take(self, response: aiohttp.ClientResponse) -> None:
        begin, total = self._place(response)
        if begin == total:
            return
        with (
            open(self._part.path, "ab", buffering=0) as file,
            tqdm.tqdm(initial=begin, total=total, unit="B", unit_scale=True, desc=self._part.final.name, disable=None) as bar,
        ):
            size = begin
            while size <= self._settings.max_file_bytes and (piece := await response.content.readany()):
                self._write(file, piece)
                size += len(piece)
                bar.update(len(piece))
        if size > self._settings.max_file_bytes:
            self._part.drop()
            raise Missing(Reason.LARGE)
        if total is not None and size != total:
            raise Missing(Reason.SHORT)

    def _write(self, file: BinaryIO, piece: bytes) -> None:
        try:
            spool.write_all(file, piece)
        except OSError as error:  # not to be taken for the connection's
            raise InputError(f"{self._part.path}: {spool.cannot_be_written(error)}") from error

    def _place(self, response: aiohttp.ClientResponse) -> tuple[int, int | None]:
        """Where the answer's bytes begin in the file, and how many the whole has; starts anew where they do not go on from ours."""
        if response.status in (206, 416):
            client.check_encoding(response)
            stated = self._stated(response.headers.get("Content-Range", ""))
            if stated is None or stated[0] != self._part.size:
                self._part.drop()
                raise Missing(Reason.SHORT)
            return stated
        client.check_status(response)
        if (response.content_length or 0) > self._settings.max_file_bytes:
            raise Missing(Reason.LARGE)
        self._part.begin(response.headers)
        return 0, response.content_length

    @staticmethod
    def _stated(content_range: str) -> tuple[int, int] | None:
        """First byte and length that Content-Range (RFC 9110, 14.4) states; `bytes */n` is what a whole part is answered with."""
        found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", content_range)
        return (int(found[1] or found[2]), int(found[2])) if found else None
