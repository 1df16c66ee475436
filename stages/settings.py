"""The whole profile, joined with its base: reports/<profile>/settings.json, whose sections the other stages list in dvc.yaml.

The stages read profiles/*.yaml themselves. DVC could not: to it a listed section that a file lacks is an error, and the changes of
one arm may lie in two files. Every arm of params.yaml is checked here, before anything runs.
"""

from clip_italian import config, files, paths
from clip_italian.errors import InputError
from clip_italian.training.settings import TrainingSettings


def main() -> None:
    params = config.params()
    for arm in [*params.arms, *params.curves]:
        backbones = config.arm(TrainingSettings, arm).backbones
        if backbones not in (None, *params.seeds):
            seeds = ", ".join(map(str, params.seeds))
            raise InputError(f"arm `{arm}`: `backbones` is {backbones}, which params.yaml lacks; choose one of its seeds: {seeds}")
    files.write_json(paths.report(config.params().profile, "settings"), config.profile().content)
