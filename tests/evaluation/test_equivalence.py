"""Two evaluations of the same items: what differs, what is equivalent, and what cannot be told."""

import json
import math
import pathlib

import numpy as np
import pytest

import clip_italian
from clip_italian import __main__ as shell
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, statistics
from clip_italian.evaluation.published import equivalence, evaluating
from tests.helpers import evaluation_files as made
from tests.helpers.golden_systems import copied


def zeroshot(folder: pathlib.Path, rank: np.ndarray, **about: object) -> pathlib.Path:
    """A folder as `evaluate` writes it, of a zero-shot protocol with three metrics."""
    arrays.write(folder / "items.npz", rank=rank)
    found = {"acc1": float((rank == 1).mean()), "acc5": float((rank <= 5).mean()), "mean_per_class_recall": 0.5}
    content = {"protocol": "clip-benchmark/zeroshot", "data": {"pictures_sha256": "x"}, "metrics": found} | about
    made.put(folder / "metrics.json", json.dumps(content))
    return folder


def changed(rank: np.ndarray, lost: int, won: int) -> np.ndarray:
    """The ranks with so many right answers turned wrong, and wrong ones right."""
    other = rank.copy()
    other[np.flatnonzero(rank == 1)[:lost]] = 9
    other[np.flatnonzero(rank == 9)[:won]] = 1
    return other


@pytest.fixture(autouse=True)
def fewer_samples(monkeypatch):
    """As many as the verdicts need."""
    for name in ("RESAMPLES", "PERMUTATIONS"):
        monkeypatch.setattr(equivalence, name, 2000)


RANK = np.where(np.random.default_rng(0).random(20_000) < 0.4, 1, 9).astype(np.int32)


def test_the_same_outcomes_are_equivalent_and_nothing_else(tmp_path):
    found = equivalence.compare(zeroshot(tmp_path / "a", RANK), zeroshot(tmp_path / "b", RANK))
    (row,) = found.rows  # acc1 and acc5 are one number here
    assert row.metric == "acc1 = acc5" and found.left_out == ["mean_per_class_recall"]
    assert (row.difference, row.interval, row.p, row.mcnemar) == (0, (0, 0), 1, 1)
    assert row.p_equivalence == pytest.approx(1 / (equivalence.RESAMPLES + 1)) and row.verdict == "equivalent"


@pytest.mark.parametrize(
    "lost, won, verdict",
    [
        (20, 22, "equivalent"),  # a hundredth of a point, as between two devices
        (60, 15, "different, within the margin"),  # 0.2 points, for certain
        (400, 100, "different"),  # 1.5 points
        (300, 230, "different"),  # 0.35 points, too uncertain to be within the margin for certain
        (1520, 1480, "unclear"),  # 0.2 points, hidden by many changes
    ],
)
def test_verdicts_are_those_of_known_cases(tmp_path, lost, won, verdict):
    first, second = RANK, changed(RANK, lost, won)
    (row,) = equivalence.compare(zeroshot(tmp_path / "a", first), zeroshot(tmp_path / "b", second)).rows
    assert row.verdict == verdict
    assert row.difference == pytest.approx((lost - won) / len(RANK)) and row.interval[0] <= row.difference <= row.interval[1]
    assert row.mcnemar == statistics.mcnemar(lost, won)
    assert row.p == pytest.approx(row.mcnemar, abs=0.03)  # for outcomes of 0 and 1 both flip the same signs


def test_two_one_sided_tests_agree_with_normal_theory_and_with_the_interval_of_twice_alpha():
    rng = np.random.default_rng(1)
    for mean in (0.0, 0.2, 0.35, 0.5, 0.7):
        difference = rng.normal(size=4000)
        difference = (difference - difference.mean()) / difference.std() * 8 + mean
        samples = statistics.bootstrap(difference[:, None], np.ones(4000), 10_000, (3,))
        error = 8 / math.sqrt(4000)
        expected = max(0.5 * math.erfc((0.5 - mean) / error / math.sqrt(2)), 0.5 * math.erfc((0.5 + mean) / error / math.sqrt(2)))
        (p,) = statistics.equivalence(samples, 0.5)
        assert p == pytest.approx(expected, abs=0.015)
        for alpha in (0.01, 0.05, 0.2):
            low, high = statistics.interval(samples, 1 - 2 * alpha)[:, 0]
            assert abs(p - alpha) < 1e-3 or (p <= alpha) == (low > -0.5 and high < 0.5)


