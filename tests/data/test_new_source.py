"""The recipe of docs/real-data.md for a new published source, performed on a copy: a reader, a line in the table, settings."""

import io
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import spacy
from PIL import Image
from ruamel.yaml import YAML

from clip_italian import config, files
from clip_italian.data.archives import add

ROOT = pathlib.Path(__file__).parents[2]
READER = '''"""A museum's catalogue: lines of file name, a tab, caption."""

from clip_italian.data.sources.rows import LONGEST, lines
from clip_italian.data.sources.rows import Row, Unusable, decoded, parsed


def read(folder, language, rejected):
    """One row an image."""

    def parse(number, line):
        name, tab, caption = decoded(line).partition("\\t")
        if not tab:
            raise Unusable("wrong number of columns")
        return Row(f"museum/{number:07d}", name, (caption,))

    yield from parsed(enumerate(lines(folder / "museum.tsv", LONGEST), start=1), parse, rejected)
'''
TABLE = 'READERS: dict[str, Reader] = {\n    "wit": wit.read,\n'


def image(number: int) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "PNG")
        return file.getvalue()


def test_a_new_published_source_is_a_reader_a_line_and_settings(tmp_path):
    for name in ("clip_italian", "pipeline", "stages", "profiles"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "own").mkdir()
    (tmp_path / "params.yaml").write_text(
        "profile: tiny\narms: [full]\ncurves: [full_5]\nbaselines: [mclip]\nprobed: [full]\nseeds: [0]\n"
    )

    # The reader and the line.
    (tmp_path / "clip_italian/data/sources/museum.py").write_text(READER)
    table = tmp_path / "clip_italian/data/sources/sources.py"
    assert TABLE in table.read_text()
    content = table.read_text().replace(TABLE, f'{TABLE}    "museum": museum.read,\n').replace("own, wit", "museum, own, wit")
    table.write_text(content)

    # Its files and the settings.
    shipped = tmp_path / "shipped"
    files.write_text(shipped / "museum.tsv", "".join(f"{i}.png\tUn vaso antico numero {i}\n" for i in range(6)) + "no caption\n")
    with zipfile.ZipFile(shipped / "images.zip", "w") as archive:
        for number in range(6):
            add(archive, f"{number}.png", image(number))
    given = [
        {"name": path.name, "address": None, "given": str(path), "sha256": None, "unpack": None, "pairs": True}
        for path in sorted(shipped.iterdir())
    ]
    publisher = {"about": "https://museum.example/", "licence": "CC0", "fetch_rows": False, "files": given}
    profile = config.read_yaml(tmp_path / "profiles/tiny.yaml")
    profile["world"]["kind"] = "given"
    profile["published"] = {"publishers": {"museum": publisher}}
    profile["curate"] |= {"sources": ["museum"], "translated": [], "proper_noun_sources": [], "tagger": "./tagger"}
    YAML().dump(profile, tmp_path / "profiles/tiny.yaml")
    tagger = spacy.blank("it")
    tagger.add_pipe("morphologizer").add_label("POS=NOUN")
    tagger.initialize()
    tagger.to_disk(tmp_path / "tagger")

    (tmp_path / "data/tiny/translated/sources").mkdir(parents=True)  # stage translate has nothing to do
    for stage in ("download", "curate"):
        command = [sys.executable, "-m", "stages", stage]
        done = subprocess.run(command, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    downloaded, curated = (files.read_json(tmp_path / f"reports/tiny/{stage}.json") for stage in ("download", "curate"))
    assert [one["name"] for one in downloaded["sources"]["museum"]["files"]] == ["images.zip", "museum.tsv"]
    rows = {"read": 7, "kept": 6, "rejected": {"wrong number of columns": 1}}
    assert curated["sources"] == {"museum": curated["sources"]["museum"] | {"rows": rows}}
    pairs = [
        json.loads(line)
        for name in ("train", "valid")
        for line in (tmp_path / f"data/tiny/pairs/{name}.jsonl").open(encoding="utf-8")
    ]
    assert sorted(pair["captions"][0] for pair in pairs) == [f"Un vaso antico numero {i}" for i in range(6)]
    assert {pair["archive"] for pair in pairs} == {"museum/images.zip"}
