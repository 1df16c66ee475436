"""The demo: what ships for it, what it computes and says, by program, and in a real browser where there is one."""

import ast
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile

import numpy as np
import pytest
from PIL import Image

from clip_italian import __main__ as shell
from clip_italian import config, files, paths
from clip_italian.checkpoints import assembly
from clip_italian.cli import demo as command
from clip_italian.data import archives
from clip_italian.data.images import images
from clip_italian.errors import InputError
from clip_italian.use.demo import core, shipping, words
from clip_italian.use.demo.core import Refused
from clip_italian.use.search import building
from clip_italian.use.search.searching import Index
from clip_italian.world.scenes.truth import GALLERY, truth_matrix
from tests.helpers import demo_browser
from tests.helpers.golden_systems import copied

ROOT = pathlib.Path(__file__).parents[2]
SHIPPED = ROOT / paths.DEMO
ARCHIVE = SHIPPED / shipping.PICTURES
PICTURES = sorted(zipfile.ZipFile(ARCHIVE).namelist())
HERE = importlib.util.find_spec("gradio") is not None
needs_gradio = pytest.mark.skipif(not HERE, reason="gradio is not in this environment; `make demo-test` makes one that has it")
needs_chromium = pytest.mark.skipif(not (HERE and demo_browser.CHROMIUM), reason="needs gradio and Chromium")
REFUSED = {
    "empty text": lambda demo, picture: core.search(demo, " \n", 4),
    "long text": lambda demo, picture: core.search(demo, "gatto " * 2000, 4),
    "no image": lambda demo, picture: core.localise(demo, None, "un gatto"),
    "few labels": lambda demo, picture: core.classify(demo, picture, "un gatto\n\n"),
    "many labels": lambda demo, picture: core.classify(demo, picture, "\n".join(map(str, range(51)))),
    "repeated label": lambda demo, picture: core.classify(demo, picture, "un gatto\nun cane\n un gatto"),
}


@pytest.fixture(scope="module")
def demo():
    return command.chosen_demo(shipped=SHIPPED)


@pytest.fixture(scope="module")
def scenes():
    """Those of the pictures that ship."""
    return shipping.scenes(config.parse(shipping.DemoSettings, config.profile("mini", ROOT / "profiles").content["demo"], "mini"))


@pytest.fixture
def picture(tmp_path):
    """The file of the first picture that ships."""
    return zipfile.ZipFile(ARCHIVE).extract(PICTURES[0], tmp_path)


def right(scenes, shelves):
    """For each query of the gallery, of which of the pictures named it is true."""
    truth = truth_matrix(GALLERY, scenes)
    return [[bool(row[int(re.search(r"(\d{3})-", name)[1])]) for name in names] for row, names in zip(truth, shelves, strict=True)]


# --- What ships -------------------------------------------------------------------------------------------------------
def test_what_ships_is_whole_and_small(demo):
    def size(name):
        return sum(path.stat().st_size for path in files.files_below(SHIPPED / name))

    assembly.load(SHIPPED / shipping.MODEL)
    assert size(shipping.MODEL) <= shipping.LARGEST and size(shipping.PICTURES) + size(shipping.INDEX) <= 1_500_000
    assert demo.ships and len(demo.images) == len(PICTURES) > 200


