"""How fast small files are fetched from a server on this machine, and in how much memory: `python -m benchmarks.fetching`.

The server is a process of its own that does as little as a server can. It is asked by ours, with all its care (addresses judged,
robots.txt, turns, hashes, archives on disk); by two clients that only read: aiohttp's, which ours is made of, and threads with
urllib, which is how img2dataset asks; and by bare sockets, which show what the server itself can do. Processor seconds are of
server and client; each row is the median of ROUNDS. Memory is the peak of a process that fetches so many.
"""

import asyncio
import contextlib
import multiprocessing
import pathlib
import resource
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

import aiohttp

from clip_italian.data.fetching.answers import ImageRequest
from clip_italian.data.fetching.images import fetch_images
from clip_italian.data.fetching.settings import FetchSettings

FILES, BYTES, HOSTS, CONNECTIONS, ROUNDS = 10_000, 4096, 10, 64, 3
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: image/jpeg\r\n\r\n" % BYTES + bytes(BYTES)
NONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Serving(asyncio.Protocol):
    """Answers every request with the same file, and for robots.txt that there is none."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.rest = transport, b""

    def data_received(self, data: bytes) -> None:
        *requests, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for request in requests:
            self.transport.write(NONE if request.startswith(b"GET /robots.txt") else ANSWER)  # type: ignore[attr-defined]


def serve(pipe: Connection) -> None:
    """Tells its port, then its processor seconds whenever it is asked for them."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        while await asyncio.to_thread(pipe.recv):
            pipe.send(time.process_time())

    asyncio.run(run())


@contextlib.contextmanager
def server() -> Iterator[tuple[int, Callable[[], float]]]:
    """The port of a running server, and what gives its processor seconds."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()

    def seconds() -> float:
        ours.send(True)
        return ours.recv()

    try:
        yield ours.recv(), seconds
    finally:
        ours.send(False)
        process.join()


def settings(port: int) -> FetchSettings:
    """Those of a fast network; everything that is care is on."""
    return FetchSettings(
        agent="benchmark/1.0",
        about="https://example.org",
        contact="",
        gateway=f"127.0.0.1:{port}",
        obey=True,
        concurrency=CONNECTIONS,
        per_host=CONNECTIONS,
        waiting=4 * CONNECTIONS,
        delay=0.0,
        deadline=20.0,
        max_bytes=20 << 20,
        max_redirects=5,
        tries=3,
        back_off=1.0,
        max_retry_after=60.0,
        part=10_000,
        coverage=1.0,
        max_file_bytes=1 << 30,
        stall=60.0,
    )


def wanted(count: int) -> Iterator[ImageRequest]:
    """So many pictures of a few hosts."""
    return (ImageRequest(f"http://h{number % HOSTS}.example/pictures/{number}.jpg", f"{number:040d}") for number in range(count))


def ours(port: int, count: int = FILES) -> None:
    """Fetched, checked, hashed, in archives."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        counts = fetch_images(wanted(count), root / "raw", root / "state", settings(port))
    assert counts.got == count, counts


def bare_aiohttp(port: int) -> None:
    """Read and thrown away."""

    async def worker(session: aiohttp.ClientSession, addresses: Iterator[str]) -> None:
        for address in addresses:
            async with session.get(address) as response:
                assert len(await response.read()) == BYTES

    async def run() -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            addresses = (f"http://127.0.0.1:{port}/pictures/{number}.jpg" for number in range(FILES))
            await asyncio.gather(*(worker(session, addresses) for _ in range(CONNECTIONS)))

    asyncio.run(run())


def threads_with_urllib(port: int) -> None:
    """Read and thrown away, a new connection each."""

    def get(number: int) -> int:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/pictures/{number}.jpg", headers={"User-Agent": "benchmark"})
        with urllib.request.urlopen(request, timeout=10) as response:
            return len(response.read())

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        assert all(size == BYTES for size in pool.map(get, range(FILES)))


class Asking(asyncio.Protocol):
    """Sends the next request when the last answer is whole, and understands nothing."""

    def __init__(self, numbers: Iterator[int], done: asyncio.Future[None]) -> None:
        self.numbers, self.done, self.left = numbers, done, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        number = next(self.numbers, None)
        if number is None:
            return self.done.set_result(None)
        self.left = len(ANSWER)
        self.transport.write(b"GET /pictures/%d.jpg HTTP/1.1\r\nHost: a\r\n\r\n" % number)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.left -= len(data)
        if not self.left:
            self.ask()


def bare_sockets(port: int) -> None:
    """What the server gives to a client that costs next to nothing."""

    async def run() -> None:
        loop, numbers = asyncio.get_running_loop(), iter(range(FILES))
        ends = [loop.create_future() for _ in range(CONNECTIONS)]
        for end in ends:
            await loop.create_connection(lambda end=end: Asking(numbers, end), "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.gather(*ends)

    asyncio.run(run())


def measured(work: Callable[[int], None], port: int, seconds: Callable[[], float]) -> tuple[float, float, float]:
    """Files a second, and the processor's seconds of server and client."""
    served, spent, start = seconds(), time.process_time(), time.perf_counter()
    work(port)
    took = time.perf_counter() - start
    return FILES / took, seconds() - served, time.process_time() - spent


def peak(port: int, count: int, pipe: Connection) -> None:
    """Sends the peak memory in MiB of fetching so many."""
    ours(port, count)
    pipe.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def memory(port: int, count: int) -> float:
    """Of a process of its own."""
    receiving, sending = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=peak, args=(port, count, sending))
    process.start()
    process.join()
    return receiving.recv()


def main() -> None:
    with server() as (port, seconds):
        ways = (ours, bare_aiohttp, threads_with_urllib, bare_sockets)
        rows = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way in ways:
                rows[way].append(measured(way, port, seconds))
        medians = {way: [statistics.median(column) for column in zip(*rows[way], strict=True)] for way in ways}
        for way, (rate, served, spent) in medians.items():
            ratio = medians[ours][0] / rate
            processor = f"processor {served:.2f} s server, {spent:.2f} s client"
            print(f"{way.__name__}: {rate:.0f} files/s, {processor}; ours is {ratio:.2f} times as fast")
        small, large = memory(port, FILES), memory(port, 10 * FILES)
        print(f"memory: {small:.0f} MiB at {FILES} files, {large:.0f} MiB at {10 * FILES}, ratio {large / small:.2f}")


if __name__ == "__main__":
    main()
