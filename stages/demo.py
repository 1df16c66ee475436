"""Makes the files that ship for the demo: demo/model, demo/pictures.zip and demo/pictures.index."""

import pathlib

from clip_italian import config, paths
from clip_italian.use.demo import shipping
from clip_italian.use.demo.shipping import DemoSettings
from clip_italian.use.export.card import ExportSettings

SCRATCH = pathlib.Path(".state")


def main() -> None:
    profile, about = config.params().profile, config.section(ExportSettings, "export")
    model = paths.tuned(profile, about.arm) / str(about.seed)
    shipping.write(model, config.section(DemoSettings, "demo"), SCRATCH)
