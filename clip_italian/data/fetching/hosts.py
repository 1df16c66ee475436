"""Limits the requests to each host: their number, the delay between them, and pauses that the host demands."""

import asyncio

from clip_italian.data.fetching.answers import Missing, Reason
from clip_italian.data.fetching.settings import FetchSettings

REMEMBERED = 1000  # the number of hosts above which idle ones are forgotten


class Host:
    """One host: its slots for simultaneous requests, and the earliest time of the next one in seconds of the loop's clock."""

    def __init__(self, slots: int) -> None:
        self.slots = asyncio.Semaphore(slots)
        self.users = 0  # requests that hold a slot or wait for one
        self.next = 0.0
        self.closed_until = 0.0

    def close(self, seconds: float) -> None:
        """Delays all requests to the host by this time."""
        self.closed_until = max(self.closed_until, asyncio.get_running_loop().time() + seconds)


class Hosts:
    """The hosts with current requests or pauses."""

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._connections = asyncio.Semaphore(settings.concurrency)
        self._hosts: dict[str, Host] = {}
        self._prune_at = REMEMBERED

    def _host(self, name: str) -> Host:
        if name not in self._hosts:
            if len(self._hosts) >= self._prune_at:
                now = asyncio.get_running_loop().time()
                busy = {name: host for name, host in self._hosts.items() if host.users or max(host.next, host.closed_until) > now}
                self._hosts = busy
                self._prune_at = max(REMEMBERED, 2 * len(self._hosts))
            self._hosts[name] = Host(self._settings.per_host)
        return self._hosts[name]

    async def enter(self, name: str) -> Host:
        """Waits for a slot of the host, its delay and its Retry-After; raises Missing if Retry-After is too long."""
        host = self._host(name)
        host.users += 1
        try:
            await host.slots.acquire()
        except asyncio.CancelledError:
            host.users -= 1
            raise
        try:
            await self._connect(host)
        except BaseException:
            self._give_back(host)
            raise
        return host

    def leave(self, host: Host) -> None:
        """Releases the slot and the connection of `enter`."""
        self._connections.release()
        self._give_back(host)

    @staticmethod
    def _give_back(host: Host) -> None:
        host.slots.release()
        host.users -= 1

    async def _connect(self, host: Host) -> None:
        """Takes one of all connections as soon as the host may be requested; no connection is held while waiting."""
        clock = asyncio.get_running_loop().time
        while True:
            while (due := max(host.next, host.closed_until)) > clock():
                if host.closed_until - clock() > self._settings.max_retry_after:
                    raise Missing(Reason.PAUSED)
                await asyncio.sleep(due - clock())
            await self._connections.acquire()
            if max(host.next, host.closed_until) <= clock():
                host.next = clock() + self._settings.delay
                return
            self._connections.release()
