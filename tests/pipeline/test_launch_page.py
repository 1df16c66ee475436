"""docs/launch.md says what the program does."""

import pathlib
import re

import pytest
from ruamel.yaml import YAML

from clip_italian import config
from clip_italian.training.settings import TrainingSettings
from pipeline import launching
from pipeline.launching import LaunchSettings

PAGE = (pathlib.Path(__file__).parents[2] / "docs/launch.md").read_text()
SECTIONS = [YAML(typ="safe").load(block)["launch"] for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("section", SECTIONS, ids=[section["launcher"] for section in SECTIONS])
def test_a_section_that_is_shown_is_accepted(section):
    settings = config.parse(LaunchSettings, section, "docs/launch.md")
    assert len(launching.commands(settings, ["program"])) == (1 if section["launcher"] == "srun" else settings.processes)


def test_slurm_starts_what_the_page_says():
    (settings,) = (config.parse(LaunchSettings, section, "") for section in SECTIONS if section["launcher"] == "srun")
    (command,) = launching.commands(settings, ["program"])
    assert f"`{' '.join(command[: command.index('program')])}`" in PAGE


def test_the_settings_it_names_exist():
    named = set(re.findall(r"`training\.(\w+)", PAGE))
    assert len(named) > 5 and named <= set(TrainingSettings.model_fields)
