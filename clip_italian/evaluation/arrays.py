"""Reading and writing the arrays between stages, with errors that name the file."""

import pathlib
import zipfile

import numpy as np

from clip_italian import files
from clip_italian.errors import InputError


def read(path: pathlib.Path, *names: str) -> list[np.ndarray]:
    """Returns the named arrays of an .npz file.

    Raises InputError with the file's name when the file is missing or damaged, or when an array is missing.
    """
    try:
        with np.load(path, allow_pickle=False) as content:
            return [content[name] for name in names]
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `dvc repro` (or `dvc checkout`) to make it") from None
    except KeyError as error:
        raise InputError(f"{path}: has no array {error.args[0]!r}; delete it and run `dvc repro`") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged ({error}); delete it and run `dvc repro`") from None


def names(path: pathlib.Path) -> list[str]:
    """The names of the arrays of an .npz file; raises InputError as `read` does."""
    read(path)
    with np.load(path, allow_pickle=False) as content:
        return list(content.files)


def write(path: pathlib.Path, **arrays: np.ndarray) -> None:
    """Writes an .npz file, whole or not at all; the same arrays give the same bytes."""
    with files.replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def read_embeddings(path: pathlib.Path, images: int, texts: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Returns (image, text) rows of one test set, checked: the right number of rows, equal widths, finite values."""
    image, text = read(path, "image", "text")
    if len(image) != images or (texts is not None and len(text) != texts):
        raise InputError(
            f"{path}: {len(image)} image and {len(text)} text rows where the test set has {images} and {texts}; "
            "delete it and run `dvc repro`"
        )
    if image.shape[1] != text.shape[1] or not (np.isfinite(image).all() and np.isfinite(text).all()):
        raise InputError(f"{path}: image and text rows must be finite and of one width; delete it and run `dvc repro`")
    return image, text