def test_p_values_are_corrected_over_all_metrics(tmp_path):
    first = np.random.default_rng(2).integers(1, 12, 3000).astype(np.int32)
    second = np.where(np.arange(3000) < 60, np.minimum(first + 2, 11), first).astype(np.int32)
    rows = equivalence.compare(zeroshot(tmp_path / "a", first), zeroshot(tmp_path / "b", second)).rows
    assert [row.metric for row in rows] == ["acc1", "acc5"]
    for plain, corrected in (("p", "p_holm"), ("p_equivalence", "p_equivalence_holm")):
        values = np.array([getattr(row, plain) for row in rows])
        assert [getattr(row, corrected) for row in rows] == pytest.approx(statistics.holm(values).tolist())
        assert any(getattr(row, corrected) > getattr(row, plain) for row in rows)


def retrieval(folder: pathlib.Path, rank: np.ndarray, owner: np.ndarray) -> pathlib.Path:
    _, place = np.unique(owner, return_inverse=True)
    images = np.arange(place.max() + 1)
    items = {"text_to_image/own": rank, "text_to_image/image": owner}
    arrays.write(folder / "items.npz", **items, **{"image_to_text/own": images % 3 + 1, "image_to_text/image": images})
    names = [f"{kind}_retrieval_recall@{k}" for kind in ("image", "text") for k in (1, 5, 10)]
    content = {"protocol": "clip-benchmark/retrieval", "data": {}, "metrics": dict.fromkeys(names, 0.5) | {names[5]: None}}
    made.put(folder / "metrics.json", json.dumps(content))
    return folder


def test_captions_of_one_picture_are_one_unit(tmp_path):
    rng = np.random.default_rng(4)
    one, other = (rng.choice([1, 20], 400).astype(np.int32) for _ in range(2))
    apart, together = np.arange(2000), np.repeat(np.arange(400), 5)
    intervals = []
    for name, owner in (("apart", apart), ("together", together)):
        folders = [retrieval(tmp_path / name / str(n), np.repeat(rank, 5), owner) for n, rank in enumerate((one, other))]
        found = equivalence.compare(*folders)
        assert found.left_out == ["text_retrieval_recall@10"]  # it has no value: fewer texts than ten
        row = found.rows[0]
        assert row.metric == "image_retrieval_recall@1 = image_retrieval_recall@5 = image_retrieval_recall@10"
        assert row.difference == pytest.approx((one == 1).mean() - (other == 1).mean()) and row.mcnemar is None
        intervals.append(row.interval[1] - row.interval[0])
    assert intervals[1] / intervals[0] == pytest.approx(math.sqrt(5), rel=0.05)


@pytest.mark.parametrize("key, value", [("protocol", "finetuner"), ("data", {"pictures_sha256": "y"}), ("language", "jp")])
def test_evaluations_of_other_items_are_refused(tmp_path, key, value):
    zeroshot(tmp_path / "a", RANK)
    zeroshot(tmp_path / "b", RANK, **{key: value})
    with pytest.raises(InputError, match=rf"b/metrics.json: `{key}` is not that of .*evaluate both under one protocol"):
        equivalence.compare(tmp_path / "a", tmp_path / "b")


def test_folders_that_evaluate_did_not_write_or_not_whole_are_named(tmp_path):
    zeroshot(tmp_path / "a", RANK)
    with pytest.raises(InputError, match="b/metrics.json: missing; give the folders OUT/PROTOCOL"):
        equivalence.compare(tmp_path / "a", tmp_path / "b")
    zeroshot(tmp_path / "b", RANK[:10])
    with pytest.raises(InputError, match="b/items.npz: 10 outcomes of acc1, .* has 20000"):
        equivalence.compare(tmp_path / "a", tmp_path / "b")
    made.put(tmp_path / "b/metrics.json", "[]")
    with pytest.raises(InputError, match="b/metrics.json: not what `evaluate` writes"):
        equivalence.compare(tmp_path / "a", tmp_path / "b")


def test_the_shell_compares_two_evaluations_of_real_models(here, capsys):
    samples = [{"png": made.picture(n), "txt": f"un gatto {n}\nuna foto {n}\n".encode()} for n in range(12)]
    made.shards(here / "captions", "retrieval", samples)
    for name in ("clip-italian", "clip-italian-version-4"):
        model = clip_italian.load(copied(name, here).folder)
        evaluating.evaluate(model, "clip-benchmark/retrieval", here / "captions", here / "out" / name)
    folders = [str(here / "out" / name / "clip-benchmark/retrieval") for name in ("clip-italian", "clip-italian-version-4")]
    shell.main(["compare", *folders, "--margin", "100"])
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("clip-benchmark/retrieval: first minus second") and printed[0].endswith("margin 100")
    names = " = ".join(line[: line.rindex("recall@") + 9].strip() for line in printed[2:])
    for k in (1, 5, 10):
        assert f"image_retrieval_recall@{k}" in names and f"text_retrieval_recall@{k}" in names
    assert all(line.split()[-1] in ("equivalent", "margin", "different", "unclear") for line in printed[2:])
