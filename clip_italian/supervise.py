"""Runs a command that cannot outlive its parent: `python -m clip_italian.supervise dvc repro`.

The kernel kills the command when whoever started it dies, even by -9. Stages ask the same of themselves, so killing
`make`, `dvc` or the whole group leaves nothing running. The process becomes the command, with its
exit code.
"""

import os
import shutil
import sys

from clip_italian import environment


def main(*command: str) -> None:
    """Replaces this process by `command`, found on the search path; exits 1 with one line when there is none."""
    program = shutil.which(command[0]) if command else None
    if program is None:
        sys.exit(f"supervise: no command `{' '.join(command)}`; run `make venv`")
    started_by = os.getppid()
    environment.die_with_parent()
    if os.getppid() != started_by:
        sys.exit("supervise: the parent process has died")
    os.execv(program, list(command))


if __name__ == "__main__":
    main(*sys.argv[1:])
