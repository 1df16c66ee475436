"""The English CLIP and the study's BERT from which every arm starts, trained side by side or as they were imported."""

import pathlib
import shutil

from clip_italian import config, files, journal, paths
from clip_italian.checkpoints import assembly
from clip_italian.training import backbones
from clip_italian.training.backbones import BackboneSettings
from pipeline import cells, outputs


def main() -> None:
    settings, profile = config.section(BackboneSettings, "backbones"), config.params().profile
    learnt_from = {"english_clip": shards(), "italian_bert": corpus()}
    inputs = learnt_from if settings.kind == "trained" else dict.fromkeys(learnt_from, paths.imported(profile))
    both = [cells.Cell("backbones", name, (), settings.model_dump(), (path,)) for name, path in inputs.items()]
    for name, output in cells.run(both, processes=2, threads=outputs.threads().threads).items():
        with files.replacing_folder(paths.backbones(profile) / name) as folder:
            shutil.copytree(output / "model", folder, dirs_exist_ok=True)
        cells.publish_journals({name: output}, journal.path(profile, name, "backbones"))


def shards() -> pathlib.Path:
    return paths.shards(config.params().profile) / "english"


def corpus() -> pathlib.Path:
    return paths.raw(config.params().profile) / "text/sentences.txt"


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings = config.section(BackboneSettings, "backbones")
    if settings.kind == "imported":
        _import(name, settings, out)
    else:
        _train(name, settings, state, out)


def _train(name: str, settings: BackboneSettings, state: pathlib.Path, out: pathlib.Path) -> None:
    if name == "english_clip":
        model, curve = backbones.english_clip(settings.english_clip, settings.seed, shards(), state)
        inputs = {"english": files.tree_digest(shards())}
        outputs.write(out, "backbones", name, settings.seed, settings.english_clip, inputs, model, curve)
    else:
        sentences = files.lines_of(corpus().read_text())
        architecture, tower, tokenizer, curve = backbones.bert(settings.italian_bert, settings.seed, sentences, state)
        assembly.save_parts(out / "model", architecture, tower, tokenizer)
        inputs = {"sentences.txt": files.sha256(corpus())}
        outputs.write_journal(out, "backbones", name, settings.seed, settings.italian_bert, inputs, curve)


def _import(name: str, settings: BackboneSettings, out: pathlib.Path) -> None:
    shutil.copytree(paths.imported(config.params().profile) / name, out / "model")
    source = getattr(settings.imported, name)
    inputs = files.read_json(paths.imported(config.params().profile) / outputs.SOURCES)[name]
    outputs.write_journal(out, "backbones", name, settings.seed, source, inputs, [])
