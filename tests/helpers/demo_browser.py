"""The demo's page in Chromium: `python -m tests.helpers.demo_browser docs/demo` leaves a picture of every tab."""

import contextlib
import pathlib
import shutil
import sys
import time

from clip_italian.cli import demo

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
WAIT = 40_000  # milliseconds: the machine may be busy
TABS = {"search": "Dal testo all'immagine", "classify": "Dall'immagine al testo", "localise": "Dov'è?", "gallery": "Galleria"}


@contextlib.contextmanager
def opened(url):
    """The page at an address, the addresses that it asks for, and how long it took until it could be used, in seconds."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, asked = browser.new_page(viewport={"width": 1280, "height": 900}, locale="it-IT"), []
        page.set_default_timeout(WAIT)
        page.on("request", lambda request: asked.append(request.url))
        start = time.monotonic()
        page.goto(url)
        page.get_by_role("button", name="Cerca", exact=True).wait_for()
        yield page, asked, time.monotonic() - start
        browser.close()


def tab(page, name):
    """Chooses a tab, from the menu where the row has no room for it."""
    here = page.get_by_role("tab", name=name, exact=True)
    if here.count():
        here.click()
    else:
        page.get_by_role("button", name="More tabs").click()
        page.locator(".overflow-dropdown").get_by_role("button", name=name, exact=True).click()
    page.get_by_role("tab", name=name, exact=True, selected=True).wait_for()


def narrow(page):
    """Makes the window as narrow as a telephone, and waits until tabs have gone into the menu."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="More tabs").wait_for()


def widths(page):
    """Of what is on the page, and of the window, in pixels."""
    return page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")


def search(page, query):
    """The captions of what is found for a query whose first picture is another than that on the page, best first."""
    tab(page, TABS["search"])
    before = captions(page)[0]
    page.get_by_label("Che cosa cerchi?").fill(query)
    page.get_by_role("button", name="Cerca", exact=True).click()
    page.locator(".images:visible .caption-label").first.filter(has_not_text=before).wait_for()
    return captions(page)


def captions(page, shelf=0):
    found = page.locator(".images:visible").nth(shelf)
    found.locator("img").first.wait_for()
    return found.locator(".caption-label").all_inner_texts()


def choose(page, number):
    """Takes one of the pictures to choose from."""
    page.locator(".gallery-item:visible").nth(number).click()
    page.locator(".image:visible img").first.wait_for()


def classify(page, number):
    """The captions and their shares for a picture to choose from, the likeliest first."""
    tab(page, TABS["classify"])
    choose(page, number)
    page.get_by_role("button", name="Confronta").click()
    page.locator(".confidence-set:visible").first.wait_for()
    return [row.inner_text().split("\n") for row in page.locator(".confidence-set:visible").all()]


def localise(page, number, text):
    """The sizes of both heat maps, in pixels."""
    tab(page, TABS["localise"])
    choose(page, number)
    page.get_by_label("Che cosa cerchi nell'immagine?").fill(text)
    page.get_by_role("button", name="Trova").click()
    maps = page.locator("#heats img")
    maps.nth(1).wait_for()
    return [one.evaluate("image => [image.naturalWidth, image.naturalHeight]") for one in maps.all()]


def refused(page, path):
    """What is said of a file."""
    tab(page, TABS["classify"])
    page.locator(".image:visible button[aria-label]").first.click()  # takes the picture away
    page.locator(".image:visible input[type=file]").set_input_files(path)
    page.locator(".image:visible img").wait_for(state="attached")
    page.get_by_role("button", name="Confronta").click()
    return page.get_by_test_id("toast-text").inner_text()


def not_sent(page, path):
    """What is said of a file that the browser itself refuses."""
    page.locator(".image:visible input[type=file]").set_input_files(path)
    said = page.get_by_test_id("toast-text").inner_text()
    page.get_by_test_id("toast-close").click()
    page.get_by_test_id("toast-text").wait_for(state="detached")
    return said


def english(page):
    """Says everything in English."""
    page.get_by_text("English", exact=True).click()
    page.get_by_role("tab", name="The project").wait_for()


def main(out):
    from clip_italian.use.demo import app

    blocks = app.start(demo.chosen_demo())
    out.mkdir(exist_ok=True)
    with opened(blocks.local_url) as (page, _, _):
        captions(page)
        page.screenshot(path=out / "search.png", full_page=True)
        classify(page, 3)
        page.screenshot(path=out / "classify.png", full_page=True)
        localise(page, 5, "un coniglio")
        page.screenshot(path=out / "localise.png", full_page=True)
        tab(page, TABS["gallery"])
        captions(page, 5)
        page.wait_for_timeout(1000)
        page.screenshot(path=out / "gallery.png", full_page=True)
        english(page)
        tab(page, "The project")
        page.wait_for_timeout(1000)
        page.screenshot(path=out / "about.png", full_page=True)
    blocks.close()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
