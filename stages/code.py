"""Writes the code that each stage runs to reports/code/<stage>.txt. The stage depends on this file, not on a list of modules.

DVC reads and writes the whole of dvc.lock around every stage: a thousand entries of modules there took longer than many a
stage, and lists in dvc.yaml would have to follow every import.
"""

from clip_italian import files, paths
from pipeline import imports


def main() -> None:
    """Writes reports/code."""
    with files.replacing_folder(paths.CODE) as folder:
        imports.write_listings(folder)
