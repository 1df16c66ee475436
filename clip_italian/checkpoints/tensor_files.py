"""Finds and opens checkpoint files of other libraries. No code from a file is run."""

import pathlib
from collections.abc import Collection

from clip_italian.checkpoints.msgpack_file import FlaxFile
from clip_italian.checkpoints.safetensors_file import INDEX, SafetensorsFile, SafetensorsShards
from clip_italian.checkpoints.tensors import Tensors, damaged, refused
from clip_italian.checkpoints.torch_file import TorchFile
from clip_italian.errors import InputError

# Safetensors first: the only one of the formats that was made to be opened by strangers.
PREFERENCE = (
    "model.safetensors",
    f"model{INDEX}",
    "open_clip_model.safetensors",
    "flax_model.msgpack",
    "pytorch_model.bin",
    "open_clip_pytorch_model.bin",
)
OPEN_CLIP, OPEN_CLIP_SETTINGS = "open_clip_", "open_clip_config.json"
READ = (".safetensors", ".msgpack", ".bin", ".pt", ".pth")
# How files begin that stand in for the file that was meant.
PLACEHOLDERS = {
    b"version https://git-lfs": "is only a pointer of Git LFS (`git lfs pull` gets the file)",
    b"<!DOCTYPE": "is a web page",
    b"<html": "is a web page",
}
# How files begin that are not read, whatever their names say.
BEGINNINGS = {
    b"\x89HDF\r\n\x1a\n": "is HDF5 (TensorFlow, Keras)",
    b"\x93NUMPY": "is a numpy array",
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.": "is a pickle of torch before 1.6, which runs what it holds when it is opened",
}
ENDINGS = {
    ".h5": "is HDF5 (TensorFlow, Keras)",
    ".ckpt": "is a checkpoint of a training framework or of TensorFlow",
    ".npz": "is a zip of numpy arrays",
    ".pkl": "is a pickle, which runs what it holds when it is opened",
    ".bin.index.json": "is the index of several PyTorch files",
    ".msgpack.index.json": "is the index of several Flax files",
}


def open_tensors(path: pathlib.Path, files: Collection[pathlib.Path] = ()) -> Tensors:
    """The tensors of a checkpoint file, or of the first of PREFERENCE in a folder.

    `files`, unless empty, are the only ones that a folder's file is chosen from. Raises InputError naming the file and the remedy.
    """
    try:
        path.stat()  # a missing file is missing, whatever its name
        file = _preferred(path, files) if path.is_dir() else path
        _check_kind(file)
        return _open(file)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; check the path, or download the file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and the disk") from None


def preferred(names: Collection[str]) -> str | None:
    """Returns the name of the weights file to read among a folder's file names; None if it has no readable one."""
    own = OPEN_CLIP_SETTINGS in names  # beside them may lie the same model for transformers, or its vision tower for timm
    order = sorted(PREFERENCE, key=lambda name: own and not name.startswith(OPEN_CLIP))
    return next((name for name in order if name in names), None)


def is_weights(name: str) -> bool:
    """Whether a file of that name, or path, holds tensors or is the index of files that do."""
    return name.endswith((*READ, INDEX))


def _preferred(folder: pathlib.Path, files: Collection[pathlib.Path]) -> pathlib.Path:
    if name := preferred({path.name for path in files or folder.iterdir() if path.parent == folder and path.is_file()}):
        return folder / name
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        _check_kind(path)  # its message says more where a folder holds nothing but, say, HDF5
    raise InputError(f"{folder}: no checkpoint; download one of {', '.join(PREFERENCE)} into it")


def _check_kind(file: pathlib.Path) -> None:
    """Raises InputError for what is known not to be read, in words that say what it is."""
    for ending, kind in ENDINGS.items():
        if file.name.endswith(ending):
            raise refused(str(file), kind)
    if file.suffix in READ:
        with open(file, "rb") as opened:
            head = opened.read(32)
        for beginning, kind in (PLACEHOLDERS | BEGINNINGS).items():
            if head.startswith(beginning):
                raise (damaged if beginning in PLACEHOLDERS else refused)(str(file), kind)


def _open(file: pathlib.Path) -> Tensors:
    if file.name.endswith(INDEX):
        return SafetensorsShards(file)
    match file.suffix:
        case ".safetensors":
            return SafetensorsFile(file)
        case ".msgpack":
            return FlaxFile(file)
        case ".bin" | ".pt" | ".pth":
            return TorchFile(file)
    raise refused(str(file), "is no kind of checkpoint that is read")
