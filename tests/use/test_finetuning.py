"""Fine-tuning on one's own pairs: from CSV files to a model, a comparison and a run that can be found again."""

import csv
import json
import pathlib
import subprocess
import sys
import time

import jax
import numpy as np
import pytest
from PIL import Image

import clip_italian
from clip_italian import __main__ as shell
from clip_italian import files, journal
from clip_italian.checkpoints import assembly, loading
from clip_italian.errors import InputError
from clip_italian.use.finetuning import measuring, preparing, report, running, runs, settings, tables
from tests.helpers.golden_systems import copied
from tests.helpers.graph import ROOT

COLOURS = {"rosso": (200, 40, 40), "verde": (40, 180, 60), "blu": (40, 60, 200), "giallo": (220, 210, 40)}
TEXTS = {colour: f"una maglietta di colore {colour}" for colour in COLOURS}
QUICK = {"epochs": 4, "frozen_epochs": 1, "batch": 8, "learning_rate": 1e-2, "frozen_learning_rate": 1e-3}
QUICK |= {"resamples": 200, "places": 5}


def table(path, columns, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def picture(path, colour, seed):
    noise = np.random.default_rng(seed).integers(-30, 31, (36, 30, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.array(COLOURS[colour]) + noise).clip(0, 255).astype(np.uint8)).save(path)
    return path.name


@pytest.fixture
def shop(here):
    """Coloured pictures with their texts: for training, and others to be searched by colour."""
    names = {
        part: [
            (f"pictures/{picture(here / 'pictures' / f'{part}{n}.png', colour, n + 100 * len(part))}", colour)
            for n, colour in enumerate(list(COLOURS) * count)
        ]
        for part, count in (("train", 10), ("test", 3))
    }
    table(here / "pairs.csv", ("text", "image"), [(TEXTS[colour], name) for name, colour in names["train"]])
    table(here / "queries.csv", ("text", "label"), [(text, colour) for colour, text in TEXTS.items()])
    table(here / "index.csv", ("image", "label"), names["test"])
    return here


@pytest.fixture
def base(here):
    return copied("clip-italian", here).folder


def tuned(base, name="shop", **changed):
    asking = {"queries": "queries.csv", "index": "index.csv"}
    return clip_italian.finetune(base, "pairs.csv", name=name, **asking, **{**QUICK, **changed})


def asked(shop, base):
    tables = {"data": shop / "pairs.csv", "valid": None, "queries": None, "gallery": None}
    return runs.request(str(base), None, tables, False, settings.load())


def weights(folder):
    return assembly.load(folder).params


# --- A run ------------------------------------------------------------------------------------------------------------
def test_a_model_learns_ones_own_pairs_and_is_compared_with_itself_before(shop, base, capsys):
    done = tuned(base)
    said = capsys.readouterr().out
    assert "36 images for training, 4 for validation, 0 left out" in said
    assert "4 queries of 12 images, of which 3.0 are relevant on average" in said
    curve = journal.read(done.folder / "journal.jsonl")[0].curves
    assert curve[-1]["valid_loss"] < curve[0]["valid_loss"]
    assert [row["step"] for row in curve] == [0, 9, 18, 27, 36]
    kept = min(curve, key=lambda row: row["valid_loss"])
    for name, cells in done.numbers.items():  # measured at every validation, and told
        assert [cells["before"]["value"], cells["after"]["value"]] == pytest.approx([curve[0][name], kept[name]])
        assert said.count(f" {name} ") == len(curve) - 1
    loaded = clip_italian.load(done.folder / "model")
    np.testing.assert_array_equal(loaded.encode_text(["una gonna"]), done.model.encode_text(["una gonna"]))
    asking = measuring.gallery(loaded, tables.test_set(shop / "queries.csv", shop / "index.csv"))
    again = measuring.values(measuring.relevant(asking.test, measuring.answers(loaded, asking, 5))).mean(axis=0)
    assert [cells["after"]["value"] for cells in done.numbers.values()] == pytest.approx(again)
    page = (done.folder / "report.html").read_text()
    assert page.count("<h2>") == 4 and page.count("<img") == 4 * 2 * report.SHOWN_IMAGES
    assert not (done.folder / "data").exists() and not (done.folder / "state").exists()


def test_a_finished_run_gives_what_came_out_without_training_again(shop, base, monkeypatch):
    first = tuned(base)
    monkeypatch.setattr(running, "_run", lambda *_: pytest.fail("trained again"))
    second = tuned(base)
    assert second.numbers == json.loads(files.dumps(first.numbers))
    np.testing.assert_array_equal(first.model.encode_text(["blu"]), second.model.encode_text(["blu"]))


def test_a_run_that_was_stopped_anywhere_ends_with_the_same_bits(shop, base):
    whole = files.tree_digest(tuned(base, "whole").folder / "model")
    asked = runs.read(runs.ROOT / "whole")
    folder = runs.begin("stopped", asked)
    stops = 0
    for words in ("images for training", "9/9", "9/27", "27/27", "before"):

        def say(line, words=words):
            if words in line:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            running.run(folder, say)
        stops += 1
    assert stops == 5 and "stopped" in runs.status(folder)
    running.run(folder, lambda line: None)
    assert files.tree_digest(folder / "model") == whole


def test_where_the_data_lie_changes_no_bit(shop, base):
    here = files.tree_digest(tuned(base, epochs=2).folder / "model")
    (shop / "elsewhere/deeper").mkdir(parents=True)
    for name in ("pairs.csv", "pictures"):
        (shop / name).rename(shop / "elsewhere/deeper" / name)
    there = clip_italian.finetune(base, "elsewhere/deeper/pairs.csv", name="there", **{**QUICK, "epochs": 2})
    assert files.tree_digest(there.folder / "model") == here


def test_the_frozen_phase_alone_leaves_both_towers_as_they_were(shop, base):
    before = loading.load(base).params
    after = weights(tuned(base, epochs=1).folder / "model")
    for tower in ("vision_model", "text_model"):
        assert jax.tree.all(jax.tree.map(lambda a, b: bool((np.asarray(a) == b).all()), before[tower], after[tower]))
    assert not np.array_equal(before["text_projection"]["kernel"], after["text_projection"]["kernel"])


def test_it_starts_from_a_model_of_this_study_too(shop, base):
    first = tuned(base, epochs=1)
    second = clip_italian.finetune(first.folder / "model", "pairs.csv", name="more", **QUICK)
    assert second.numbers == {} and (second.folder / "model").is_dir()


def test_a_system_whose_texts_need_more_than_its_tokeniser_is_refused(shop, here):
    siglip = copied("siglip", here).folder
    with pytest.raises(InputError, match="its tokeniser cannot be saved"):
        clip_italian.finetune(siglip, "pairs.csv", name="siglip", **QUICK)


def test_the_towers_for_onnxruntime_give_the_same_lists(shop, base, capsys):
    done = tuned(base, epochs=2, frozen_epochs=1, onnx=True)
    assert "ONNX: 4 of 4 queries have exactly the same ranking" in capsys.readouterr().out
    assert sorted(path.name for path in (done.folder / "onnx").glob("*.onnx")) == ["image.onnx", "text.onnx"]


# --- Data -------------------------------------------------------------------------------------------------------------
def test_pictures_that_cannot_be_read_are_left_out_and_told_at_the_end(shop, base, capsys):
    (shop / "pictures/broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    with open(shop / "pairs.csv", "a") as file:
        file.write("una gonna,pictures/broken.png\nuna gonna,pictures/gone.png\n")
    done = tuned(base, epochs=1)
    refused = files.read_json(done.folder / "numbers.json")["refused"]
    assert {pathlib.Path(one["image"]).name: one["reason"] for one in refused} == {
        "broken.png": "damaged image",
        "gone.png": "cannot be read (No such file or directory)",
    }
    assert "2 left out" in capsys.readouterr().out


def test_pictures_that_are_learnt_from_and_searched_are_pointed_out(shop, base, capsys):
    with open(shop / "index.csv", "a") as file:
        file.write("pictures/train0.png,rosso\n")
    tuned(base, epochs=1)
    assert "BEWARE: 1 of the searched images are also training or validation images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,text\na.png,uno\n", "no column `image`; its first line must name image, text, and names file, text"),
        ("", "no column `image`"),
        ("image,text\n", "has no pairs"),
        ("image,text\na.png,\n", "line 2: `text` is empty"),
        ("image,text\na.png\n", "line 2: `text` is empty"),
        ('image,text\na.png,"uno\n', "after line 1: not CSV (unexpected end of data)"),
        ("image,text\nnowhere.png,uno\n", "0 images for train, at least 2 are needed; the first that was left out is"),
    ],
)
def test_a_file_of_pairs_that_is_wrong_is_refused_with_its_line(shop, base, content, message):
    (shop / "pairs.csv").write_text(content)
    with pytest.raises(InputError) as error:
        tuned(base)
    assert message in str(error.value)


