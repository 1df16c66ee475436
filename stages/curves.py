"""Arms that are compared on the validation set alone, every seed, both phases: the curves of freeze length, epochs, pairs.

Their models are not kept, and no test set is read. A cell is one seed of one arm.
"""

import pathlib

from clip_italian import config, files, journal, paths
from clip_italian.data.images.settings import ImageSettings
from clip_italian.training.settings import TrainingSettings
from pipeline import cells, outputs
from stages import finetune, pretrain


def main() -> None:
    params, images = config.params(), config.section(ImageSettings, "images")
    pieces: list[tuple[int, cells.Cell]] = []
    for arm in params.curves:
        settings = config.arm(TrainingSettings, arm)
        pretrain.views(settings, images, arm)  # refused before it costs anything
        for seed in params.seeds:
            inputs = (pretrain.backbones(settings, seed), *pretrain.data(settings, seed).values(), *shards())
            made_from = settings.model_dump() | {"images": images.model_dump()}
            pieces.append((settings.tuned_updates, cells.Cell("curves", f"{arm}-{seed}", (), made_from, inputs)))
    longest_first = [piece for _, piece in sorted(pieces, key=lambda pair: -pair[0])]
    finished = cells.run(longest_first, processes=2, threads=outputs.threads().cell_threads)
    with files.replacing_folder(paths.curves(params.profile)) as folder:
        for arm in params.curves:
            cells.publish_journals({seed: finished[f"{arm}-{seed}"] for seed in map(str, params.seeds)}, folder / f"{arm}.jsonl")


def shards() -> list[pathlib.Path]:
    """The training and validation images."""
    return [paths.shards(config.params().profile) / part for part in ("train", "valid")]


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    arm, _, seed = name.rpartition("-")
    settings = config.arm(TrainingSettings, arm)
    model, first, made_from = pretrain.train(settings, arm, int(seed), state / "frozen")
    frozen = outputs.journal_of("pretrain", arm, int(seed), settings, made_from, {}, first)
    _, second, data = finetune.train(settings, arm, int(seed), model, state / "tuned")
    journal.write(out / journal.FILE, [frozen, outputs.journal_of("finetune", arm, int(seed), settings, data, {}, second)])
