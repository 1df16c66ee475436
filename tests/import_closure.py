"""Which modules of this repository a module really imports; `python -m tests.import_closure` prints all stages'.

Only import statements count, at any depth of the file: the library is imported by name, never by computed names.
"""

import ast
import pathlib
import sys

PACKAGES = ("clip_italian", "stages", "analysis", "benchmarks")
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


def stage_modules(root: pathlib.Path, stage: str) -> set[pathlib.Path]:
    """Every module that `python -m stages <stage>` loads, as paths relative to `root`."""
    return closure(root, ENTRY, pathlib.Path("stages") / f"{stage}.py")


if __name__ == "__main__":
    here = pathlib.Path()
    for name in sys.argv[1:] or sorted(
        p.stem for p in pathlib.Path("stages").glob("*.py") if not p.stem.startswith("_")
    ):
        print(name, *sorted(str(path) for path in stage_modules(here, name)), sep="\n      - ")