def test_a_file_in_another_encoding_is_refused(shop, base):
    (shop / "pairs.csv").write_bytes("image,text\na.png,perch\N{LATIN SMALL LETTER E WITH ACUTE}\n".encode("latin-1"))
    with pytest.raises(InputError, match="is not UTF-8"):
        tuned(base)


def test_relevant_are_all_pictures_of_a_querys_labels(here):
    table(here / "q.csv", ("text", "label"), [("scarpe", "shoe"), ("scarpe", "boot"), ("un cappello", "hat")])
    index = [("1.jpg", "hat"), ("2.jpg", "boot"), ("3.jpg", "shoe"), ("2.jpg", "old")]
    test = tables.test_set(here / "q.csv", table(here / "i.csv", ("image", "label"), index))
    assert test.queries == ["scarpe", "un cappello"]
    assert [path.name for path in test.images] == ["1.jpg", "2.jpg", "3.jpg"]
    assert test.relevant == [frozenset({1, 2}), frozenset({0})]


def test_without_labels_relevant_are_the_pictures_beside_the_text(here):
    rows = [("scarpe", "1.jpg"), ("un cappello", "2.jpg"), ("scarpe", "3.jpg")]
    test = tables.test_set(table(here / "q.csv", ("text", "image"), rows), None)
    assert [path.name for path in test.images] == ["1.jpg", "3.jpg", "2.jpg"]
    assert test.relevant == [frozenset({0, 1}), frozenset({2})]


