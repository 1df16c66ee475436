"""The curves, the effects of the edits in each regime, and the findings that titles tell, on journals whose truth is known."""

import dataclasses
import json
import math
import pathlib
import shutil

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.stats import t, ttest_rel

from analysis import amounts, augmentation_epochs, curves, effects, fields, freeze_length, learning_rates, regimes, style
from analysis import study as studies
from analysis.effects import AUGMENTATION, EQUAL, ON_TOP, Effects, Gain
from clip_italian import config, paths
from clip_italian.evaluation import statistics
from clip_italian.evaluation.study.settings import EvaluationSettings
from tests.helpers import synthetic_curves, synthetic_study

PROFILE = synthetic_study.PROFILE
PUBLISHED = pathlib.Path(config.__file__).parents[1]
SEEDS = (0, 1, 2)


@pytest.fixture
def study(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> studies.Study:
    """Journals of every arm and curve, of weaker backbones, and of the development world."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip_italian").symlink_to(PUBLISHED / "clip_italian")
    synthetic_study.write_settings()
    for arm, changes in synthetic_curves.ARMS.items():
        synthetic_curves.write(PROFILE, arm, changes, SEEDS)
    synthetic_curves.write_curves(PROFILE, SEEDS)
    synthetic_curves.write_report(PROFILE)
    synthetic_curves.write_studies(SEEDS)
    return studies.Study(
        config.params(),
        config.section(EvaluationSettings, "evaluation"),
        config.section(studies.AnalysisSettings, "analysis"),
    )


def effects_of(study: studies.Study) -> Effects:
    found = effects.of(study)
    assert found is not None
    return found


def test_epochs_count_updates_over_the_pairs_that_an_arm_sees(study: studies.Study) -> None:
    arms = {arm.name: arm for arm in curves.read(PROFILE, study.params.arms)}
    full, quarter = arms["full"], arms["quarter_full"]
    assert full.pairs == synthetic_curves.PAIRS and full.tuned_epochs == pytest.approx(660 * 128 / 6000)
    assert quarter.pairs == synthetic_curves.PAIRS / 4
    assert (quarter.frozen_epochs, quarter.tuned_epochs) == pytest.approx((full.frozen_epochs, full.tuned_epochs), rel=1e-6)
    assert full.cells[0].rows[-1]["step"] == 660 + 720
    assert arms["equal_100"].tuned_updates == 0 and arms["equal_100"].frozen_share == 1
    assert arms["equal_100"].cells[1].mrr == arms["equal_100"].cells[1].rows[-1]["valid_mrr@10"]


def test_sources_that_an_arm_leaves_out_are_no_pairs_of_its(study: studies.Study) -> None:
    synthetic_curves.write(PROFILE, "without", {"left_out": ["mscoco_it"]}, SEEDS, in_curves=True)
    (arm,) = [one for one in curves.read(PROFILE, []) if one.name == "without"]
    assert arm.pairs == synthetic_curves.PAIRS - synthetic_curves.SOURCES["mscoco_it"]


def test_effects_pair_arms_that_differ_in_the_edit_alone_whatever_they_are_called(study: studies.Study) -> None:
    folder = paths.runs(PROFILE) / "curves"
    (folder / "frozen_4.jsonl").rename(folder / "another_name.jsonl")
    found = effects_of(study)
    pairs = {(one.edit.name, one.on.name, one.off.name) for one in found.everything}
    assert (ON_TOP, "another_name", "plus_fixed_scale") in pairs
    assert (AUGMENTATION, "quarter_unfrozen", "quarter_unfrozen_clean") in pairs
    assert (EQUAL, "equal_100", "plus_fixed_scale") in pairs and (EQUAL, "full", "plus_fixed_scale") not in pairs
    assert ("optimiser", "plus_optimizer", "original") in pairs and ("fixed_scale", "plus_fixed_scale", "plus_optimizer") in pairs
    for one in found.everything:
        differing = {name for name, value in one.on.regime().items() if one.off.regime()[name] != value}
        assert differing and all(name.startswith(one.edit.parameters) for name in differing)


def test_gains_are_paired_by_seeds_with_a_t_interval(study: studies.Study) -> None:
    (one,) = [one for one in effects_of(study).everything if (one.edit.name, one.on.name) == (AUGMENTATION, "full")]
    with_it, without = ([arm.cells[seed].mrr for seed in SEEDS] for arm in (one.on, one.off))
    interval = ttest_rel(with_it, without).confidence_interval(0.95)
    assert (one.mrr.low, one.mrr.high) == pytest.approx((interval.low, interval.high))
    assert one.loss is not None
    assert one.loss.value == pytest.approx(np.mean([one.off.cells[seed].loss - one.on.cells[seed].loss for seed in SEEDS]))


def test_losses_among_other_negatives_are_not_compared(study: studies.Study) -> None:
    losses = {one.edit.name: one.loss for one in effects_of(study).everything}
    assert losses["local_negatives"] is None and losses["text_dropout"] is not None


def test_t_intervals_cover_the_mean_as_often_as_they_say() -> None:
    draws = np.random.default_rng(0).normal(size=(2000, 4))
    covered = [low <= 0 <= high for low, high in (statistics.t_interval(list(row), 0.9) for row in draws)]
    assert np.mean(covered) == pytest.approx(0.9, abs=0.02)
    assert statistics.t_interval([1.0], 0.95) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    "low, high, said",
    [
        (0.006, 0.02, "helps"),
        (0.001, 0.02, "helps, perhaps by little"),
        (-0.02, -0.006, "hurts"),
        (-0.02, -0.001, "hurts, perhaps by little"),
        (-0.004, 0.004, "hardly matters"),
        (-0.001, 0.02, "undecided"),
        (-math.inf, math.inf, "undecided"),
    ],
)
def test_verdicts_are_of_the_interval(low: float, high: float, said: str) -> None:
    assert effects.verdict(Gain({}, 0.0, low, high), 0.005) == said


def test_sentences_have_the_verb_of_each_interval_and_the_unit_once() -> None:
    loss, gain, none = Gain({}, -0.03, -0.04, -0.02), Gain({}, 0.06, 0.05, 0.07), Gain({}, 0.01, -0.02, 0.04)
    said = effects.sentence("it", [(loss, "at 5"), (gain, "at 9"), (gain, "at 27"), (none, "at 99")], 0.005)
    assert said == "it costs 3.0 points of MRR@10 at 5, gains 6.0 at 9, 6.0 at 27, has no sure effect at 99"


def test_augmentation_breaks_even_where_it_was_made_to(study: studies.Study) -> None:
    lines = augmentation_epochs.read(effects_of(study))
    for points in lines[AUGMENTATION].values():
        assert [round(place) for place, _ in points] == [5, 9, 14, 28]
        turn = augmentation_epochs.crossing(points)
        assert turn is not None and turn[0] == pytest.approx(8, abs=1) and turn[1] < turn[0] < turn[2]
    assert augmentation_epochs.crossing(lines[ON_TOP]["with"]) is None
    assert "breaks even near" in augmentation_epochs.finding(lines, effects_of(study))


def test_titles_follow_the_results(study: studies.Study) -> None:
    found = effects_of(study)
    on_top, equal = freeze_length.read(found)
    assert [round(place) for place, _ in on_top] == [1, 4, 15, 41] and [round(place) for place, _ in equal] == [25, 50, 75, 100]
    assert "equal updates costs" in freeze_length.finding(on_top, equal, found)
    turned = [(place, dataclasses.replace(one, mrr=Gain({}, -one.mrr.value, -one.mrr.high, -one.mrr.low))) for place, one in equal]
    assert "equal updates gains" in freeze_length.finding(on_top, turned, found)


def test_amounts_are_at_equal_epochs_and_backbones_from_the_weakest(study: studies.Study) -> None:
    found = effects_of(study)
    pairs, strengths = amounts.read(study, found)
    assert pairs.places == [1500, 3000, 6000] and strengths.names == ["random", "weak", "whole"]
    for both in (*pairs.lines.values(), *strengths.lines.values()):
        assert set(both) == {"with", "without"} and {len(points) for points in both.values()} == {3}
    shutil.rmtree("studies/random")
    assert amounts.strengths(study, found).names == ["weak", "whole"]


def test_rates_of_the_ladder_are_found_by_parameters_and_the_studys_is_marked(study: studies.Study) -> None:
    rates = {one.arm: one for one in learning_rates.read(study)}
    assert list(rates) == study.settings.ladder
    assert all(len(one.losses) == 4 and one.chosen in one.losses for one in rates.values())
    assert rates["full"].best == rates["full"].chosen == 3e-3
    assert learning_rates.finding([rates["full"]]) == "1 of 1 arms are trained with the best of their rates"


def test_predictions_are_those_of_a_line_with_its_interval() -> None:
    x, y = np.array([1.0, 2, 4, 1, 2, 4]), np.array([0.0, 1, 2, 0.2, 1.2, 2.2])
    one = regimes.predicted(x, y, 16, 0.95)
    assert one.value == pytest.approx(4.1)
    error = np.sqrt(0.06 / 4)
    away = (4 - 1) ** 2 / 4  # in doublings; the sum of squares of these x is 4
    assert one.high - one.value == pytest.approx(t.ppf(0.975, 4) * error * np.sqrt(1 + 1 / 6 + away))


def test_nothing_is_predicted_from_fewer_than_three_amounts(study: studies.Study) -> None:
    assert all(one.gain for one in regimes.predictions(study))
    for file in (paths.runs(PROFILE) / "curves").glob("half_*"):
        if file.stem != "half_rate":
            file.unlink()
    gains = {one.name: one.gain for one in regimes.predictions(study)}
    assert gains[f"{AUGMENTATION}/frozen/pairs"] is None and gains[f"{AUGMENTATION}/frozen/tuned_epochs"] is not None


def test_figures_without_their_arms_are_left_out_and_those_of_an_earlier_run_removed(
    study: studies.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = (curves, regimes, freeze_length, augmentation_epochs, amounts, learning_rates)
    for module in modules:
        monkeypatch.setattr(studies, "load", lambda: study)
        module.main()
    drawn = {"freeze_length", "augmentation_epochs", "amounts", "learning_rates"}
    assert {path.stem for path in paths.FIGURES.glob("*.json")} == drawn
    numbers = regimes.entries(study)
    assert {f"figure/{name}" for name in drawn} <= numbers.keys()
    assert numbers[f"effect/{AUGMENTATION}/full_27-no_augmentation_27/mrr@10"]["verdict"] == "helps"
    for entry in numbers.values():
        assert fields.look_up(json.loads(pathlib.Path(entry["file"]).read_text()), entry["field"]) == entry["value"]
    rows = json.loads((paths.TABLES / "regime_map.json").read_text())["rows"]
    labels = ["4.7 tuned epochs", "9.4 tuned epochs", "14.1 tuned epochs", "28.2 tuned epochs", "1,500 pairs", "3,000 pairs"]
    assert [row["label"] for row in rows] == [*labels, "random backbones", "weak backbones"]
    assert all("interval" in cell and len(row["cells"]) == 4 for row in rows for cell in row["cells"])
    shutil.rmtree(paths.runs(PROFILE) / "curves")
    shutil.rmtree("studies")
    for module in modules:
        module.main()
    assert {path.stem for path in paths.FIGURES.iterdir()} == {"freeze_length", "augmentation_epochs"}
    shutil.rmtree(paths.runs(PROFILE))
    for module in modules:
        module.main()
    assert list(paths.FIGURES.iterdir()) == [] and json.loads((paths.TABLES / "regimes.json").read_text())["rows"] == []
    assert regimes.entries(study) == {}


def test_no_word_of_these_figures_is_cut_off_or_under_seven_points(study: studies.Study) -> None:
    found = effects_of(study)
    lines = augmentation_epochs.read(found)
    drawn = [
        freeze_length.figure(*freeze_length.read(found), found),
        augmentation_epochs.figure(lines, found),
        amounts.figure(amounts.read(study, found), found),
        learning_rates.figure(learning_rates.read(study)),
    ]
    for figure in drawn:
        figure.canvas.draw()
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        assert min(text.get_fontsize() for text in texts) > 7.1
        wide, high = figure.bbox.width, figure.bbox.height
        for box in (text.get_window_extent() for text in texts):
            assert box.x0 >= -1 and box.x1 <= wide + 1 and box.y0 >= -1 and box.y1 <= high + 1
        style.plt.close(figure)
