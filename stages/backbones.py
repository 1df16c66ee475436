"""The English CLIP and the study's BERT from which every arm starts: a pair for each seed, or one imported pair for all seeds."""

import pathlib
import shutil

from clip_italian import config, files, journal, paths
from clip_italian.checkpoints import assembly
from clip_italian.training import backbones
from clip_italian.training.backbones import BackboneSettings
from pipeline import cells, outputs

BOTH = ("english_clip", "italian_bert")
IMPORTED = 0  # the seed in the journals of imported backbones


def main() -> None:
    params, settings = config.params(), config.section(BackboneSettings, "backbones")
    if settings.kind == "trained":
        pieces = [_cell(name, seed, settings, learnt_from(name)) for name in BOTH for seed in params.seeds]
    else:
        pieces = [_cell(name, IMPORTED, settings, paths.imported(params.profile)) for name in BOTH]
    processes = len(params.seeds) if settings.kind == "trained" else len(BOTH)
    finished = cells.run(pieces, processes, threads=outputs.threads().cell_threads)
    with files.replacing_folder(paths.backbones(params.profile)) as folder:
        for piece, output in finished.items():
            name, seed = _parts(piece)
            place = str(seed) if settings.kind == "trained" else paths.SHARED
            shutil.copytree(output / "model", folder / place / name)
    for name in BOTH:
        own = {piece: output for piece, output in finished.items() if _parts(piece)[0] == name}
        cells.publish_journals(own, journal.path(params.profile, name, "backbones"))


def _cell(name: str, seed: int, settings: BackboneSettings, source: pathlib.Path) -> cells.Cell:
    return cells.Cell("backbones", f"{name}-{seed}", (), settings.model_dump(), (source,))


def _parts(piece: str) -> tuple[str, int]:
    """The backbone and the seed of a cell's name."""
    name, _, seed = piece.rpartition("-")
    return name, int(seed)


def learnt_from(name: str) -> pathlib.Path:
    """The data that a backbone is trained on."""
    profile = config.params().profile
    return paths.shards(profile) / "english" if name == "english_clip" else paths.raw(profile) / "text/sentences.txt"


def cell(piece: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, (name, seed) = config.section(BackboneSettings, "backbones"), _parts(piece)
    if settings.kind == "imported":
        _import(name, settings, out)
    else:
        _train(name, seed, settings, state, out)


def _train(name: str, seed: int, settings: BackboneSettings, state: pathlib.Path, out: pathlib.Path) -> None:
    data = learnt_from(name)
    inputs = {data.name: files.tree_digest(data)}
    if name == "english_clip":
        model, curve = backbones.english_clip(settings.english_clip, seed, data, state)
        outputs.write(out, "backbones", name, seed, settings.english_clip, inputs, model, curve)
    else:
        sentences = files.lines_of(data.read_text())
        architecture, tower, tokenizer, curve = backbones.bert(settings.italian_bert, seed, sentences, state)
        assembly.save_parts(out / "model", architecture, tower, tokenizer)
        outputs.write_journal(out, "backbones", name, seed, settings.italian_bert, inputs, curve)


def _import(name: str, settings: BackboneSettings, out: pathlib.Path) -> None:
    shutil.copytree(paths.imported(config.params().profile) / name, out / "model")
    source = getattr(settings.imported, name)
    inputs = files.read_json(paths.imported(config.params().profile) / outputs.SOURCES)[name]
    outputs.write_journal(out, "backbones", name, IMPORTED, source, inputs, [])
