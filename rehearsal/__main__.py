"""A rehearsal of the study at profile `paper`: `python -m rehearsal`, which `make rehearse` runs.

Everything that profile does, from the publishers' files to the paper and the runs in MLflow, with the code and the settings of
the real study but for those in overlay.yaml: against publishers on a loopback port, who serve small files in their own formats
with dead links, slow hosts, redirects and damaged pictures among them, and a loopback hub with small checkpoints of random weights.

It runs in .rehearsal/study, a copy of this folder's files, and goes on from there when it was killed. Its numbers mean nothing.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

from clip_italian import config, files
from pipeline import verify
from rehearsal import copying, hub, overlay, publishers, server, sites

STUDY, SERVED, HUB = copying.ROOT / "study", copying.ROOT / "served", copying.ROOT / "hub"
PORT = copying.ROOT / "port"  # of the last time: a gateway is a setting, and another one makes `download` run again
PROFILE, PARAMS = pathlib.Path("profiles/paper.yaml"), pathlib.Path("params.yaml")


def main() -> None:
    """Runs the rehearsal; a stage that fails is its exit code."""
    copying.ROOT.mkdir(exist_ok=True)
    made_by = _code()
    _made_once(SERVED, lambda folder: sites.write(folder, publishers.sizes(), overlay.profile_of(PROFILE)), made_by)
    _made_once(HUB, lambda folder: overlay.write_checkpoints(folder, PROFILE), made_by)
    copying.refresh(STUDY)
    choose(STUDY)
    with _serving(SERVED / "web") as port, hub.serving() as repositories:
        overlay.write(STUDY / PROFILE, PROFILE, HUB, f"127.0.0.1:{port}")
        offer(repositories)
        environment = os.environ | {"HF_ENDPOINT": repositories.url}
        command = [sys.executable, "-m", "pipeline.supervise", "dvc", "repro"]
        done = subprocess.run(command, cwd=STUDY, env=environment)
    if done.returncode:
        sys.exit(done.returncode)
    print(f"{STUDY}: profile paper ran to the end; hash of all outputs: {digest(STUDY)}")


def _code() -> str:
    """A digest of what the publishers' files and the checkpoints are made by."""
    names = copying.listed("rehearsal", "clip_italian/world", str(PROFILE))
    return hashlib.sha256("".join(f"{name} {files.sha256(pathlib.Path(name))}\n" for name in names).encode()).hexdigest()


def _made_once(folder: pathlib.Path, write: Callable[[pathlib.Path], None], made_by: str) -> None:
    """Fills a folder anew when what fills it has changed."""
    mark = folder / ".made-by"
    if mark.exists() and mark.read_text() == made_by:
        return
    with files.replacing_folder(folder) as temporary:
        write(temporary)
        (temporary / mark.name).write_text(made_by)


def choose(study: pathlib.Path) -> None:
    """Lets the copy's params.yaml choose profile paper, and one seed."""
    text = PARAMS.read_text()
    text = re.sub(r"^profile: .*$", f"profile: {PROFILE.stem}", text, flags=re.M)
    text = re.sub(r"^seeds:\n(  - .*\n)+", "seeds:\n  - 0\n", text, flags=re.M)
    files.write_text(study / PARAMS, text)


def offer(repositories: hub.Hub) -> None:
    """Puts the small checkpoints into the hub, at the commits that the profile names."""
    imported = config.read_yaml(PROFILE)["backbones"]["imported"]
    for one in imported.values():
        repositories.folders[one["repository"]] = HUB / one["repository"]
        if one["revision"]:
            repositories.commits[one["repository"]] = one["revision"]


@contextlib.contextmanager
def _serving(folder: pathlib.Path) -> Iterator[int]:
    """The publishers, on the port of last time if it is free."""
    last = int(PORT.read_text()) if PORT.exists() else 0
    with server.serve(folder, last if _is_free(last) else 0) as site:
        PORT.write_text(str(site.server_address[1]))
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield site.server_address[1]
        site.shutdown()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def digest(study: pathlib.Path) -> str:
    """SHA-256 over the hashes of all outputs that the copy's dvc.lock lists."""
    with contextlib.chdir(study):
        outputs = verify.locked_outputs()
    lines = [f"{path} {md5}\n" for path, md5 in sorted(outputs.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    main()