def test_the_pictures_are_those_of_the_profiles_scenes(scenes):
    assert shipping.names(scenes) == PICTURES
    asked = len(scenes) - config.profile("mini", ROOT / "profiles").content["demo"]["others"]
    truth = truth_matrix(GALLERY, scenes)[:, :asked]
    assert truth.any(axis=0).all() and (truth.sum(axis=1) >= asked // 6).all()


def test_the_six_queries_of_the_gallery_find_the_right_pictures(demo, scenes):
    found = right(scenes, [[one.name for one in shelf] for shelf in core.gallery(demo)])
    assert all(sum(row) >= core.IN_GALLERY - 1 for row in found) and sum(map(sum, found)) >= 22, found


@pytest.fixture
def small(here):
    """Settings of few pictures, in an empty folder."""
    (here / "scratch").mkdir()
    return shipping.DemoSettings(seed=1, of_each_query=1, others=2, height=64, jpeg_quality=85)


def test_it_is_the_same_each_time_and_works_wherever_it_lies(small, here):
    def written():
        shipping.write(SHIPPED / shipping.MODEL, small, here / "scratch")
        return {path: path.read_bytes() for path in paths.DEMO.rglob("*") if path.is_file()}

    first = written()
    assert written() == first and not any((here / "scratch").iterdir())
    shutil.move(paths.DEMO, here / "elsewhere")
    moved = command.chosen_demo(shipped=here / "elsewhere")
    assert all(one.pixels is not None for one in core.search(moved, "un gatto", 8))
    report = building.build(moved.model, moved.images.origin, here / "elsewhere" / shipping.INDEX)
    assert (report.unchanged, report.encoded) == (8, 0)


def test_a_profile_may_ship_nothing_and_a_large_model_is_refused(small, here, monkeypatch):
    shipping.write(pathlib.Path("models/large"), small.model_copy(update={"of_each_query": 0, "others": 0}), here / "scratch")
    assert "--model models/large" in (paths.DEMO / shipping.MODEL / shipping.NONE).read_text()
    with pytest.raises(InputError, match="no model and images ship there"):
        command.chosen_demo()
    monkeypatch.setattr(shipping, "LARGEST", 1000)
    with pytest.raises(InputError, match=r"has 2,\d\d\d,\d\d\d bytes, and a shipped model at most 1,000"):
        shipping.write(SHIPPED / shipping.MODEL, small, here / "scratch")


def test_the_packages_of_the_space_are_those_of_the_locks():
    locks = "".join((ROOT / name).read_text() for name in ("requirements.lock", "requirements-demo.lock"))
    pins = [line for line in (SHIPPED / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(pins) > 10 and [pin for pin in pins if f"{pin} " not in locks] == []
    version = re.search(r"sdk_version: (\S+)", (SHIPPED / "README.md").read_text())[1]
    assert f"gradio=={version} " in locks


# --- What it computes -------------------------------------------------------------------------------------------------
def test_a_search_gives_as_many_pictures_as_wished_best_first(demo):
    found = core.search(demo, " due cavalli marroni ", 9)
    scores = [one.score for one in found]
    assert len(found) == 9 and scores == sorted(scores, reverse=True) and "cavalli" in found[0].name
    assert len(core.search(demo, "un gatto", 1000)) == core.MOST_FOUND and len(core.search(demo, "un gatto", 0)) == 1


def test_a_picture_that_has_gone_is_found_without_pixels(demo, here):
    shutil.copytree(SHIPPED, here / "demo")
    best = core.search(demo, "un gatto", 1)[0].name
    with zipfile.ZipFile(here / "demo" / shipping.PICTURES, "w") as left:
        for name in PICTURES:
            if name != f"{best}.jpg":
                archives.add(left, name, zipfile.ZipFile(ARCHIVE).read(name))
    (gone,) = core.search(command.chosen_demo(), "un gatto", 1)
    assert gone.name == best and gone.pixels is None
    (here / "demo" / shipping.PICTURES).unlink()
    assert all(one.pixels is None for one in core.search(command.chosen_demo(), "un gatto", 9))


def test_captions_have_shares_in_their_order(demo, picture):
    said = core.classify(demo, picture, "un cane\n\n un fiore giallo \nuna sedia")
    assert [label for label, _ in said] == ["un cane", "un fiore giallo", "una sedia"]
    assert max(said, key=lambda one: one[1])[0] == "un fiore giallo" and abs(sum(share for _, share in said) - 1) < 1e-5


def test_both_heat_maps_are_of_the_picture_at_a_size_that_can_be_seen(demo, here):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 80, 3)).astype(np.uint8)).save("wide.png")
    maps = core.localise(demo, "wide.png", "un gatto")
    assert set(maps) == set(core.METHODS) and {one.shape for one in maps.values()} == {(192, 384, 3)}
    assert not np.array_equal(*maps.values())


@pytest.mark.parametrize("reason", REFUSED)
def test_wishes_that_mean_nothing_are_refused(demo, picture, reason):
    with pytest.raises(Refused, match=f"^{reason}$"):
        REFUSED[reason](demo, picture)


FILES = {
    "file too large": lambda path: path.write_bytes(b"\xff\xd8\xff" + bytes(core.LIMITS.max_bytes)),
    "format not allowed": lambda path: path.write_text("a letter"),
    "a web page, not an image": lambda path: path.write_text("<html>"),
    "empty file": lambda path: path.write_bytes(b""),
    "damaged image": lambda path: path.write_bytes(zipfile.ZipFile(ARCHIVE).read(PICTURES[0])[:400]),
    "too small": lambda path: Image.new("RGB", (4, 40)).save(path, format="PNG"),
    "too elongated": lambda path: Image.new("RGB", (10, 400)).save(path, format="PNG"),
    "too many pixels": lambda path: Image.new("1", (9000, 9000)).save(path, format="PNG"),
}


@pytest.mark.parametrize("reason", FILES)
def test_files_that_are_no_pictures_are_refused_with_the_reason(here, reason):
    FILES[reason](here / "file.jpg")
    with pytest.raises(Refused, match=f"^{reason}$"):
        core.opened(str(here / "file.jpg"))


