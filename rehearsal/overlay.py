"""overlay.yaml over profiles/paper.yaml: the rehearsal's profile, which has the paper's keys and no other."""

import pathlib
from typing import Any

from clip_italian import config, files
from clip_italian.errors import InputError
from rehearsal import checkpoints

OVERLAY = pathlib.Path(__file__).with_suffix(".yaml")


def profile(paper: dict[str, Any], overlay: dict[str, Any], where: str = "") -> dict[str, Any]:
    """The paper's settings with those of the overlay in their place, keys within keys; a list replaces a list.

    Raises InputError naming a key of the overlay that the paper's profile lacks.
    """
    if unknown := sorted(overlay.keys() - paper.keys()):
        raise InputError(f"{OVERLAY}: profiles/paper.yaml has no key `{where}{unknown[0]}`; correct one of them")
    merged = dict(paper)
    for key, value in overlay.items():
        nested = isinstance(value, dict) and isinstance(paper[key], dict)
        merged[key] = profile(paper[key], value, f"{where}{key}.") if nested else value
    return merged


def write(path: pathlib.Path, paper: pathlib.Path, clip: pathlib.Path) -> None:
    """Writes the rehearsal's profile; the digests of the English CLIP's files are those of the checkpoint in the folder `clip`."""
    content = profile(config.read_yaml(paper), config.read_yaml(OVERLAY))
    pinned = content["backbones"]["imported"]["english_clip"]["sha256"]
    pinned |= {name: files.sha256(clip / name) for name in pinned}
    files.write_json(path, content)  # JSON is YAML


def checkpoint_sizes(paper: pathlib.Path) -> tuple[checkpoints.ClipSizes, checkpoints.BertSizes]:
    """The sizes that the rehearsal's profile states for the two checkpoints."""
    content = profile(config.read_yaml(paper), config.read_yaml(OVERLAY))
    stated, side = content["backbones"], content["images"]["side"]
    clip, bert = stated["english_clip"], stated["italian_bert"]
    return (
        checkpoints.ClipSizes(
            image=clip["image"], text=clip["text"], projection=clip["projection"], patch=clip["patch"], side=side,
            positions=clip["max_tokens"], vocabulary=clip["vocabulary"],
        ),
        checkpoints.BertSizes(tower=bert["tower"], positions=512, vocabulary=bert["vocabulary"]),
    )  # fmt: skip
