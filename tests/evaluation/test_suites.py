"""Suites: several test sets, one table, and nothing left out in silence."""

import json

import numpy as np
import pytest
from ruamel.yaml import YAML

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.config import read_yaml
from clip_italian.errors import InputError
from clip_italian.evaluation.published import evaluating, protocols, suites
from tests.helpers import evaluation_files as made
from tests.helpers.golden_systems import copied


@pytest.fixture
def model(here):
    return clip_italian.load(copied("clip-italian", here).folder)


def classes(folder, first: int, names=("gatto", "cane", "fiore")) -> None:
    made.shards(folder, "classification", [{"png": made.picture(first + n), "cls": str(n % 3).encode()} for n in range(6)])
    made.class_names(folder, names)


@pytest.fixture
def data(here):
    """Four of the sets of VTAB+, one of them with several classes a picture."""
    for number, name in enumerate(("imagenet1k", "vtab-cifar10", "mnist")):
        classes(here / f"sets/wds_{name}", 10 * number)
    samples = []
    for number in range(3):
        np.save(here / "label.npy", np.eye(3, dtype=np.int32)[number])
        samples.append({"npy": (here / "label.npy").read_bytes(), "png": made.picture(number)})
    made.shards(here / "sets/wds_voc2007_multilabel", "multilabel", samples)
    made.class_names(here / "sets/wds_voc2007_multilabel", ["gatto", "cane", "fiore"])
    return here / "sets"


@pytest.mark.parametrize("name", suites.names())
def test_a_suite_names_sets_protocols_languages_and_metrics_that_exist(name):
    suite = suites.load(name)
    assert len({each.name for each in suite.sets}) == len(suite.sets) and len(suite.source) > 20
    for each in suite.sets:
        assert each.metric in protocols.load(each.protocol).metrics
        protocols.language_of(protocols.load(each.protocol), each.language)


def test_vtab_plus_has_35_sets_of_accuracies_and_one_of_several_classes():
    metrics = [each.metric for each in suites.load("vtab+").sets]
    assert (metrics.count("acc1"), metrics.count("mean_average_precision"), len(metrics)) == (35, 1, 36)


def test_sets_that_are_there_are_measured_as_alone_and_the_others_are_listed(model, data, here):
    table = suites.evaluate(model, "vtab+", data, here / "out")
    assert [row["name"] for row in table["sets"]] == ["imagenet1k", "voc2007_multilabel", "mnist", "vtab/cifar10"]
    assert len(table["missing"]) == 32 and table["missing"][0]["path"].endswith("sets/wds_imagenetv2")
    assert table["mean"] == {"metric": "acc1", "value": None, "sets": 3, "of": 35}
    alone = evaluating.evaluate(model, "clip-benchmark/zeroshot", data / "wds_vtab-cifar10", here / "alone")
    assert table["sets"][3]["metrics"] == alone and table["sets"][3]["value"] == alone["acc1"]
    assert (here / "out/vtab+/vtab-cifar10/items.npz").exists()
    assert json.loads((here / "out/vtab+/table.json").read_text()) == table
    printed = suites.lines(table).splitlines()
    assert len(printed) == 38 and sum("missing" in line for line in printed) == 32
    assert printed[-1] == "mean acc1: no value; 3 of 35 sets are there"


def test_the_mean_is_over_all_sets_of_its_metric_once_none_is_missing(model, data, here, monkeypatch):
    content = read_yaml(suites.FOLDER / "vtab+.yaml")
    content["sets"] = [each for each in content["sets"] if (data / each["folder"]).exists()]
    monkeypatch.setattr(suites, "FOLDER", here)
    YAML().dump(content, here / "small.yaml")
    table = suites.evaluate(model, "small", data, here / "out")
    accuracies = [row["value"] for row in table["sets"] if row["metric"] == "acc1"]
    assert len(accuracies) == 3 and table["mean"]["value"] == pytest.approx(np.mean(accuracies)) and table["missing"] == []


def test_a_row_in_another_language_is_measured_with_its_labels_and_missing_without_them(model, data, here, monkeypatch):
    made.label_files(here / "datasets", "it", ["gatto", "fiore", "cane"], ["una foto di {c}"])
    loaded, free = protocols.load, protocols.Counts(pictures=None, texts=None)
    monkeypatch.setattr(protocols, "load", lambda name: loaded(name).model_copy(update={"counts": free}))
    table = suites.evaluate(model, "laion-card", data, here / "out", labels=here / "datasets")
    assert [(row["name"], row["language"]) for row in table["sets"]] == [("imagenet1k", None), ("imagenet1k-it", "it")]
    assert [row["name"] for row in table["missing"]] == ["mscoco_captions", "flickr30k", "imagenet1k-jp"]
    assert table["missing"][2]["path"].endswith("datasets/jp_classnames.json")
    assert table["mean"] is None and suites.lines(table).splitlines()[-1].split()[:2] == ["imagenet1k-jp", "missing"]
    about = json.loads((here / "out/laion-card/imagenet1k-it/metrics.json").read_text())
    assert about["language"] == "it" and about["protocol"] == "clip-benchmark/imagenet1k"


def test_a_folder_without_any_of_the_sets_and_a_name_that_is_not_known_are_refused(model, here):
    with pytest.raises(InputError, match="no set of `vtab\\+` is there; the first is looked for at .*wds_imagenet1k"):
        suites.evaluate(model, "vtab+", here / "nothing", here / "out")
    with pytest.raises(InputError, match="`vtab` is not known; did you mean `vtab\\+`"):
        suites.load("vtab")


def test_the_shell_runs_a_suite_or_a_protocol_in_a_language(data, here, capsys, monkeypatch):
    model = ["--model", str(copied("clip-italian", here).folder), "--out", str(here / "out")]
    shell.main(["evaluate", "--suite", "vtab+", "--data", str(data), *model])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].split() == ["set", "value", "metric"] and printed[-1] == f"{here / 'out/vtab+'}: written"
    with pytest.raises(SystemExit, match="--language: a suite says the language"):
        shell.main(["evaluate", "--suite", "vtab+", "--language", "it", "--data", str(data), *model])
    with pytest.raises(SystemExit, match="has no language `ja`; known are en, ar, cn, it, jp"):
        shell.main(["evaluate", "--protocol", "clip-benchmark/imagenet1k", "--language", "ja", "--data", str(data), *model])
    made.label_files(data / "wds_imagenet1k", "it", ["gatto", "fiore", "cane"], ["una foto di {c}"])
    loaded, free = protocols.load, protocols.Counts(pictures=None, texts=None)
    monkeypatch.setattr(protocols, "load", lambda name: loaded(name).model_copy(update={"counts": free}))
    chosen = ["--protocol", "clip-benchmark/imagenet1k", "--language", "it", "--data", str(data / "wds_imagenet1k")]
    shell.main(["evaluate", *chosen, *model])
    assert capsys.readouterr().out.splitlines()[-1] == f"{here / 'out/clip-benchmark/imagenet1k/it'}: written"
    assert json.loads((here / "out/clip-benchmark/imagenet1k/it/metrics.json").read_text())["language"] == "it"
