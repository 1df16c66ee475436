"""The English CLIP and the Italian BERT from which every arm starts, trained side by side."""
import pathlib
import shutil

from clip_italian import config, files
from clip_italian.data import tokens
from clip_italian.models import weights
from clip_italian.training import backbones
from clip_italian.training.backbones import BackboneSettings
from stages import cells, trained


def main() -> None:
    settings = config.section(BackboneSettings, "backbones")
    cell_of = {
        "english_clip": cells.Cell("backbones", "english_clip", (), settings.model_dump(), (shards(),)),
        "italian_bert": cells.Cell("backbones", "italian_bert", (), settings.model_dump(), (corpus(),)),
    }
    for name, output in cells.run(list(cell_of.values()), processes=2, threads=trained.threads().threads).items():
        for part, target in (("model", trained.backbones() / name), ("journal", runs() / name)):
            with files.replacing_folder(target) as folder:
                shutil.copytree(output / part, folder, dirs_exist_ok=True)


def shards() -> pathlib.Path:
    return pathlib.Path("data", config.params().profile, "shards", "english")


def corpus() -> pathlib.Path:
    return pathlib.Path("data", config.params().profile, "raw", "text", "italian.txt")


def runs() -> pathlib.Path:
    return pathlib.Path("runs", config.params().profile, "backbones")


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings = config.section(BackboneSettings, "backbones")
    if name == "english_clip":
        model, curve = backbones.english_clip(settings.english_clip, settings.seed, shards(), state)
        inputs = {"english": files.tree_digest(shards())}
        trained.write(out, "backbones", name, settings.seed, settings.english_clip, inputs, model, curve)
    else:
        architecture, params, tokenizer, curve = backbones.italian_bert(settings.italian_bert, settings.seed, corpus(), state)
        weights.save(out / "model", params, architecture)
        tokens.save(out / "model", tokenizer)
        inputs = {"italian.txt": files.sha256(corpus())}
        trained.write_journal(out, "backbones", name, settings.seed, settings.italian_bert, inputs, curve)