def test_a_query_without_a_right_picture_is_refused(here):
    table(here / "q.csv", ("text", "label"), [("scarpe", "shoe")])
    with pytest.raises(InputError, match="no image of .*i.csv has the label of `scarpe`"):
        tables.test_set(here / "q.csv", table(here / "i.csv", ("image", "label"), [("1.jpg", "hat")]))


def test_the_split_keeps_each_picture_on_its_side_as_others_come():
    pictures = {pathlib.Path(f"{number}.jpg"): ["x"] for number in range(200)}
    few = dict(list(pictures.items())[:100])
    (_, valid), (_, later) = preparing.split(few, 0.1), preparing.split(pictures, 0.1)
    assert len(valid) == 10 and len(later) == 20
    assert len(set(valid) - set(later)) < 10


# --- Metrics ----------------------------------------------------------------------------------------------------------
def test_metrics_are_those_of_finetuner_on_a_list_worked_out_by_hand():
    found = measuring.values(np.array([[False, True, False, True], [False, False, False, False]]))
    by_hand = [0.5, 1.0, (1 / 2 + 2 / 4) / 2, 1 / 2, 1 / np.log2(2) + 1 / np.log2(4)]
    np.testing.assert_allclose(found, [by_hand, [0] * 5])


def test_no_change_is_a_difference_of_nothing():
    rng = np.random.default_rng(0)
    ranking = np.array([rng.permutation(20)[:5] for _ in range(30)])
    test = tables.TestSet(["x"] * 30, [pathlib.Path("x")] * 20, [frozenset(rng.permutation(20)[:6].tolist()) for _ in range(30)])
    for cells in measuring.compared(test, [ranking, ranking], settings.load(resamples=100)).values():
        assert cells["difference"] == {"value": 0, "interval": [0, 0]} and cells["p"] == 1
        assert cells["before"]["interval"][0] < cells["before"]["value"] < cells["before"]["interval"][1]


# --- Settings and runs ------------------------------------------------------------------------------------------------
def test_settings_are_scaled_to_the_size_that_a_model_sees(base):
    model, chosen = loading.load(base).settings, settings.load()
    side = model.image.image_size
    assert settings.stored_size(chosen, model) == round(256 * side / 224)
    view = settings.augmentation(chosen, model)
    assert view.crop == side
    plain = settings.load(None).model_copy(update={"augmentation": None})
    assert settings.augmentation(plain, model) is None and settings.stored_size(plain, model) == side


def test_a_file_of_settings_changes_some_and_a_wrong_key_is_told(here):
    (here / "mine.yaml").write_text("epochs: 9\n")
    assert settings.load(here / "mine.yaml", batch=4).model_dump() == settings.load().model_dump() | {"epochs": 9, "batch": 4}
    (here / "mine.yaml").write_text("epoch: 9\n")
    with pytest.raises(InputError, match="unknown key `epoch`; did you mean `epochs`?"):
        settings.load(here / "mine.yaml")


def test_a_name_stands_for_one_request(shop, base):
    tuned(base, epochs=1)
    with pytest.raises(InputError, match="this run has another `settings`"):
        tuned(base, epochs=2)
    with open(shop / "pairs.csv", "a") as file:
        file.write("una gonna,pictures/test0.png\n")
    with pytest.raises(InputError, match="has another `digests`"):
        tuned(base, epochs=1)
    with pytest.raises(InputError, match="`../x` is not a valid name"):
        tuned(base, "../x")
    with pytest.raises(InputError, match="known here: shop"):
        runs.find("shoes")


def test_a_folder_that_is_no_run_is_not_taken_for_one(shop, base):
    files.write_text(runs.ROOT / "mine/data/photos.txt", "mine")
    with pytest.raises(InputError, match=r"finetuned/mine: exists already and is not a run; choose another name"):
        tuned(base, "mine")
    assert (runs.ROOT / "mine/data/photos.txt").read_text() == "mine"


