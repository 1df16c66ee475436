"""Other people's towers, where the profile starts from them: models/<profile>/imported, empty but for a list otherwise."""

import os

from clip_italian import config, files, paths
from clip_italian.checkpoints import assembly
from clip_italian.checkpoints.model import Provenance
from clip_italian.training import imported
from clip_italian.training.backbones import BackboneSettings
from pipeline import outputs


def main() -> None:
    settings, sources = config.section(BackboneSettings, "backbones"), {}
    with files.replacing_folder(paths.imported(config.params().profile)) as folder:
        if settings.kind == "imported":
            os.environ["HF_HUB_OFFLINE"] = "0"  # the one thing in the study that needs a network
            model, of_clip = imported.english_clip(settings)
            assembly.save(folder / "english_clip", model)
            architecture, tower, tokenizer, of_bert = imported.italian_bert(settings)
            assembly.save_parts(folder / "italian_bert", architecture, tower, tokenizer)
            sources = {"english_clip": _digests(of_clip), "italian_bert": _digests(of_bert)}
        files.write_json(folder / outputs.SOURCES, sources)


def _digests(provenance: Provenance) -> dict[str, str]:
    """Every file's SHA-256 under its full name, commit included."""
    return {f"{provenance.source}@{provenance.commit}/{name}": one.sha256 for name, one in provenance.files.items()}
