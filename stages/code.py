"""What code each stage runs: reports/code/<stage>.txt, on which that stage depends in place of a list of modules.

DVC reads and writes the whole of dvc.lock around every stage: a thousand entries of modules there took longer than many a
stage, and lists in dvc.yaml would have to follow every import.
"""

from clip_italian import files, paths
from pipeline import imports


def main() -> None:
    """Writes reports/code."""
    with files.replacing_folder(paths.CODE) as folder:
        imports.write_listings(folder)
