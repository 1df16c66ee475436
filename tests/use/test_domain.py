"""Fine-tuning on the shop: what is asked, what is found before and after, and what is said of it."""

import pathlib
import re

import numpy as np
import pytest

from clip_italian import config, files
from clip_italian.errors import InputError
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.finetuning import domain, settings, tables
from clip_italian.use.finetuning.domain import DomainSettings, Queries, Rankings
from clip_italian.world.shop import publishing
from clip_italian.world.shop.publishing import ShopSettings

ROOT = pathlib.Path(__file__).parents[2]
PROFILE = config.profile("tiny", ROOT / "profiles").content
PICTURES = [pathlib.Path(f"{number}.jpg") for number in range(4)]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop") / "shop"
    publishing.write(folder, config.parse(ShopSettings, PROFILE["shop"], "tiny"))
    return folder


@pytest.fixture(scope="module")
def evaluation():
    few = PROFILE["evaluation"] | {"resamples": 200, "permutations": 200}
    return config.parse(EvaluationSettings, few, "tiny")


def own():
    """A query for each of four pictures; that of the last is of an unseen pair."""
    test = tables.TestSet(["a", "b", "c", "d"], PICTURES, [frozenset({place}) for place in range(4)])
    return Queries(test, np.array([False, False, False, True]))


def first(*places):
    """Lists in which each query finds the picture of a place first, and then the others."""
    return np.array([[place, *(other for other in range(4) if other != place)][:2] for place in places])


def test_the_queries_of_both_languages_ask_for_the_same_pictures(shop):
    italian, german = (domain.queries(shop, language) for language in domain.LANGUAGES)
    assert italian.test.relevant == german.test.relevant and italian.test.images == german.test.images
    assert not set(italian.test.queries) & set(german.test.queries)
    np.testing.assert_array_equal(italian.unseen, german.unseen)
    assert len(italian.test.images) == PROFILE["shop"]["test"]


def test_a_query_is_of_unseen_pairs_when_all_its_pictures_are(shop):
    content = config.parse(ShopSettings, PROFILE["shop"], "tiny")
    shown = {item.image: (item.product.kind, item.product.colour) in content.unseen() for item in publishing.stock(content)}
    asked = domain.queries(shop, "it")
    for right, unseen in zip(asked.test.relevant, asked.unseen, strict=True):
        assert unseen == all(shown[str(asked.test.images[place].relative_to(shop))] for place in right)
    assert asked.unseen.any() and not asked.unseen.all()


def test_a_picture_that_is_not_described_is_named(shop, tmp_path):
    for name in ("queries-it.csv", "products.csv"):
        (tmp_path / name).write_text("\n".join((shop / name).read_text().splitlines()[: None if "q" in name else 2]) + "\n")
    with pytest.raises(InputError, match=r"products.csv: no line for .*\.jpg; run `dvc repro shop`"):
        domain.queries(tmp_path, "it")


def test_what_is_found_before_and_after_is_told_with_the_difference(evaluation):
    found = {0: Rankings(first(1, 0, 3, 2), first(0, 1, 2, 3)), 1: Rankings(first(0, 0, 0, 0), first(0, 1, 0, 0))}
    result = domain.summarise(own(), found, evaluation, 0)
    models = result["all"]["models"]
    # Of seed 0 all queries find their picture first after; before, the two that have place 0 or 1 of the list find it second.
    assert models["after"]["seeds"]["0"]["reciprocal_rank"] == 1 and models["after"]["seeds"]["1"]["reciprocal_rank"] == 0.5
    assert models["before"]["seeds"]["0"]["reciprocal_rank"] == pytest.approx((0.5 + 0.5) / 4)
    assert models["before"]["seeds"]["1"]["reciprocal_rank"] == pytest.approx((1 + 0.5) / 4)
    for metric in domain.METRICS:
        apart = models["after"]["mean"][metric] - models["before"]["mean"][metric]
        assert models["difference"]["mean"][metric] == pytest.approx(apart, abs=2e-6)
        assert models["difference"]["interval"][metric][0] <= apart <= models["difference"]["interval"][metric][1]
    assert result["all"]["queries"] == 4 and result["unseen"]["queries"] == 1
    assert result["unseen"]["models"]["after"]["seeds"] == {
        "0": dict.fromkeys(domain.METRICS, 1.0) | {"precision_at_k": 0.5},
        "1": dict.fromkeys(domain.METRICS, 0.0),
    }


def test_nothing_changed_is_no_difference(evaluation):
    same = Rankings(first(0, 1, 0, 3), first(0, 1, 0, 3))
    (part, _) = domain.summarise(own(), {0: same}, evaluation, 0).values()
    assert set(part["p"].values()) == {1.0}
    assert {tuple(ends) for ends in part["models"]["difference"]["interval"].values()} == {(0.0, 0.0)}


def test_a_run_is_as_finetune_has_it_but_for_what_the_profile_says():
    chosen = config.parse(DomainSettings, PROFILE["domain"], "tiny").finetuning(3)
    other = settings.load()
    said = {name: PROFILE["domain"][name] for name in PROFILE["domain"] if name != "start"} | {"seed": 3}
    assert chosen.model_dump() == other.model_dump() | said


def test_the_pages_tables_are_those_of_the_results():
    page = (ROOT / "docs/finetuning.md").read_text()
    (shown,) = re.findall(r"<!-- domain:[^\n]*-->\n(.*?)<!-- /domain -->", page, re.DOTALL)
    made = domain.table(files.read_json(ROOT / "results/mini/domain.json"))
    assert shown == made, "copy domain.table of the results between the markers of docs/finetuning.md"


def test_queries_for_the_same_pictures_are_one_unit(evaluation):
    test, ranked = own().test, Rankings(first(1, 0, 3, 2), first(0, 1, 3, 2))
    twice = domain.Queries(
        tables.TestSet([*test.queries] * 2, test.images, [*test.relevant] * 2), np.concatenate([own().unseen] * 2)
    )
    doubled = Rankings(*(np.concatenate([one, one]) for one in ranked))
    once, again = (
        domain.summarise(asked, {0: found}, evaluation, 0)["all"] for asked, found in ((own(), ranked), (twice, doubled))
    )
    assert again["queries"] == 2 * once["queries"]
    assert again["p"] == once["p"] and again["models"]["difference"]["interval"] == once["models"]["difference"]["interval"]
