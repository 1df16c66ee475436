"""Manners: hosts are asked no faster than they bear, and not at all where they do not want to be."""

import datetime
import email.utils

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from clip_italian.data.fetching import client, robots
from clip_italian.data.fetching.answers import ImageRequest
from clip_italian.data.fetching.images import fetch_images
from tests.helpers import loopback_web
from tests.helpers.loopback_web import Page, redirect


@pytest.fixture
def web():
    with loopback_web.serving() as running:
        yield running


def fetch(web, tmp_path, *addresses, **changes):
    wanted = [ImageRequest(address, str(number)) for number, address in enumerate(addresses)]
    return fetch_images(wanted, tmp_path / "raw", tmp_path / "state", web.settings(**changes))


def pages(web, count, host="a.example"):
    for number in range(count):
        web.says(f"{host}/{number}", Page(body=b"x"))
    return [f"http://{host}/{number}" for number in range(count)]


def times(web, place):
    return [time for one, time, _ in web.requests if one.startswith(place)]


def test_no_host_is_asked_for_more_at_one_time_than_it_bears_while_others_are(web, tmp_path):
    web.pause = 0.02
    counts = fetch(web, tmp_path, *pages(web, 12), *pages(web, 12, "b.example"), per_host=2, concurrency=3)
    assert counts.got == 24
    assert web.most_at_once == {"a.example": 2, "b.example": 2}


def test_a_host_is_asked_no_sooner_than_the_delay_after_the_last_time(web, tmp_path):
    fetch(web, tmp_path, *pages(web, 5), delay=0.1, obey=False)
    asked = times(web, "a.example")
    assert len(asked) == 5 and all(later - earlier > 0.08 for earlier, later in zip(asked, asked[1:], strict=False))


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for_by_all_of_the_hosts_pictures_and_by_no_other_hosts(web, tmp_path, status):
    addresses = [*pages(web, 3), *pages(web, 3, "b.example")]
    web.says("a.example/0", Page(status, headers=(("Retry-After", "1"),)), Page(body=b"x"))
    counts = fetch(web, tmp_path, *addresses, per_host=1, obey=False)
    assert counts.got == 6
    first, *later = times(web, "a.example")
    assert len(later) == 3 and all(time - first > 0.9 for time in later)
    assert all(time - first < 0.9 for time in times(web, "b.example"))


def test_a_host_that_asks_for_a_long_pause_is_let_be(web, tmp_path):
    addresses = pages(web, 5)
    web.says("a.example/0", Page(429, headers=(("Retry-After", "3600"),)))
    counts = fetch(web, tmp_path, *addresses, per_host=1, obey=False)
    assert counts.missing == {"host asked for a longer pause": 5}
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Fri, 16 Jul 2021 12:00:30 GMT", 30.0),
        ("Fri, 16 Jul 2021 11:00:00 GMT", 0.0),
        ("Friday, 16-Jul-21 12:00:30 GMT", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("99999999999999", None),
        ("1.5", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    now = datetime.datetime(2021, 7, 16, 12, tzinfo=datetime.UTC)
    assert client.retry_after(CIMultiDictProxy(CIMultiDict({"Retry-After": value})), now) == seconds
    assert client.retry_after(CIMultiDictProxy(CIMultiDict()), now) is None


def test_a_date_to_retry_after_is_waited_for(web, tmp_path):
    (address,) = pages(web, 1)
    soon = email.utils.format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1.5), usegmt=True)
    web.says("a.example/0", Page(503, headers=(("Retry-After", soon),)), Page(body=b"x"))
    assert fetch(web, tmp_path, address, obey=False).got == 1
    first, second = times(web, "a.example")
    assert 0.3 < second - first < 1.7  # the header knows no parts of a second


@pytest.mark.parametrize(
    ("name", "value", "out"),
    [
        ("X-Robots-Tag", "noai", True),
        ("x-robots-tag", "NoImageAI", True),
        ("X-Robots-Tag", "nofollow, NOINDEX", True),
        ("X-Robots-Tag", "noimageindex", True),
        ("X-Robots-Tag", "none", True),
        ("X-Robots-Tag", "noml", True),
        ("X-Robots-Tag", "noarchive, NoML", True),
        ("X-Robots-Tag", "all", False),
        ("X-Robots-Tag", "nofollow,noarchive", False),
        ("X-Robots-Tag", "test-bot: noai", True),
        ("X-Robots-Tag", "Test-Bot:noindex", True),
        ("X-Robots-Tag", "*: noai", True),
        ("X-Robots-Tag", "otherbot: noindex, noai", False),
        ("X-Robots-Tag", "otherbot: noindex, test-bot: nofollow, noai", True),
        ("X-Robots-Tag", "noai, otherbot: nofollow", True),
        ("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST, noai", True),
        ("X-Robots-Tag", "max-image-preview: none", False),
        ("TDM-Reservation", "1", True),
        ("tdm-reservation", " 1 ", True),
        ("TDM-Reservation", "0", False),
    ],
)
def test_pictures_whose_headers_opt_out_are_not_taken(web, tmp_path, name, value, out):
    web.says("a.example/x", Page(body=b"x", headers=(("X-Robots-Tag", "nosnippet"), (name, value))))
    counts = fetch(web, tmp_path, "http://a.example/x")
    assert counts.missing == ({"opted out": 1} if out else {})
    assert fetch(web, tmp_path / "free", "http://a.example/x", obey=False).got == 1


