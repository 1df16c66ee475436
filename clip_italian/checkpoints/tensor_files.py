"""Finds and opens checkpoint files of other libraries, without running any code from them."""

import pathlib
from collections.abc import Collection

from clip_italian.checkpoints.msgpack_file import FlaxFile
from clip_italian.checkpoints.safetensors_file import INDEX, SafetensorsFile, SafetensorsShards
from clip_italian.checkpoints.tensors import Tensors, damaged, refused
from clip_italian.checkpoints.torch_file import TorchFile
from clip_italian.errors import InputError

# Safetensors first: the only format that was designed for untrusted files.
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
# First bytes of files that only stand in for a checkpoint.
PLACEHOLDERS = {
    b"version https://git-lfs": "is only a pointer of Git LFS (`git lfs pull` gets the file)",
    b"<!DOCTYPE": "is a web page",
    b"<html": "is a web page",
}
# First bytes of files of unsupported formats, whatever their names.
BEGINNINGS = {
    b"\x89HDF\r\n\x1a\n": "is HDF5 (TensorFlow, Keras)",
    b"\x93NUMPY": "is a numpy array",
    b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.": "is a pickle of torch before 1.6, which runs code when it is opened",
}
ENDINGS = {
    ".h5": "is HDF5 (TensorFlow, Keras)",
    ".ckpt": "is a checkpoint of a training framework or of TensorFlow",
    ".npz": "is a zip of numpy arrays",
    ".pkl": "is a pickle, which runs code when it is opened",
    ".bin.index.json": "is the index of several PyTorch files",
    ".msgpack.index.json": "is the index of several Flax files",
}


def open_tensors(path: pathlib.Path, files: Collection[pathlib.Path] = ()) -> Tensors:
    """The tensors of a checkpoint file, or of the first file of PREFERENCE in a folder.

    Unless `files` is empty, the file is chosen among these. Raises InputError naming the file and the remedy.
    """
    try:
        path.stat()  # so that a missing file is reported as missing, whatever its name
        file = _preferred(path, files) if path.is_dir() else path
        _check_kind(file)
        return _open(file)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; check the path, or download the file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions and the disk") from None


def preferred(names: Collection[str]) -> str | None:
    """The name of the weights file to read among a folder's file names; None if there is no supported one."""
    own = OPEN_CLIP_SETTINGS in names  # the folder may also hold the model for transformers, or its image tower for timm
    order = sorted(PREFERENCE, key=lambda name: own and not name.startswith(OPEN_CLIP))
    return next((name for name in order if name in names), None)


def is_weights(name: str) -> bool:
    """Whether a name or path is that of a file of tensors, or of the index of several."""
    return name.endswith((*READ, INDEX))


def _preferred(folder: pathlib.Path, files: Collection[pathlib.Path]) -> pathlib.Path:
    if name := preferred({path.name for path in files or folder.iterdir() if path.parent == folder and path.is_file()}):
        return folder / name
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        _check_kind(path)  # a clearer message for a folder with only, say, HDF5
    raise InputError(f"{folder}: no checkpoint; download one of {', '.join(PREFERENCE)} into it")


def _check_kind(file: pathlib.Path) -> None:
    """Raises InputError for a file of an unsupported format, naming the format."""
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
    raise refused(str(file), "is not a supported kind of checkpoint")
