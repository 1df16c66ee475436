"""Which modules of this repository a module really imports, so that a stage runs again when one of them changes.

Only import statements count, at any depth of the file: the library is imported by name, never by computed names.
"""

import ast
import pathlib

from clip_italian import files

PACKAGES = ("clip_italian", "pipeline", "stages", "analysis", "benchmarks")
ENTRY = pathlib.Path("stages/__main__.py")  # every stage starts here


def module_path(root: pathlib.Path, name: str) -> pathlib.Path | None:
    """The file of a dotted module name relative to `root`, or None when it is not of this repository."""
    if name.split(".")[0] not in PACKAGES:
        return None
    stem = pathlib.Path(*name.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if (root / path).is_file()), None)


def direct_imports(root: pathlib.Path, path: pathlib.Path) -> set[pathlib.Path]:
    """The files of this repository that the file `path` imports, packages' own `__init__.py` left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((root / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    found = {module_path(root, name) for name in names}
    return {file for file in found if file and file.name != "__init__.py"}


def closure(root: pathlib.Path, *starts: pathlib.Path) -> set[pathlib.Path]:
    """The starts and everything of this repository that they import, directly or not."""
    seen: set[pathlib.Path] = set()
    queue = list(starts)
    while queue:
        path = queue.pop()
        if path not in seen:
            seen.add(path)
            queue += direct_imports(root, path)
    return seen


def stage_names(root: pathlib.Path) -> list[str]:
    """The modules of `stages` that are stages, not helpers of stages."""
    return sorted(path.stem for path in (root / "stages").glob("[!_]*.py") if "\ndef main(" in path.read_text())


def stage_modules(root: pathlib.Path, stage: str) -> set[pathlib.Path]:
    """Every module that `python -m stages <stage>` loads, as paths relative to `root`."""
    return closure(root, ENTRY, pathlib.Path("stages") / f"{stage}.py")


def write_listings(folder: pathlib.Path, root: pathlib.Path = pathlib.Path()) -> None:
    """Writes `<stage>.txt` for every stage: a line "SHA-256, path" for each module that it loads."""
    for stage in stage_names(root):
        lines = (f"{files.sha256(root / path)}  {path}\n" for path in sorted(stage_modules(root, stage)))
        files.write_text(folder / f"{stage}.txt", "".join(lines))
