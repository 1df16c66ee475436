"""Full fine-tuning of an arm, every seed, from what its frozen phase left."""
import pathlib

from clip_italian import config
from clip_italian.data.settings import ImageSettings
from clip_italian.data.shards import open_shards
from clip_italian.models import assembly
from clip_italian.training import arms
from clip_italian.training.settings import TrainingSettings, augmentation_of
from stages import cells, trained


def main(arm: str) -> None:
    params = config.params()
    settings = config.arm(TrainingSettings, arm).model_dump() | {"images": config.section(ImageSettings, "images").model_dump()}
    data = pathlib.Path("data", params.profile, "shards")
    outputs = cells.run([
        cells.Cell("finetune", str(seed), (arm,), settings, (frozen(arm, seed), data / "train", data / "valid"))
        for seed in params.seeds
    ], processes=len(params.seeds), threads=trained.threads().cell_threads)  # fmt: skip
    cells.publish(outputs, "model", pathlib.Path("models", params.profile, "tuned", arm))
    cells.publish(outputs, "journal", pathlib.Path("runs", params.profile, arm, "finetune"))


def frozen(arm: str, seed: int) -> pathlib.Path:
    return pathlib.Path("models", config.params().profile, "frozen", arm, str(seed))


def cell(name: str, arm: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, seed = config.arm(TrainingSettings, arm), int(name)
    views = augmentation_of(settings, config.section(ImageSettings, "images"), f"arm `{arm}`")
    data = pathlib.Path("data", config.params().profile, "shards")
    model, curve = arms.finetune(settings, views, assembly.load(frozen(arm, seed)), data, seed, state)
    inputs = {part: open_shards(data / part).digest for part in ("train", "valid")}
    trained.write(out, "finetune", arm, seed, settings, inputs, model, curve)
