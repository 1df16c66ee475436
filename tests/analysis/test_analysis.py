"""The evaluations, the comparisons, every figure and every table, on a made-up study whose truth is known."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from analysis import (
    augmentation_sheet,
    collected,
    compute,
    data_sheet,
    datasheet,
    fields,
    numbers,
    readme_table,
    style,
    tables,
    token_lengths,
)
from analysis import comparisons as printed_comparisons
from analysis import study as studies
from clip_italian import config, paths
from clip_italian.errors import InputError
from clip_italian.evaluation import arrays, metrics
from clip_italian.evaluation.study import comparisons, errors, labels, probing, retrieval, zeroshot
from clip_italian.evaluation.study.probing import ProbingSettings
from clip_italian.evaluation.study.settings import EvaluationSettings, grid
from stages import analyse
from tests.helpers import synthetic_curves, synthetic_study

ROOT = pathlib.Path(__file__).parents[2]
PROFILE = synthetic_study.PROFILE
ENDPOINT = "retrieval-seen/text_to_image/any/mrr@10"


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A study that has been evaluated and analysed once."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("analysis", "clip_italian", "docs"):
            (folder / name).symlink_to(ROOT / name)
        synthetic_study.write_all()
        settings = config.section(EvaluationSettings, "evaluation")
        retrieval.evaluate(config.params(), settings)
        zeroshot.evaluate(config.params(), settings)
        probing.evaluate(config.params(), settings, config.section(ProbingSettings, "probe"))
        labels.evaluate(config.params(), settings)
        errors.evaluate(config.params(), settings)
        studies.load.cache_clear()
        analyse.main()
    return folder


@pytest.fixture
def study(evaluated: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> studies.Study:
    monkeypatch.chdir(evaluated)
    studies.load.cache_clear()
    return studies.load()


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for part in ("figures", "tables") for path in (folder / "paper" / part).iterdir()}


def test_better_made_models_get_better_results(study: studies.Study) -> None:
    for endpoint in (ENDPOINT, "zeroshot-seen/acc@1", "retrieval-style/image_to_text/own/recall@5"):
        values = [study.number(model, endpoint).value for model in ("full", "original", "english_clip")]
        assert values == sorted(values, reverse=True)


def test_results_are_the_metrics_of_the_saved_ranks(study: studies.Study) -> None:
    for seed, value in study.number("mclip", ENDPOINT).seeds.items():
        path = paths.ranks(PROFILE, "retrieval", "mclip", int(seed), "retrieval-seen")
        own, true = arrays.read(path, "text_to_image/own", "text_to_image/any")
        assert value == pytest.approx(metrics.mrr_at(true, 10), abs=1e-6)
        assert (own >= true).all()


def test_intervals_hold_their_mean_and_are_wider_with_the_seeds(study: studies.Study) -> None:
    for protocol in ("retrieval", "zeroshot"):
        for model, sets in study.results(protocol)["models"].items():
            for entry in sets.values():
                for metric, (low, high) in entry["interval"].items():
                    assert low <= entry["mean"][metric] <= high, (model, metric)
    entry = study.results("retrieval")["models"]["full"]["retrieval-seen"]
    wider = [np.ptp(entry["interval"][metric]) >= np.ptp(entry["item_interval"][metric]) for metric in entry["interval"]]
    assert np.mean(wider) > 0.9


def test_every_model_and_seed_of_the_grid_is_in_the_results(study: studies.Study) -> None:
    for protocol in ("retrieval", "zeroshot"):
        found = {
            model: {int(seed) for sets in entry.values() for seed in sets["seeds"]}
            for model, entry in study.results(protocol)["models"].items()
        }
        assert found == {model: set(seeds) for model, seeds in study.grid.items()}


def test_a_model_without_seeds_of_its_own_is_read_under_seed_zero(study: studies.Study) -> None:
    assert grid(study.params, ["english_clip"])["english_clip"] == [0]
    assert (
        "sd" not in study.results("zeroshot")["models"]["english_clip"]["zeroshot-seen"]
        or not (study.results("zeroshot")["models"]["english_clip"]["zeroshot-seen"]["sd"])
    )


def test_comparisons_differ_as_the_results_do(study: studies.Study) -> None:
    content = study.results("comparisons")
    for row in content["primary"] + content["exploratory"]:
        first, second = (study.number(row[side], row["endpoint"]) for side in ("first", "second"))
        assert row["difference"] == pytest.approx(first.value - second.value, abs=2e-6)
        low, high = row["interval"]
        assert low <= row["difference"] <= high


def test_the_primary_family_is_the_declared_one_and_its_p_values_are_corrected(study: studies.Study) -> None:
    rows = study.results("comparisons")["primary"]
    declared = [(*pair, endpoint) for pair in study.evaluation.primary_pairs for endpoint in study.evaluation.primary_endpoints]
    assert [(row["first"], row["second"], row["endpoint"]) for row in rows] == declared
    assert all(row["p"] <= row["p_holm"] <= len(rows) * row["p"] + 1e-6 for row in rows)
    assert all(row["difference"] > 0 for row in rows)  # as they were made
    assert rows[0]["effect"] == "above"


def test_a_model_does_not_differ_from_itself(study: studies.Study) -> None:
    (row,) = comparisons.compare(PROFILE, ENDPOINT, [("full", "full")], study.grid, study.evaluation)
    assert (row["difference"], row["p"], row["effect"]) == (0, 1, "within")


def test_pairs_whose_model_does_not_run_are_named(study: studies.Study) -> None:
    primary, exploratory = comparisons.families(["full", "original", "mclip"], study.evaluation)
    assert {second for _, second, _ in primary} == {"original", "mclip"}
    assert not set(primary) & set(exploratory)


def test_a_missing_embedding_file_is_named(study: studies.Study) -> None:
    path = paths.embedded(PROFILE, "full", 1, "retrieval-style")
    kept = path.read_bytes()
    path.unlink()
    try:
        with pytest.raises(InputError, match=re.escape(str(path))):
            retrieval.evaluate(study.params, study.evaluation)
        path.write_bytes(kept[:1000])
        with pytest.raises(InputError, match=f"{re.escape(str(path))}: damaged"):
            retrieval.evaluate(study.params, study.evaluation)
    finally:
        path.write_bytes(kept)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda image, text: (image[:-1], text), "rows where the test set has"),
        (lambda image, text: (image, text * np.nan), "must be finite"),
        (lambda image, text: (image, text[:, :-1]), "of one width"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(tmp_path: pathlib.Path, change, message: str) -> None:
    image, text = change(np.ones((4, 3), np.float32), np.ones((5, 3), np.float32))
    arrays.write(tmp_path / "set.npz", image=image, text=text)
    with pytest.raises(InputError, match=message):
        arrays.read_embeddings(tmp_path / "set.npz", 4, 5)


def test_every_figure_and_table_is_written_and_the_same_every_time(evaluated: pathlib.Path, study: studies.Study) -> None:
    first = contents(evaluated)
    for name in (
        "retrieval",
        "retrieval_all",
        "zeroshot",
        "levels",
        "comparisons",
        "labels",
        "published",
        "data_sheet",
        "collected",
        "token_lengths",
        "gallery",
        "contradictions",
        "contrasts",
        "mistakes",
        "leaks",
        "curves",
        "regimes",
        "regime_map",
        "predictions",
        "crossings",
    ):
        assert {f"{name}.json", f"{name}.tex"} <= set(first)
    for name in (
        "overview",
        "ladder_loss",
        "freeze_length",
        "augmentation_epochs",
        "amounts",
        "gallery",
        "labels",
        "augmentation_sheet",
        "data_sheet",
        "world_sheet",
        "contradictions",
        "contrasts",
        "confusion",
        "caption_length",
    ):
        assert {f"{name}.svg", f"{name}.png"} <= set(first)
    analyse.main()
    assert contents(evaluated) == first


def test_images_and_captions_of_the_users_own_reach_no_file_of_the_paper(evaluated: pathlib.Path, study: studies.Study) -> None:
    before = contents(evaluated)
    try:
        synthetic_study.write_pairs(own=7)
        for script in (*analyse.TABLES, *analyse.FIGURES, *analyse.ERRORS, *analyse.DRAWN, datasheet):
            script.main()
        after = contents(evaluated)
        tracked = [path for part in ("paper", "reports", "results") for path in (evaluated / part).rglob("*") if path.is_file()]
        assert not [path for path in (*tracked, evaluated / "DATASHEET.md") if b"riservata" in path.read_bytes()]
        synthetic_study.write_pairs(0, own=7)
        for script in (data_sheet, augmentation_sheet):
            script.main()
    finally:
        synthetic_study.write_pairs()
        for script in (data_sheet, augmentation_sheet, collected, token_lengths, datasheet):
            script.main()
    assert contents(evaluated) == before
    # Counts alone differ: every figure, those with images among them, is the same to the byte.
    assert {name.partition(".")[0] for name in before if before[name] != after[name]} == {
        "data_sheet",
        "collected",
        "token_lengths",
    }
    assert all(before[name] == after[name] for name in before if name.endswith((".svg", ".png")))


def test_the_shops_table_has_before_and_after_of_every_language_and_the_guides_last(study: studies.Study) -> None:
    rows = json.loads((paths.TABLES / "domain.json").read_text())["rows"]
    asked = [f"{language}{part}" for language in ("Italian", "German") for part in ("", ", unseen")]
    parts = [f"{one}, {when}" for one in asked for when in ("before", "after")]
    assert [row["label"] for row in rows] == [*parts, "Finetuner's guide, after"]
    assert {row["run_key"] for row in rows[:-1:2]} == {study.run_key("mclip")}
    assert rows[1]["run_key"] not in ("", rows[0]["run_key"])
    before, after = (row["cells"][3]["text"] for row in rows[:2])
    assert (before, after) == ("50.0", "83.3")  # all second; then all first, but for one, two and three of six by seeds
    assert rows[-1]["cells"][1]["text"] == "79.2" and "source" in rows[-1]["cells"][1]


def test_every_number_is_found_where_it_says(study: studies.Study) -> None:
    numbers = json.loads((paths.TABLES / "numbers.json").read_text())
    assert f"full/{ENDPOINT}" in numbers and f"full-mclip/{ENDPOINT}" in numbers and "full/frozen_updates" in numbers
    for name, entry in numbers.items():
        assert fields.look_up(fields.content_of(entry["file"]), entry["field"]) == entry["value"], name


def test_verbs_say_what_the_effects_say(study: studies.Study) -> None:
    numbers = json.loads((paths.TABLES / "numbers.json").read_text())
    for row in study.results("comparisons")["primary"]:
        entry = numbers[f"{row['first']}-{row['second']}/{row['endpoint']}"]
        beyond = entry["hedge"] in ("", printed_comparisons.OPEN)  # the margin
        assert (entry["hedge"] == printed_comparisons.OPEN) <= (row["p_holm"] >= 0.05)
        assert (entry["verb"] == "raises" and beyond) == (row["interval"][0] > study.evaluation.smallest_effect / 100)
        assert (entry["verb"] == "lowers" and beyond) == (row["interval"][1] < -study.evaluation.smallest_effect / 100)


def test_an_interval_without_zero_has_a_direction_and_no_clear_effect_is_left_for_the_others() -> None:
    hedge = "perhaps by less than 0.5 points"
    assert printed_comparisons.words((-0.026, -0.004), "unclear", 0.5) == {
        "effect": "unclear",
        "verb": "lowers",
        "standing": "is behind in",
        "hedge": hedge,
    }
    small = printed_comparisons.words((0.001, 0.02), "unclear", 0.5)
    assert (small["verb"], small["standing"], small["hedge"]) == ("raises", "is ahead in", hedge)
    assert printed_comparisons.words((-0.01, 0.02), "unclear", 0.5)["verb"] == "has no clear effect on"
    within = printed_comparisons.words((0.001, 0.004), "within", 0.5)
    assert (within["verb"], within["standing"], within["hedge"]) == ("hardly changes", "is level in", "")


def test_an_interval_beyond_the_margin_is_hedged_where_the_corrected_p_leaves_it_open() -> None:
    row = {"interval": [0.04, 0.16], "effect": "above"}
    assert printed_comparisons.words_of(row | {"direction": "raises"}, 0.5)["hedge"] == ""
    undecided = printed_comparisons.words_of(row | {"direction": None}, 0.5)
    assert (undecided["verb"], undecided["hedge"]) == ("raises", printed_comparisons.OPEN)


def test_a_field_that_is_not_there_is_named(study: studies.Study, capsys: pytest.CaptureFixture[str]) -> None:
    file = f"results/{study.profile}/comparisons.json"
    fields.main(file, "primary.length")
    assert capsys.readouterr().out == f"{len(study.results('comparisons')['primary'])}\n"
    with pytest.raises(InputError, match=f"{file}: no field `primary.99.p`"):
        fields.main(file, "primary.99.p")


def test_run_keys_name_the_runs(study: studies.Study) -> None:
    keys = {study.run_key(model, seed) for model in study.grid for seed in study.grid[model]}
    assert len(keys) == sum(map(len, study.grid.values()))
    assert all(re.fullmatch("[0-9a-f]{12}", key) for key in keys)


def test_frozen_updates_count_the_first_phase_and_curves_join_both(study: studies.Study) -> None:
    assert study.frozen_updates("full", 0) == synthetic_curves.FROZEN
    assert study.frozen_updates("original", 0) == 0
    assert study.curves("full", 0)[-1]["step"] == study.curves("original", 0)[-1]["step"] + synthetic_curves.FROZEN


def test_the_readme_table_prints_the_results_files(study: studies.Study) -> None:
    text = (paths.TABLES / "readme.md").read_text()
    for model in study.grid:
        number = study.number(model, ENDPOINT)
        assert f"{number.text} ({number.interval})" in text
        assert study.run_key(model) in text


def test_the_readme_says_what_each_question_of_the_declared_family_came_to(study: studies.Study) -> None:
    lines = [line for line in (paths.TABLES / "readme.md").read_text().splitlines() if line.startswith("* ")]
    declared = {(row["first"], row["second"]) for row in study.results("comparisons")["primary"]}
    assert len(lines) == len(declared & readme_table.QUESTIONS.keys()) == len(declared)
    (row, _) = [row for row in study.results("comparisons")["primary"] if row["second"] == "no_augmentation"]
    said = printed_comparisons.words(row["interval"], row["effect"], study.evaluation.smallest_effect)
    (line,) = [line for line in lines if line.startswith(f"* Augmentation {said['verb']} MRR@10")]
    assert f"{studies.points(row['difference'])} points" in line and line.endswith("<!-- claim: augmentation -->")


def test_the_table_of_leaks_tells_every_test_set_and_why_a_leak_was_allowed(study: studies.Study) -> None:
    table = json.loads((paths.TABLES / "leaks.json").read_text())
    rows = {row["label"]: [cell["text"] for cell in row["cells"]] for row in table["rows"]}
    assert list(rows) == [*study.evaluation.retrieval_sets, *study.evaluation.zeroshot_sets]
    assert rows["retrieval-seen"] == ["60", "0", "0", "1", "0", "–", "2.8 %"]
    assert rows["retrieval-style"][-2:] == ["31", "2.8 %"] and rows["zeroshot-seen"][-1] == "–"
    assert "among 5,400 training pictures" in table["note"]
    assert "Allowed in retrieval-seen/000003 (1): known." in table["note"]


def test_tables_of_results_end_with_what_a_random_order_reaches(study: studies.Study) -> None:
    content = json.loads((paths.TABLES / "retrieval.json").read_text())
    row, place = content["rows"][-1], content["columns"].index("T→I own MRR@10")
    assert row["label"] == "chance" and row["run_key"] == ""
    images = study.results("retrieval")["sets"][study.headline_retrieval]["images"]
    assert row["cells"][place]["value"] == pytest.approx(sum(1 / k for k in range(1, 11)) / images, abs=1e-6)
    assert "\nchance & " in (paths.TABLES / "retrieval.tex").read_text()


def test_latex_tables_escape_what_latex_reserves() -> None:
    text = tables.latex(["a_b", "50 %"], [tables.Row("x & y", [tables.cell("−1.0"), tables.cell("#")])], "note")
    assert r"a\_b & 50 \% \\" in text and r"x \& y & $-$1.0 & \# \\" in text


def test_points_have_one_decimal_a_real_minus_and_no_negative_zero() -> None:
    assert [studies.points(value) for value in (0.1234, -0.05, -0.0001, 1)] == ["12.3", "−5.0", "0.0", "100.0"]


def test_lengths_in_tokens_are_counted_by_source_and_what_is_cut_is_told(study: studies.Study) -> None:
    counts = token_lengths.lengths(study)
    assert [len(one) for one in counts.values()] == [10, 10, 10, 10, 40]
    content = json.loads(pathlib.Path("paper/tables/token_lengths.json").read_text())
    limit = synthetic_study.PARAMETERS["max_tokens"]
    assert content["columns"][-1] == f"above {limit}" and content["rows"][0]["label"] == "WIT"
    texts = [cell["text"] for cell in token_lengths.row("x", np.array([3, 4, 5, limit + 1]), limit).cells]
    assert texts == ["4", f"{(13 + limit) / 4:.1f}", "4", str(limit + 1), str(limit + 1), str(limit + 1), "25.0 %"]


def test_spread_labels_keep_their_order_and_their_distance() -> None:
    placed = style.spread([3.0, 1.0, 1.01, 1.02], 0.5)
    assert np.argsort(placed, kind="stable").tolist() == [1, 2, 3, 0]
    assert np.diff(np.sort(placed)).min() >= 0.5 - 1e-6


def test_the_plan_names_what_the_profile_declares() -> None:
    plan = (ROOT / "analysis/plan.md").read_text()
    section = config.profile("mini", ROOT / "profiles").content["evaluation"]
    for first, second in section["primary_pairs"]:
        assert f"| `{first}` | `{second}` |" in plan
    for endpoint in section["primary_endpoints"]:
        assert f"`{endpoint}`" in plan
    assert f"{section['smallest_effect']} percentage points" in plan
    assert re.findall(r"^\| `(\w+)` \| `good` \|", plan, re.MULTILINE) == section["label_conditions"]


def test_published_numbers_all_have_a_source() -> None:
    content = config.read_yaml(ROOT / "clip_italian/evaluation/published/published.yaml")
    for protocol in (content["retrieval"], content["zeroshot"]):
        for row in protocol["rows"]:
            assert len(row["values"]) == len(protocol["metrics"]) and "2108.08688" in row["source"]


def test_the_analysis_imports_neither_jax_nor_mlflow() -> None:
    names = sorted(path.stem for path in (ROOT / "analysis").glob("*.py") if path.stem != "__init__")
    code = f"import sys, {', '.join(f'analysis.{name}' for name in names)}; print({{'jax', 'mlflow'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_declared_family_in_a_second_world_stands_beside_that_of_the_first(
    study: studies.Study, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    assert numbers.second_world(study) == {}
    monkeypatch.setattr(numbers, "SECOND", tmp_path / "second/comparisons.json")
    numbers.SECOND.parent.mkdir()
    numbers.SECOND.write_text(json.dumps(study.results("comparisons")))
    found = numbers.second_world(study)
    known = json.loads((paths.TABLES / "numbers.json").read_text())
    assert len(found) == len(study.results("comparisons")["primary"])
    assert all(one["verb"] == known[name.removeprefix("second/")]["verb"] for name, one in found.items())


def test_processor_hours_count_overlapping_work_once_and_energy_follows_them(tmp_path: pathlib.Path) -> None:
    piece = {"started": 0.0, "ended": 3600.0, "cores": 2, "threads": 1, "pace": {".": {"seconds": 1800.0}}, "processor": "A"}
    later = piece | {"started": 1800.0, "ended": 7200.0, "pace": {}}
    (tmp_path / "finetune-full.json").write_text(json.dumps({"0": piece, "1": later}))
    (tmp_path / "translate.json").write_text(json.dumps({"started": 7200.0, "cores": 2}))  # was cut short: nobody knows its end
    found = compute.measured(compute.pieces(tmp_path))
    assert (found["wall_hours"], found["processor_hours"], found["training_hours"]) == (2.0, 4.0, 0.5)
    assert found["watt_hours"] == pytest.approx(2 * (2 * 12.0 + 4 * 0.3725) * 1.67)
    assert found["processor"] == "A"


def test_another_profile_tells_no_cost(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert compute.entries("mini") == {}
    pathlib.Path("paper").mkdir()
    compute.FILE.write_text(json.dumps({"mini": {"processor_hours": 0.503, "watts": 12.0, "processor": "A"}}))
    assert {name: one["text"] for name, one in compute.entries("mini").items()} == {
        "compute/processor_hours": "0.5",
        "compute/watts": "12",
        "compute/processor": "A",
    }
    assert compute.entries("german") == {}


def test_the_ends_of_a_curve_are_its_fewest_and_its_most_epochs_with_a_verb_for_each(study: studies.Study) -> None:
    numbers = json.loads((paths.TABLES / "numbers.json").read_text())
    few, many = (numbers[f"ends/augmentation/tuned_epochs/{end}"] for end in ("first", "last"))
    assert few == numbers["effect/augmentation/full_5-no_augmentation_5/mrr@10"]
    assert many == numbers["effect/augmentation/full_27-no_augmentation_27/mrr@10"]
    assert many["verb"] == {"above": "raises", "below": "lowers"}.get(many["effect"], many["verb"])
    assert numbers["ends/augmentation/tuned_epochs/last/at"] == numbers["curve/full_27/tuned_epochs"]
    assert numbers["ends/freezing_on_top/pairs/first"] == numbers["effect/freezing_on_top/quarter_full-quarter_unfrozen/mrr@10"]
