"""overlay.yaml over profiles/paper.yaml: the rehearsal's profile, which has the paper's keys and no other."""

import pathlib
from typing import Any

from clip_italian import config, files
from clip_italian.errors import InputError
from clip_italian.world.languages.italian.speech import ITALIAN
from clip_italian.world.publishing import download
from rehearsal import checkpoints

SENTENCES, SEED = 300, 1  # from which the tokenisers learn their words
POSITIONS = 512  # of the Italian BERT, which takes longer texts than the study's
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


def profile_of(paper: pathlib.Path) -> dict[str, Any]:
    """The rehearsal's settings, but for what `write` fills in."""
    return profile(config.read_yaml(paper), config.read_yaml(OVERLAY))


def write(path: pathlib.Path, paper: pathlib.Path, hub: pathlib.Path, gateway: str) -> None:
    """Writes the rehearsal's profile; the digests of the English CLIP's files are those of `write_checkpoints`."""
    content = profile_of(paper)
    content["fetch"]["gateway"] = gateway
    source = content["backbones"]["imported"]["english_clip"]
    source["sha256"] = {name: files.sha256(hub / source["repository"] / name) for name in source["sha256"]}
    files.write_json(path, content)  # JSON is YAML


def write_checkpoints(hub: pathlib.Path, paper: pathlib.Path) -> None:
    """Writes the two repositories that the profile imports, of the sizes that it states, each below its name."""
    content = profile_of(paper)
    stated, side = content["backbones"], content["images"]["side"]
    clip, bert = stated["english_clip"], stated["italian_bert"]
    texts = [line.split("\t") for line in download.parallel(range(SENTENCES), SEED, ITALIAN)]
    of_clip = checkpoints.ClipSizes(
        image=clip["image"],
        text=clip["text"],
        projection=clip["projection"],
        patch=clip["patch"],
        side=side,
        positions=clip["max_tokens"],
        vocabulary=clip["vocabulary"],
    )
    of_bert = checkpoints.BertSizes(tower=bert["tower"], positions=POSITIONS, vocabulary=bert["vocabulary"])
    folders = [hub / stated["imported"][name]["repository"] for name in ("english_clip", "italian_bert")]
    checkpoints.write_clip(folders[0], of_clip, [english for english, _ in texts], SEED)
    checkpoints.write_bert(folders[1], of_bert, [italian for _, italian in texts], SEED)