def test_an_errors_page_that_opts_out_is_still_an_error(web, tmp_path):
    no = (("X-Robots-Tag", "noindex"),)
    web.says("a.example/gone", Page(404, headers=no))
    web.says("a.example/busy", Page(503, headers=no), Page(body=b"x"))
    counts = fetch(web, tmp_path, "http://a.example/gone", "http://a.example/busy")
    assert (counts.got, counts.missing) == (1, {"gone": 1})


def test_robots_txt_is_asked_for_once_per_host_and_kept_for_the_next_run(web, tmp_path):
    web.says("a.example/robots.txt", Page(body=b"User-agent: *\nDisallow: /private\n"))
    addresses = [*pages(web, 8), "http://a.example/private/x"]
    counts = fetch(web, tmp_path, *addresses)
    assert (counts.got, counts.missing) == (8, {"refused by robots.txt": 1})
    assert web.asked("a.example/robots.txt") == 1 and web.asked("a.example/private/x") == 0
    fetch(web, tmp_path, *addresses, "http://a.example/private/y")
    assert web.asked("a.example/robots.txt") == 1 and web.asked("a.example/private/y") == 0


def test_the_host_that_a_redirect_leads_to_has_its_own_robots_txt(web, tmp_path):
    web.says("a.example/x", redirect("http://b.example/x"))
    web.says("b.example/robots.txt", Page(body=b"User-agent: test-bot\nDisallow: /\n"))
    assert fetch(web, tmp_path, "http://a.example/x").missing == {"refused by robots.txt": 1}
    assert web.asked("b.example/x") == 0


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        (Page(404), {}),
        (Page(403), {}),
        (Page(500), {"robots.txt unreachable": 1}),
        (Page(429), {"robots.txt unreachable": 1}),
        (Page(body=b"half", length=100), {"robots.txt unreachable": 1}),
        (redirect("http://a.example/robots.txt"), {}),  # too many redirects: as if there were none
        (redirect("http://b.example/robots.txt"), {"refused by robots.txt": 1}),
        (Page(body=b"User-agent: *\nDisallow: /\n", headers=(("X-Robots-Tag", "noindex"),)), {"refused by robots.txt": 1}),
        (Page(body=b"User-agent: *\nDisallow: /x\n" + b"#" * (1 << 20)), {"refused by robots.txt": 1}),
        (Page(body=b"\xff\xfe\x00 no robots"), {}),
        (Page(body=b"<html>Disallow: /</html>"), {}),
    ],
)
def test_a_robots_txt_that_is_not_there_allows_all_and_one_that_cannot_be_had_allows_nothing(web, tmp_path, page, missing):
    web.says("a.example/x", Page(body=b"x"))
    web.says("a.example/robots.txt", page)
    web.says("b.example/robots.txt", Page(body=b"User-agent: *\nDisallow: /x\n"))
    assert fetch(web, tmp_path, "http://a.example/x").missing == missing


@pytest.mark.parametrize(
    ("rules", "path", "allowed"),
    [
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nDisallow: /", "/x", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/c", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),  # of equal ones the one that allows
        ("User-agent: *\nDisallow: /*.jpg$", "/b/c.jpg", False),
        ("User-agent: *\nDisallow: /*.jpg$", "/b/c.jpg?d", True),
        ("User-agent: *\nDisallow: /*.jpg", "/b/c.jpg?d", False),
        ("User-agent: *\nDisallow: /a*b*c$", "/aXbYcZc", False),
        ("User-agent: *\nDisallow: /a*aa$", "/aa", True),
        ("User-agent: *\nDisallow: /exact$", "/exactly", True),
        ("User-agent: *\nDisallow: /a%3cd", "/a%3Cd", False),
        ("User-agent: *\nDisallow: /%7Ename", "/~name", False),
        ("User-agent: *\nDisallow: /perché", "/perch%C3%A9", False),
        ("User-agent: *\nDisallow: /a%2Fb", "/a/b", True),
        ("User-agent: *\nDisallow: /x?y", "/x?y=1", False),
        ("user-AGENT : Test-Bot/9\ndisallow:/x # why", "/x", False),
        ("User-agent: other\nDisallow: /", "/x", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: test-bot\nAllow: /", "/x", True),
        ("User-agent: test-bot\nUser-agent: other\nDisallow: /x", "/x", False),
        ("User-agent: test-bot\nDisallow: /a\n\nUser-agent: test-bot\nDisallow: /x", "/x", False),
        ("User-agent: test-bot\nCrawl-delay: 1\nUser-agent: other\nDisallow: /x", "/x", False),
        ("User-agent: Test-Bot/2.0 (a crawler)\nDisallow: /x\n\nUser-agent: *\nAllow: /", "/x", False),
        ("User-agent: bot\nDisallow: /x", "/x", True),  # another crawler's name
        ("User-agent: test-bot\nDisallow: /a\nUser-agent: 360Spider\nDisallow: /x", "/x", True),  # a name that is no token
        ("Disallow: /x", "/x", True),  # of no group
        ("\ufeffUser-agent: *\r\nDisallow: /x\r\n", "/x", False),
        ("Sitemap: http://a.example\nUser-agent: *\nDisallow: /x\rAllow: /y", "/x", False),
    ],
)
def test_robots_txt_is_read_as_rfc_9309_says(rules, path, allowed):
    assert robots.parse(rules.encode()).can_fetch(f"http://a.example{path}", "test-bot") == allowed


def test_a_robots_txt_made_to_be_slow_is_not():
    slow = robots.parse(b"User-agent: *\nDisallow: /" + b"*a" * 50_000 + b"b")
    assert slow.can_fetch("http://a.example/" + "a" * 60_000, "test-bot")
