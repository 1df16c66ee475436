"""The processes that train one model together: on this host, on others by ssh, or where Slurm puts them.

Every process runs the same program on its own devices; the first writes. They find each other at the first one's address. When one
ends badly the others are ended, here and, by the missing heartbeat, elsewhere; the stage then fails, and runs on from its newest
checkpoint when it is run again, with another number of processes too.
"""

import json
import pathlib
import shlex
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax
import pydantic

from clip_italian.config import Settings
from clip_italian.errors import InputError

PAUSE = 0.1  # seconds between two looks at whether a process has ended
NONE = -1  # number of a process that learns from Slurm which one it is


class LaunchSettings(Settings):
    """Section `launch` of a profile. Results depend on it by rounding alone."""

    launcher: Literal["none", "local", "ssh", "srun"]  # none: the stage's own processes, one a model
    processes: int = pydantic.Field(ge=1)  # that train a model together; one a host with ssh and srun
    hosts: list[str]  # of ssh, as ssh knows them; they share this folder's file system
    devices: int | None  # that each process makes of its CPU; null: what its host has
    port: int  # at which the first process is found; 0: a free one, where all are on this host
    heartbeat: int = pydantic.Field(ge=1)  # seconds after which a process that does not answer is given up

    @pydantic.model_validator(mode="after")
    def _hosts_fit(self) -> "LaunchSettings":
        if self.launcher == "ssh" and len(self.hosts) != self.processes:
            raise ValueError(f"`hosts` are {len(self.hosts)} and `processes` {self.processes}; name a host for each process")
        if self.launcher == "none" and self.processes != 1:
            raise ValueError(f"`processes` is {self.processes} without a launcher; set `launcher` to local, ssh or srun")
        return self

    @property
    def in_place(self) -> bool:
        """Whether a stage may train by itself, as it is."""
        return self.launcher == "none" and self.devices is None


class Member(NamedTuple):
    """One of the processes that train together, as it is told on its command line."""

    devices: int | None
    heartbeat: int
    processes: int
    number: int  # of the process; NONE: it learns from Slurm which one it is
    address: str  # of the first process; empty: there is none, or Slurm tells

    def join(self) -> None:
        """Makes the devices and meets the others, before anything is computed; raises InputError when they do not come."""
        if self.devices:
            jax.config.update("jax_num_cpu_devices", self.devices)
        if not self.address and self.number != NONE:
            return
        known: dict[str, Any] = {}
        if self.address:
            known = {"coordinator_address": self.address, "num_processes": self.processes, "process_id": self.number}
        try:
            jax.distributed.initialize(**known, heartbeat_timeout_seconds=self.heartbeat)
        except RuntimeError as error:
            raise InputError(f"launch: the {self.processes} processes did not meet at {self.address} ({error})") from None


def commands(settings: LaunchSettings, command: list[str]) -> list[list[str]]:
    """Returns the commands to start here so that `command` runs in every process, followed by a `Member` in JSON."""
    member = Member(settings.devices, settings.heartbeat, settings.processes, 0, "")
    if settings.launcher == "none":
        return [[*command, json.dumps(member)]]
    if settings.launcher == "srun":
        placed = ["srun", f"--ntasks={settings.processes}", "--ntasks-per-node=1", "--kill-on-bad-exit=1"]
        return [[*placed, *command, json.dumps(member._replace(number=NONE))]]
    address = f"{settings.hosts[0] if settings.launcher == 'ssh' else '127.0.0.1'}:{settings.port or _free_port()}"
    told = [[*command, json.dumps(member._replace(number=number, address=address))] for number in range(settings.processes)]
    return told if settings.launcher == "local" else [_over_ssh(*pair) for pair in zip(settings.hosts, told, strict=True)]


def _over_ssh(host: str, command: list[str]) -> list[str]:
    """The command on another host, in this folder; its terminal is closed, and so it ends, when ssh here does."""
    there = f"cd {shlex.quote(str(pathlib.Path.cwd()))} && exec {shlex.join(command)}"
    return ["ssh", "-tt", "-o", "BatchMode=yes", host, there]


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def wait(groups: list[list[subprocess.Popen[bytes]]], good: Callable[[int], bool]) -> list[int]:
    """Waits for groups of processes; when one of a group ends badly the others of it, which would wait for it, are killed.

    `good` says which codes are good ends. Returns all codes.
    """
    while any([_end_together(group, good) for group in groups]):  # a list: every group is looked at
        time.sleep(PAUSE)
    return [process.wait() for group in groups for process in group]


def _end_together(group: list[subprocess.Popen[bytes]], good: Callable[[int], bool]) -> bool:
    """Kills a group one of which has ended badly; returns whether any of it still runs."""
    codes = [process.poll() for process in group]
    if any(code is not None and not good(code) for code in codes):
        for process in group:
            process.kill()
    return None in codes
