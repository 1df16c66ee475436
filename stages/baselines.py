"""What the study is compared with: mCLIP, distilled on parallel captions, and the English CLIP as it is."""
import pathlib

from clip_italian import config, files
from clip_italian.config import Settings
from clip_italian.errors import InputError
from clip_italian.models import assembly
from clip_italian.training import distillation
from clip_italian.training.distillation import DistillationSettings
from stages import cells, trained

AS_IT_IS, DISTILLED = "english_clip", "mclip"


class BaselineSettings(Settings):
    """Section `baselines` of a profile."""

    mclip: DistillationSettings


def main(baseline: str) -> None:
    params = config.params()
    settings = config.section(BaselineSettings, "baselines")
    inputs = (trained.backbones() / "english_clip", parallel())
    if baseline not in (AS_IT_IS, DISTILLED):
        raise InputError(f"params.yaml: key `baselines` has `{baseline}`; known baselines: {AS_IT_IS}, {DISTILLED}")
    seeds = params.seeds if baseline == DISTILLED else [0]  # the English CLIP is one model
    pieces = [cells.Cell("baselines", str(seed), (baseline,), settings.model_dump(), inputs) for seed in seeds]
    outputs = cells.run(pieces, processes=len(seeds), threads=trained.threads().cell_threads)
    cells.publish(outputs, "model", pathlib.Path("models", params.profile, "tuned", baseline))
    cells.publish(outputs, "journal", pathlib.Path("runs", params.profile, baseline, "baseline"))


def parallel() -> pathlib.Path:
    return pathlib.Path("data", config.params().profile, "raw", "text", "parallel.tsv")


def cell(name: str, baseline: str, state: pathlib.Path, out: pathlib.Path) -> None:
    settings, seed = config.section(BaselineSettings, "baselines").mclip, int(name)
    teacher = assembly.load(trained.backbones() / "english_clip")
    inputs = {"english_clip": files.tree_digest(trained.backbones() / "english_clip")}
    if baseline == AS_IT_IS:
        trained.write(out, "baseline", baseline, seed, teacher.settings, inputs, teacher, [])
        return
    model, curve = distillation.distil(settings, teacher, parallel(), seed, state)
    trained.write(out, "baseline", baseline, seed, settings, inputs | {"parallel.tsv": files.sha256(parallel())}, model, curve)