def test_a_run_whose_data_have_changed_does_not_go_on(shop, base):
    folder = runs.begin("later", asked(shop, base))
    (shop / "pairs.csv").write_text("image,text\n")
    with pytest.raises(InputError, match=r"pairs.csv: has changed since the run began"):
        running.run(folder)
    assert "has changed" in runs.log(folder)


def test_an_unfinished_run_goes_on_after_its_project_was_moved(shop, base, tmp_path_factory, monkeypatch):
    runs.begin("moved", asked(shop, base))
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "project"
    shop.rename(elsewhere)
    monkeypatch.chdir(elsewhere)
    folder = runs.begin("moved", asked(elsewhere, elsewhere / base.relative_to(shop)))
    runs.check(runs.read(folder))
    assert str(shop) not in (folder / runs.ASKED).read_text()


def test_a_table_is_read_where_its_link_lies_beside_its_pictures(shop, base):
    (shop / "pairs.csv").rename(shop.parent / "object-of-a-cache")
    (shop / "pairs.csv").symlink_to(shop.parent / "object-of-a-cache")
    assert asked(shop, base).data == str(shop / "pairs.csv")


def test_a_run_goes_on_with_tables_and_models_beside_the_current_folder(shop, base, monkeypatch):
    (shop / "work").mkdir()
    monkeypatch.chdir(shop / "work")
    beside = [pathlib.Path("..", path.relative_to(shop)) for path in (base, shop / "pairs.csv")]
    tables = {"data": beside[1], "valid": None, "queries": None, "gallery": None}
    wanted = runs.request(str(beside[0]), None, tables, False, settings.load())
    folder = runs.begin("beside", wanted)
    assert runs.begin("beside", wanted) == folder
    assert runs.read(folder).data == str(shop / "pairs.csv")


def test_a_run_is_held_by_one_process(shop, base):
    folder = runs.begin("held", asked(shop, base))
    with runs.alone(folder), pytest.raises(InputError, match="is running"):
        running.run(folder)


def test_long_texts_are_counted(base):
    start = preparing.read(str(base), None, ["un gatto"])
    assert preparing.longer(start, ["un gatto", "gatto " * 300]) == 1


# --- From a shell -----------------------------------------------------------------------------------------------------
def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "clip_italian", *map(str, arguments)], capture_output=True, text=True, env=None, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_run_is_left_and_found_again_by_its_name_and_stands_in_mlflow(shop, base, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    short = ["--epochs", 2, "--batch", 8, "--frozen-epochs", 1, "--learning-rate", 0.01]
    asking = ["--queries", "queries.csv", "--index", "index.csv", "--name", "left"]
    assert "begun" in command("finetune", "--data", "pairs.csv", "--model", base, *asking, *short, "--background")
    deadline = time.monotonic() + 300
    while not pathlib.Path("mlflow.db").exists() or "finished" not in (said := command("runs", "left")):
        assert time.monotonic() < deadline, (runs.log(runs.ROOT / "left"), (runs.ROOT / "left/errors.txt").read_text())
        time.sleep(1)
    assert "left: finished" in said and "18/18" in command("runs", "left", "--log").replace("9/9", "18/18")
    command("resume", "left")  # waits for the store, and finds nothing to do
    from mlflow import MlflowClient

    client = MlflowClient("sqlite:///mlflow.db")
    found = client.search_runs([client.get_experiment_by_name("finetuned").experiment_id])
    (run,) = [run for run in found if run.info.run_name == "left seed 0"]
    numbers = files.read_json(runs.ROOT / "left/numbers.json")["metrics"]
    assert run.data.metrics["after/hit_at_k"] == numbers["hit_at_k"]["after"]["value"]


def test_texts_and_pictures_are_encoded_by_either_tower(shop, base, capsys):
    (shop / "texts.txt").write_text("un gatto\ndue cavalli\n")
    (shop / "paths.txt").write_text("pictures/test0.png\npictures/test1.png\n")
    shell.main(["encode", "texts.txt", "t.npy", "--select", "text", "--model", str(base)])
    shell.main(["encode", "paths.txt", "p.npy", "--select", "image", "--model", str(base)])
    model = clip_italian.load(base)
    np.testing.assert_array_equal(np.load("t.npy"), model.encode_text(["un gatto", "due cavalli"]))
    np.testing.assert_array_equal(np.load("p.npy"), model.encode_image(["pictures/test0.png", "pictures/test1.png"]))
    (shop / "texts.txt").write_text("un gatto\n\n")
    with pytest.raises(SystemExit, match="line 2: is empty"):
        shell.main(["encode", "texts.txt", "t.npy", "--select", "text", "--model", str(base)])


def test_runs_says_that_there_are_none(here, capsys):
    shell.main(["runs"])
    assert "no run in finetuned" in capsys.readouterr().out
