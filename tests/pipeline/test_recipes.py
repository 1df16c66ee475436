"""The README's recipes for arms, a seed, an augmentation and a test set, each followed to the letter on a copy.

Those for a source and a text tower are followed by tests/data/test_new_source.py and tests/checkpoints/test_a_new_text_tower.py.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
CHANGED = ("clip_italian", "profiles", "params.yaml", "tests", ".dvc")  # the others are links
AUGMENTATION = "clip_italian/data/images/augmentation.py"
DARKEN = '''

def darken(image: Image, share: float) -> Image:
    """Every level times the share."""
    return brightness(image, share)
'''
PROTOCOL = """
source: Captions of my own photographs, which nobody has published
reader: lines
data: {captions: captions.txt, names: names.txt, pictures: [images], training: []}
counts: {pictures: 2, texts: 2}
margin: null
ties: pessimistic
metrics: {recall@1: text_to_image/own/recall@1}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository after all these recipes."""
    root = tmp_path_factory.mktemp("recipes")
    for path in ROOT.iterdir():
        if path.name not in (*CHANGED, ".git", ".state", ".studies"):
            (root / path.name).symlink_to(path)
    for name in ("clip_italian", "profiles", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", root)
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    # An arm, an arm of the curves and a seed.
    after(root / "profiles/drawn.yaml", "arms: ", "  wide_batch: {batch: 256}\n  frozen_60: {frozen_updates: 2880}\n")
    after(root / "params.yaml", "arms:\n", "  - wide_batch\n")
    after(root / "params.yaml", "curves:\n", "  - frozen_60\n")
    after(root / "params.yaml", "seeds:\n", "  - 7\n")
    # An augmentation.
    with open(root / "clip_italian/data/images/colours.py", "a") as module:
        module.write(DARKEN)
    after(
        root / AUGMENTATION, "OPERATIONS:", '    "darken": ("darken", lambda image, numbers: colours.darken(image, numbers[0])),\n'
    )
    after(root / AUGMENTATION, '    "order": ', '    "darken": 2,\n')
    profile = root / "profiles/drawn.yaml"
    old = "operations: {autocontrast: 0.1, equalize_opencv: 0.1} #"
    assert profile.read_text().count(old) == 1
    profile.write_text(profile.read_text().replace(old, "operations: {autocontrast: 0.1, equalize_opencv: 0.1, darken: 1.0} #"))
    # A test set.
    (root / "clip_italian/evaluation/published/protocols/my-photos.yaml").write_text(PROTOCOL)
    return root


def after(path, start, line):
    """Writes a line after the one line that begins so."""
    lines = path.read_text().splitlines(keepends=True)
    (place,) = (number for number, one in enumerate(lines) if one.startswith(start))
    path.write_text("".join([*lines[: place + 1], line, *lines[place + 1 :]]))


def run(root, *command):
    environment = os.environ | {"PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(root)}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def printed(root, program):
    return run(root, sys.executable, "-c", program).splitlines()


def test_arms_and_a_seed_are_in_the_graph_with_what_they_change(copy):
    program = (
        "from clip_italian import config\n"
        "from clip_italian.training.settings import TrainingSettings\n"
        "params, whole = config.params(), config.arm(TrainingSettings, 'full').model_dump()\n"
        "for arm in (params.arms[0], params.curves[0]):\n"
        "    new = config.arm(TrainingSettings, arm).model_dump()\n"
        "    print({key: value for key, value in new.items() if whole[key] != value})\n"
        "print(params.seeds)"
    )
    assert printed(copy, program) == ["{'batch': 256}", "{'frozen_updates': 2880}", "[7, 0, 1, 2]"]
    stages = run(copy, "dvc", "stage", "list", "--name-only").splitlines()
    assert {"pretrain@wide_batch", "finetune@wide_batch"} <= set(stages)


def test_an_augmentation_acts_on_views_of_the_arms_that_name_it(copy):
    program = (
        "import numpy as np\n"
        "from clip_italian import config\n"
        "from clip_italian.data.images.augmentation import views\n"
        "from clip_italian.data.images.settings import ImageSettings\n"
        "settings = config.section(ImageSettings, 'images').augmentations['code_2021']\n"
        "without = settings.model_copy(update={'operations': {}})\n"
        "white = np.full((8, 56, 56, 3), 200, np.uint8)\n"
        "light = [views(white, 48, 0, np.arange(8), 0, one).mean((1, 2, 3)) for one in (settings, without)]\n"
        "print(np.mean(light[0] / light[1] < 0.99) >= 0.5)"
    )
    assert printed(copy, program) == ["True"]


def test_a_test_set_is_read_by_the_name_of_its_file(copy, tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / "images" / name), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "captions.txt").write_text("Un gatto\nUn cane\n")
    (tmp_path / "names.txt").write_text("a.png\nb.png\n")
    program = (
        "from clip_italian.evaluation.published import protocols\n"
        f"test = protocols.read(protocols.load('my-photos'), {str(tmp_path)!r})\n"
        "print(test.texts, [path.name for path in test.images])"
    )
    assert printed(copy, program) == ["['Un gatto', 'Un cane'] ['a.png', 'b.png']"]


def test_no_test_of_the_repository_s_own_files_fails_after_them(copy):
    names = ("pipeline/test_graph.py", "pipeline/test_studies.py", "project/test_readme.py", "evaluation/test_protocols.py")
    about = "keys difference params_name german_study extended_study s_arms make_study readme names_its_source installed german_dif"
    files = [f"tests/{name}" for name in (*names, "world/test_your_language.py")]
    options = ("-x", "-p", "no:cacheprovider", "-k", " or ".join(about.split()))
    assert " passed" in run(copy, sys.executable, "-m", "pytest", *options, *files)
