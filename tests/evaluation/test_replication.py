"""`replicate-2021`, rehearsed on small models and small test sets with published numbers of their own."""

import json
import pathlib

import pytest
from ruamel.yaml import YAML

from clip_italian import __main__ as shell
from clip_italian.checkpoints import loading
from clip_italian.config import read_yaml
from clip_italian.errors import InputError
from clip_italian.evaluation.published import protocols, replication
from tests.helpers import evaluation_files as made
from tests.helpers.golden_systems import copied

PICTURES, EACH, CLASSES = 11, 5, 101
PUBLISHED = (("CLIP-Italian", "clip-italian"), ("mCLIP", "multilingual-clip"))


@pytest.fixture
def sets(here, monkeypatch):
    """The two test sets in miniature, under protocols that do not count them."""
    made.coco(here / "mscoco", "captions_ita_devset_unvalidated.json.gz", [EACH] * PICTURES)
    made.imagenet(here / "imagenet", [f"una cosa {number}" for number in range(CLASSES)], each=1)
    for name in ("mscoco-it/published", "imagenet-it/published"):
        content = read_yaml(protocols.FOLDER / f"{name}.yaml") | {"counts": {"pictures": None, "texts": None}}
        path = here / "protocols" / f"{name}.yaml"
        path.parent.mkdir(parents=True)
        YAML().dump(content, path)
    monkeypatch.setattr(protocols, "FOLDER", here / "protocols")
    return here


@pytest.fixture
def run(sets, monkeypatch):
    """The command on stand-ins; `shifts` moves published values by so many points from what is measured."""
    folders = {model: copied(system, sets) for model, system in PUBLISHED}
    path, original = sets / "published.yaml", read_yaml(replication.SOURCE)
    monkeypatch.setattr(replication, "SOURCE", path)
    options = ["--mscoco-it", str(sets / "mscoco"), "--imagenet-it", str(sets / "imagenet"), "--out", str(sets / "out")]
    options += ["--model", str(folders["CLIP-Italian"].folder), "--mclip", str(folders["mCLIP"].folder)]
    options += ["--mclip-images", str(folders["mCLIP"].images)]

    def command(*more: str, shift: float = 0.0, model: str = "CLIP-Italian", first: int = 0) -> int | str | None:
        content = json.loads(json.dumps(original))
        for table in (content["retrieval"], content["zeroshot"]):
            for row in table["rows"]:
                file = sets / "measured" / row["model"] / table["name"] / "metrics.json"
                if file.exists():
                    measured = json.loads(file.read_text())["metrics"]
                    row["values"] = [float(measured[name] * table["whole"]) for name in table["reported"]]
                    row["values"][-1] += shift * table["whole"] / 100 if row["model"] == model else 0.0
                    if row["first_ranks"] is not None:
                        row["first_ranks"] = round(measured["MRR@1"] * PICTURES * EACH) + first
        YAML().dump(content, path)
        try:
            shell.main(["replicate-2021", *options, *more])
        except SystemExit as end:
            return end.code
        return 0

    command("--out", str(sets / "measured"))  # what the stand-ins give becomes what is published of them
    return command


def test_stand_ins_that_give_their_published_numbers_pass(run, sets, capsys):
    capsys.readouterr()
    assert run() == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["model", "metric", "expected", "found", "difference", "verdict"]
    assert [line.split()[:2] for line in printed[1:5]] == [["CLIP-Italian", m] for m in ("MRR@1", "MRR@5", "MRR@10", "acc@1")]
    assert printed[-2] == "PASS: all numbers, within 0.05 points"
    written = json.loads((sets / "out/replication.json").read_text())
    assert written["passed"] and len(written["checks"]) == 14
    assert {check["model"] for check in written["checks"]} == dict(PUBLISHED).keys()
    assert all(check["difference"] == 0 for check in written["checks"])
    expected, found = written["checks"][0]["first_ranks"]
    assert expected == found == round(written["checks"][0]["found"] * PICTURES * EACH)
    assert all("2108.08688" in check["source"] for check in written["checks"])
    assert written["files"]["CLIP-Italian"].keys() and any(name.startswith("images/") for name in written["files"]["mCLIP"])


@pytest.mark.parametrize("model", ["CLIP-Italian", "mCLIP"])
def test_a_number_within_the_tolerance_passes_and_one_beyond_fails(run, sets, capsys, model):
    assert run(shift=0.05, model=model) == 0
    capsys.readouterr()
    assert run(shift=-0.06, model=model) == 1
    printed = capsys.readouterr().out
    assert printed.count("FAIL") == 3 and "FAIL: 2 of 14 numbers are not the published ones" in printed
    written = json.loads((sets / "out/replication.json").read_text())
    assert not written["passed"]
    failed = [(check["model"], check["metric"], check["difference"]) for check in written["checks"] if not check["passed"]]
    assert failed == [(model, "MRR@10", pytest.approx(0.06)), (model, "acc@100", pytest.approx(0.06))]


def test_another_count_of_first_ranks_fails(run, sets, capsys):
    assert run("--without-mclip", first=1) == 1
    checks = json.loads((sets / "out/replication.json").read_text())["checks"]
    assert [check["passed"] for check in checks] == [False] + [True] * 6
    expected, found = checks[0]["first_ranks"]
    assert found == expected - 1 and checks[0]["difference"] == pytest.approx(-100 / PICTURES / EACH, abs=1e-6)
    assert f"({found} first, published {expected})" in capsys.readouterr().out


def test_folders_that_hold_other_files_are_told_before_a_model_is_read(sets, capsys):
    def failing(*folders: pathlib.Path) -> str:
        options = [word for pair in zip(("--mscoco-it", "--imagenet-it"), map(str, folders), strict=True) for word in pair]
        with pytest.raises(SystemExit) as end:
            shell.main(["replicate-2021", "--model", "no/such/model", "--out", str(sets / "out"), *options])
        return str(end.value.code)

    coco, imagenet = sets / "mscoco", sets / "imagenet"
    assert "captions_ita_devset_unvalidated.json.gz: missing" in failing(imagenet, coco)
    assert "imagenet_labels_IT.tsv: missing" in failing(coco, coco)
    (imagenet / "val/n00000003/ILSVRC2012_val_00000000.JPEG").unlink()
    assert "n00000003: has no images" in failing(coco, imagenet)
    assert not (sets / "out").exists()


def test_test_sets_of_other_counts_are_refused(here):
    made.coco(here / "mscoco", "captions_ita_devset_unvalidated.json.gz", [5, 5])
    with pytest.raises(InputError, match="2 pictures, `mscoco-it/published` has 1696"):
        replication.check_data(here / "mscoco", here / "imagenet")


def test_what_is_expected_is_what_was_published_of_systems_and_protocols_that_are_known():
    tables = replication.published()
    assert tables.tolerance == 0.05
    for table in (tables.retrieval, tables.zeroshot):
        assert {row.system for row in table.rows} <= loading.SYSTEMS.keys()
        assert set(table.reported) <= protocols.load(table.name).metrics.keys()
    first = tables.retrieval.rows[0]
    counts = protocols.load(tables.retrieval.name).counts
    assert first.first_ranks / counts.texts == pytest.approx(0.3796841857176526, abs=1e-15)
    assert round(first.first_ranks / counts.texts, 4) == first.values[0]
