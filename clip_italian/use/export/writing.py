"""All formats of one model in one folder: `transformers`, `onnx`, `open_clip`, `sentence_transformers`."""

import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.use.export import card, hugging_face, onnx_files, open_clip, sentence_transformers
from clip_italian.use.export.card import Facts


class Format(NamedTuple):
    """A library's folder: a function that returns why it cannot hold the towers (empty if it can), and one that writes it.

    The arguments of `write` are the folder, the model, and the path at which the folder will lie.
    """

    unlike: Callable[[DualEncoderSettings], list[str]]
    write: Callable[[pathlib.Path, Model, pathlib.Path], None]


FORMATS = {
    "transformers": Format(hugging_face.unlike_clip_italian, lambda folder, model, _: hugging_face.write(folder, model)),
    "onnx": Format(lambda settings: [], lambda folder, model, _: onnx_files.write(folder, model)),
    "open_clip": Format(open_clip.unlike, open_clip.write),
    "sentence_transformers": Format(hugging_face.unlike_bert, lambda folder, model, _: sentence_transformers.write(folder, model)),
}


def left_out(settings: DualEncoderSettings) -> dict[str, str]:
    """The reasons why formats cannot hold these towers, by format; formats that can are left out."""
    reasons = {name: "; ".join(form.unlike(settings)) for name, form in FORMATS.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def write(out: pathlib.Path, model: Model, facts: Facts, formats: Sequence[str] = ()) -> dict[str, str]:
    """Writes the formats into sub-folders of `out`, which is replaced as a whole; each has a model card.

    Without `formats`, writes those that can hold the model; returns the reasons why the others cannot. Raises InputError if one of
    `formats` cannot hold it, if a written model computes other numbers, or if `out` holds anything but an unchanged earlier export.
    """
    reasons = left_out(model.settings)
    for name in formats:
        if name in reasons:
            raise InputError(f"{name}: cannot hold this model: {reasons[name]}; leave the format out, ONNX holds every model")
    files.check_replaceable(out)
    with files.replacing_folder(out) as folder:
        for name in formats or [name for name in FORMATS if name not in reasons]:
            FORMATS[name].write(folder / name, model, out / name)
            files.write_text(folder / name / "README.md", card.text(name, model.settings, facts, out / name))
        files.write_manifest(folder)
    return {} if formats else reasons