# --- What it says -----------------------------------------------------------------------------------------------------
def reasons(code):
    """What the calls of Refused and ImageRejected give as their reason, where it is written there."""
    calls = (node for node in ast.walk(code) if isinstance(node, ast.Call))
    raising = [call for call in calls if ast.unparse(call.func) in ("Refused", "ImageRejected")]
    constants = (node.value for call in raising for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


@pytest.mark.parametrize("language", words.LANGUAGES.values(), ids=words.LANGUAGES)
def test_every_refusal_has_words_in_each_language(language):
    sources = (pathlib.Path(core.__file__), pathlib.Path(images.__file__))
    raised = {reason for path in sources for reason in reasons(ast.parse(path.read_text()))}
    assert raised == set(language.refusals) and len(raised) > 12
    facts = {"count": 12345, "most": 7, "pixels": 64, "label": "<b>"}
    said = [language.refusal(Refused(reason, **facts)) for reason in raised]
    assert not any("{" in text or "<b>" in text for text in said) and len(set(said)) == len(said)


def test_no_text_is_empty_and_none_but_the_queries_are_the_same_in_both_languages():
    italian, english = words.ITALIAN.texts, words.ENGLISH.texts
    assert italian.keys() == english.keys() and all(italian.values()) and all(english.values())
    assert {name for name, text in italian.items() if text == english[name]} == {"query_hint", "what_hint"}
    assert (words.ITALIAN.score(0.7512), words.ENGLISH.score(0.7512)) == ("0,751", "0.751")


def test_the_page_about_the_project_has_the_results(here):
    told = words.about_text(words.ENGLISH, 7, ROOT)
    assert (ROOT / words.TABLE).read_text() in told and "7 images are searched" in told
    assert re.search(r"\d+ images of 24 are right", told)
    assert "`make repro` writes them" in words.about_text(words.ENGLISH, 7)


def test_the_command_says_what_is_missing(here, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="gradio is not installed; `make demo` makes an environment"):
        shell.main(["demo"])


def test_any_model_and_any_pictures_can_be_shown(here):
    model = str(copied("clip-italian", here).folder)
    shutil.copytree(SHIPPED, here / "demo")
    with zipfile.ZipFile(here / "demo" / shipping.PICTURES, "w") as few:
        for name in PICTURES[:5]:
            archives.add(few, name, zipfile.ZipFile(ARCHIVE).read(name))
    theirs = command.chosen_demo(model)  # the pictures that ship
    assert not theirs.ships and len(theirs.images) == 5
    archives.unpack(here / "demo" / shipping.PICTURES, here / "mine")
    mine = command.chosen_demo(folder=pathlib.Path("mine"))  # the model that ships
    assert mine.ships and len(Index(pathlib.Path("mine.index"))) == 5
    assert command.chosen_demo(index=pathlib.Path("mine.index")).ships
    with pytest.raises(InputError, match="was built by another model"):
        command.chosen_demo(model, index=pathlib.Path("mine.index"))


# --- By program -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def served(demo):
    from clip_italian.use.demo import app

    blocks = app.start(demo)
    yield blocks
    blocks.close(verbose=False)


@pytest.fixture(scope="module")
def client(served):
    from gradio_client import Client

    return Client(served.local_url, verbose=False)


@needs_gradio
def test_a_program_can_ask_for_all_of_it(client, picture, scenes):
    from gradio_client import handle_file

    found = client.predict("due cavalli marroni", 5, "English", api_name="/search")
    assert len(found) == 5 and re.match(r"0\.\d{3} · \d{3}-due-cavalli-marroni", found[0]["caption"])
    bars = client.predict(handle_file(picture), "un fiore giallo\nuna sedia", "English", api_name="/classify")
    assert bars["label"] == "un fiore giallo" and len(bars["confidences"]) == 2
    maps = client.predict(handle_file(picture), "un fiore", "English", api_name="/localise")
    assert [max(Image.open(path).size) for path in maps] == [core.HEAT_MAP[0]] * 2
    shelves = client.predict("Italiano", api_name="/gallery")
    assert sum(map(sum, right(scenes, [[one["caption"] for one in shelf] for shelf in shelves]))) >= 22


@needs_gradio
def test_a_program_sees_these_names_and_no_other(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/search", "/classify", "/localise", "/gallery"}


@needs_gradio
def test_what_is_refused_is_told_in_words_and_in_the_language_asked_for(client, here):
    from gradio_client import handle_file
    from gradio_client.exceptions import AppError

    (here / "letter.png").write_text("a letter")
    for language, said in words.LANGUAGES.items():
        for arguments, name, reason in (
            (("", 4), "/search", "empty text"),
            (("gatto" * 2000, 4), "/search", "long text"),
            ((None, "un gatto\nun cane"), "/classify", "no image"),
            ((handle_file("letter.png"), "un gatto\nun cane"), "/classify", "format not allowed"),
            ((handle_file("letter.png"), "un gatto\nun gatto"), "/classify", "repeated label"),
            ((handle_file("letter.png"), "un gatto"), "/localise", "format not allowed"),
        ):
            with pytest.raises(AppError) as refused:
                client.predict(*arguments, language, api_name=name)
            assert str(refused.value).startswith(said.refusals[reason].split("{")[0])


@needs_gradio
def test_the_page_fetches_nothing_from_elsewhere_and_tells_the_browser_not_to(served):
    with urllib.request.urlopen(served.local_url) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'") and "http" not in policy
    assert re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', page) == []
    assert "fonts.g" not in page and "cdn" not in page.lower()


@needs_gradio
def test_a_port_that_is_taken_is_told(served, demo):
    from clip_italian.use.demo import app

    with pytest.raises(InputError, match=rf"--port {served.server_port}: cannot be used"):
        app.start(demo, served.server_port)


@needs_gradio
def test_the_folder_put_together_as_the_docs_say_is_a_space_that_runs(here):
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/demo.md").read_text(), re.DOTALL)
    (block,) = [block for block in blocks if "hf upload" in block]
    lines = [line.replace("space", str(here / "space")) for line in block.splitlines() if not line.startswith("hf upload")]
    subprocess.run("\n".join(["set -e", *lines]), shell=True, check=True, cwd=ROOT)
    run = subprocess.Popen([sys.executable, "app.py"], cwd="space", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        said = run.stdout.readline()
        with urllib.request.urlopen(re.search(r"http://\S+", said)[0]) as answer:
            assert answer.status == 200 and f"{len(PICTURES)} images" in said
    finally:
        run.kill()
        run.wait()


# --- In a browser -----------------------------------------------------------------------------------------------------
@needs_chromium
def test_all_tabs_work_in_chromium_and_ask_this_machine_alone(served, demo, scenes, here):
    with demo_browser.opened(served.local_url) as (page, asked, seconds):
        print(f"first page: {seconds:.2f} s")
        assert "conosce soltanto il mondo disegnato" in page.locator("#notice").inner_text()
        for query in core.QUERIES[:2]:
            shown = demo_browser.search(page, query)
            assert [text.split(" · ")[1] for text in shown] == [one.name for one in core.search(demo, query, 12)]
        bars = demo_browser.classify(page, 0)
        assert bars[0][0] == "un fiore" and bars[0][-1].endswith("%")
        assert all(min(size) >= 300 for size in demo_browser.localise(page, 0, "un fiore"))
        demo_browser.tab(page, demo_browser.TABS["gallery"])
        found = right(scenes, [demo_browser.captions(page, shelf) for shelf in range(6)])
        assert all(sum(row) >= 3 for row in found)
        demo_browser.tab(page, "Il progetto")
        assert page.locator("#results table tr").count() > 5
        (here / "letter.png").write_text("a letter")
        assert demo_browser.refused(page, "letter.png") == words.ITALIAN.refusals["format not allowed"]
        demo_browser.english(page)
        assert "knows only the drawn world" in page.locator("#notice").inner_text()
        assert page.get_by_role("button", name="Cerca", exact=True).count() == 0
    hosts = {address.split("/")[2] for address in asked if not address.startswith(("data:", "blob:"))}
    assert hosts == {f"127.0.0.1:{served.server_port}"} and len(asked) > 20


@needs_chromium
def test_what_the_browser_itself_refuses_is_told_in_the_language_of_the_page(served, here):
    (here / "letter.txt").write_text("a letter")
    with open(here / "large.png", "wb") as file:
        file.truncate(65 << 20)
    with demo_browser.opened(served.local_url) as (page, asked, _):
        demo_browser.tab(page, demo_browser.TABS["classify"])
        for language in words.LANGUAGES.values():
            for name, reason in (("letter.txt", "format not allowed"), ("large.png", "file too large")):
                assert demo_browser.not_sent(page, name) == language.refusals[reason].format(most=12)
            demo_browser.english(page)
    assert [address for address in asked if "/gradio_api/upload?" in address] == []


@needs_chromium
def test_no_tab_is_wider_than_the_screen_of_a_telephone(served):
    with demo_browser.opened(served.local_url) as (page, _, _):
        demo_browser.captions(page)
        demo_browser.narrow(page)
        for name in (*demo_browser.TABS.values(), "Il progetto"):
            demo_browser.tab(page, name)
            content, window = demo_browser.widths(page)
            assert content <= window == 390, name
