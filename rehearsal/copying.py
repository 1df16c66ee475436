"""A copy of this folder's files in which a study runs apart: what git holds or would hold, without results."""

import pathlib
import shutil
import subprocess

from clip_italian import files

ROOT = pathlib.Path(".rehearsal")
KEPT = {".dvc/config", ".dvc/.gitignore"}  # of what starts with .dvc
SHIPPED = ("demo/model", "demo/pictures.zip", "demo/pictures.index")
OUTPUTS = ("paper/figures", "paper/tables", "paper/paper.pdf", "DATASHEET.md", *SHIPPED)
MADE = ("studies", "provenance", "results", "runs", "reports", "site", "dvc.lock", *OUTPUTS)


def listed(*below: str) -> list[str]:
    """The files that git holds or would hold, in order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *below]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(name for name in set(names) if pathlib.Path(name).is_file())


def refresh(study: pathlib.Path) -> None:
    """Brings the copy's files to those that git holds or would hold here, without results; what the copy computed stays."""
    wanted = set(filter(_is_source, listed()))
    before = study / ".copied"
    for name in set(before.read_text().splitlines() if before.exists() else []) - wanted:
        (study / name).unlink(missing_ok=True)
    for name in wanted:
        _copy(pathlib.Path(name), study / name)
    files.write_text(before, "".join(f"{name}\n" for name in sorted(wanted)))
    if not (study / ".git").exists():  # dvc wants one, and learns from it what is ignored
        subprocess.run(["git", "init", "--quiet"], cwd=study, check=True)


def _is_source(name: str) -> bool:
    if name.startswith(".dvc/"):
        return name in KEPT
    return not any(name == made or name.startswith(f"{made}/") for made in MADE)


def _copy(source: pathlib.Path, target: pathlib.Path) -> None:
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        with files.replacing(target) as temporary:
            shutil.copyfile(source, temporary)
