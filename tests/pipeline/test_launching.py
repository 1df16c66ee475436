"""What is started for each launcher, and what happens when one of several processes ends."""

import json
import subprocess
import sys
import time

import pytest

from clip_italian import config
from clip_italian.errors import InputError
from pipeline import launching
from pipeline.launching import LaunchSettings, Member

SECTION = {"launcher": "none", "processes": 1, "hosts": [], "devices": None, "port": 0, "heartbeat": 10}


def settings(**changes):
    return config.parse(LaunchSettings, SECTION | changes, "launch")


def members(commands):
    return [Member(*json.loads(command[-1])) for command in commands]


def test_without_a_launcher_one_process_is_alone():
    commands = launching.commands(settings(devices=4), ["python", "x"])
    assert [command[:-1] for command in commands] == [["python", "x"]]
    assert members(commands) == [Member(4, 10, 1, 0, "")]
    assert settings().in_place and not settings(devices=4).in_place


def test_processes_of_this_host_meet_at_one_free_port():
    told = members(launching.commands(settings(launcher="local", processes=3), ["python"]))
    (address,) = {member.address for member in told}
    assert address.startswith("127.0.0.1:") and int(address.split(":")[1]) > 0
    assert [(member.processes, member.number) for member in told] == [(3, 0), (3, 1), (3, 2)]


def test_over_ssh_each_host_has_a_process_in_this_folder_that_finds_the_first(here, monkeypatch):
    folder = here / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    asked = settings(launcher="ssh", processes=2, hosts=["one", "two"], port=1234)
    commands = launching.commands(asked, ["python", "-m", "x", "it's"])
    assert [command[:5] for command in commands] == [["ssh", "-tt", "-o", "BatchMode=yes", host] for host in ("one", "two")]
    for number, command in enumerate(commands):
        shown = command[-1].replace("&& exec", "&& pwd && printf '%s\\n'")
        place, *words = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True).stdout.splitlines()
        assert place == str(folder) and words[:-1] == ["python", "-m", "x", "it's"]
        assert Member(*json.loads(words[-1])) == Member(None, 10, 2, number, "one:1234")


def test_slurm_starts_the_processes_and_tells_them_who_they_are():
    (command,) = launching.commands(settings(launcher="srun", processes=16), ["python", "x"])
    assert command[:2] == ["srun", "--ntasks=16"] and command[-3:-1] == ["python", "x"]
    assert members([command])[0] == Member(None, 10, 16, launching.NONE, "")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"launcher": "ssh", "processes": 2, "hosts": ["one"]}, "`hosts` are 1 and `processes` 2"),
        ({"processes": 2}, "`processes` is 2 without a launcher"),
        ({"processes": 0}, "processes"),
        ({"launcher": "mpi"}, "launcher"),
    ],
)
def test_a_launch_that_cannot_be_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        settings(**changes)


def sleeping(seconds, code=0):
    return subprocess.Popen([sys.executable, "-c", f"import sys, time; time.sleep({seconds}); sys.exit({code})"])


def test_when_one_of_a_group_fails_its_others_are_killed_and_other_groups_go_on():
    started = time.monotonic()
    codes = launching.wait([[sleeping(600), sleeping(0.1, 3)], [sleeping(1)]], lambda code: code == 0)
    assert codes == [-9, 3, 0] and time.monotonic() - started < 60
