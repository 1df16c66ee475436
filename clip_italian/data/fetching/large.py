"""Downloads publishers' large files to disk, with resumption and a check of the hash."""

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
    """Downloads `address` to `path`, unless the file exists with the right content.

    An interrupted download stays in `path.part` and is resumed if the server confirms that the file is unchanged (RFC 9110, 13.1.5,
    If-Range). robots.txt is not consulted, because these addresses are the study's own settings. `sha256` is None if the publisher
    states none. Raises InputError naming the address, the file and the remedy.
    """
    if path.exists() and sha256 in (None, files.sha256(path)):
        return
    part = _Part(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    resumed = part.size > 0
    asyncio.run(_Fetch(address, part, settings).run())
    if sha256 is not None and (found := files.sha256(part.path)) != sha256:
        part.drop()
        if resumed:  # the parts may be from two versions of the file
            return fetch_file(address, path, sha256, settings)
        raise InputError(
            f"{path}: {address} gave a file with SHA-256 {found} instead of {sha256}; "
            "if its publisher has changed it, correct the hash in the profile, else try again"
        )
    part.finish()


class _Part:
    """The downloaded beginning of a file, and beside it the validator (ETag or date) of the server's file."""

    def __init__(self, path: pathlib.Path) -> None:
        self.final = path
        self.path = path.with_name(path.name + ".part")
        self._about = path.with_name(path.name + ".part.json")

    @property
    def size(self) -> int:
        """The number of bytes from which the download can be resumed."""
        return self.path.stat().st_size if self.path.exists() and self.validator else 0

    @property
    def validator(self) -> str | None:
        """The strong ETag, or the date, of the server's file when the download began."""
        try:
            validator = json.loads(self._about.read_bytes())["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return validator if isinstance(validator, str) else None

    def begin(self, headers: Any) -> None:
        """Starts anew, for the file that the response headers describe."""
        self.drop()
        etag = headers.get("ETag", "W/")
        validator = headers.get("Last-Modified") if etag.startswith("W/") else etag  # RFC 9110, 13.1.5: weak ETags cannot be used
        files.write_json(self._about, {"validator": validator})

    def drop(self) -> None:
        """Deletes the part."""
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)

    def finish(self) -> None:
        """Renames the complete part to the final file."""
        with open(self.path, "rb") as file:
            os.fsync(file.fileno())
        os.replace(self.path, self.final)
        self.drop()


class _Fetch:
    """The download of one file: each try resumes where the last one stopped."""

    def __init__(self, address: str, part: _Part, settings: FetchSettings) -> None:
        self._address = address
        self._part = part
        self._settings = settings

    async def run(self) -> None:
        """Completes the part; raises InputError after `tries` tries in a row without a new byte."""
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
            size, validator = self._part.size, self._part.validator
            resume = {"Range": f"bytes={size}-", "If-Range": validator} if size and validator else {}
            async with client.response_to(opened, url, self._settings, resume, stall) as response:
                if response.status not in client.REDIRECTS:
                    return await self._take(response)
                url = client.following(url, response.headers.get("Location", ""))
        raise Missing(Reason.REDIRECTS)

    async def _take(self, response: aiohttp.ClientResponse) -> None:
        begin, total = self._extent(response)
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
        except OSError as error:  # or it would be taken for an error of the connection
            raise InputError(f"{self._part.path}: {spool.cannot_be_written(error)}") from error

    def _extent(self, response: aiohttp.ClientResponse) -> tuple[int, int | None]:
        """The index of the response's first byte in the file, and the file's length; drops a part that cannot be resumed.

        Content-Range is `bytes first-last/length` (RFC 9110, 14.4), or `bytes */length` in the answer to a complete part.
        """
        if response.status in (206, 416):
            client.check_encoding(response)
            stated = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+)", response.headers.get("Content-Range", ""))
            if stated is None or int(stated[1] or stated[2]) != self._part.size:
                self._part.drop()
                raise Missing(Reason.SHORT)
            return self._part.size, int(stated[2])
        client.check_status(response)
        if (response.content_length or 0) > self._settings.max_file_bytes:
            raise Missing(Reason.LARGE)
        self._part.begin(response.headers)
        return 0, response.content_length
