"""Pictures fetched one by one: what comes is kept whole and in order, what does not is counted, whatever the web does."""

import gzip
import json
import zipfile

import pytest

from clip_italian import files
from clip_italian.data import archives
from clip_italian.data.fetching.answers import ImageRequest, fetched
from clip_italian.data.fetching.images import fetch_images
from clip_italian.data.fetching.spool import Spool
from clip_italian.errors import InputError
from tests.helpers import loopback_web
from tests.helpers.loopback_web import Page, picture, redirect


@pytest.fixture
def web():
    with loopback_web.serving() as running:
        yield running


def fetch(web, tmp_path, wanted, **changes):
    return fetch_images(wanted, tmp_path / "raw", tmp_path / "state", web.settings(**changes))


def some(web, count, host="a.example"):
    """So many pictures, which the host has."""
    for number in range(count):
        web.says(f"{host}/{number}.jpg", Page(body=picture(f"{host}/{number}")))
    return [ImageRequest(f"http://{host}/{number}.jpg", f"{host}-{number}") for number in range(count)]


def pictures_in(folder):
    found = {}
    for path in sorted(folder.glob("*.zip")):
        with archives.Archive(path) as opened:
            found |= {name: opened.read(name) for name in opened.names}
    return found


def why(web, tmp_path, address, **changes):
    """The reason why one address gives nothing."""
    counts = fetch(web, tmp_path, [ImageRequest(address, "x")], **changes)
    assert counts.got == 0 and sum(counts.missing.values()) == 1
    return next(iter(counts.missing))


def test_pictures_come_in_the_order_wanted_into_zips_of_so_many_with_a_json_file_beside_each(web, tmp_path):
    wanted = some(web, 25)
    web.pause = 0.002
    counts = fetch(web, tmp_path, iter(wanted))
    assert (counts.asked, counts.got, counts.bytes, counts.missing) == (25, 25, 25000, {})
    names = []
    for number in range(3):
        stem = tmp_path / f"raw/images-{number:05d}"
        with zipfile.ZipFile(stem.with_suffix(".zip")) as zipped:
            names += zipped.namelist()
        about = json.loads(stem.with_suffix(".json").read_bytes())
        assert about["sha256"] == files.sha256(stem.with_suffix(".zip"))
        assert [entry["name"] for entry in about["pictures"]] == [each.name for each in wanted[10 * number : 10 * number + 10]]
    assert names == [each.name for each in wanted]
    assert pictures_in(tmp_path / "raw") == {f"a.example-{n}": picture(f"a.example/{n}") for n in range(25)}


def test_equal_answers_give_equal_bytes_and_no_content_file_has_a_date(web, tmp_path):
    wanted = [*some(web, 15), ImageRequest("http://a.example/gone", "gone")]
    fetch(web, tmp_path / "one", wanted)
    web.pause = 0.003
    fetch(web, tmp_path / "two", wanted, concurrency=3)
    assert files.tree_digest(tmp_path / "one/raw") == files.tree_digest(tmp_path / "two/raw")
    dates = files.read_json(tmp_path / "one/state/dates.json")
    assert sorted(dates) == ["images-00000", "images-00001"]


def test_a_repeated_address_is_fetched_once(web, tmp_path):
    wanted = some(web, 3)
    counts = fetch(web, tmp_path, [*wanted, wanted[1], wanted[1]])
    assert (counts.asked, counts.repeated, counts.got) == (3, 2, 3)
    assert web.asked("a.example/1.jpg") == 1


def test_two_addresses_for_one_name_are_an_error_that_names_both(web, tmp_path):
    with pytest.raises(InputError, match=r"`same` has two addresses, http://a.example/1 and http://a.example/2"):
        fetch(web, tmp_path, [ImageRequest("http://a.example/1", "same"), ImageRequest("http://a.example/2", "same")])


def test_without_a_gateway_somebody_must_be_named_whom_webmasters_can_reach(web, tmp_path):
    with pytest.raises(InputError, match="`contact` is empty"):
        fetch(web, tmp_path, [], gateway=None)


def test_a_finished_run_is_not_repeated(web, tmp_path):
    wanted = [*some(web, 12), ImageRequest("http://a.example/gone", "gone")]
    first = fetch(web, tmp_path, wanted)
    asked = len(web.requests)
    assert fetch(web, tmp_path, wanted) == first
    assert len(web.requests) == asked


@pytest.mark.parametrize("place", [0.01, 0.3, 0.6, 0.9, 0.999])
def test_a_finished_part_whose_bytes_changed_is_made_whole_and_only_what_was_lost_is_asked_for_again(web, tmp_path, place):
    wanted = some(web, 10)
    fetch(web, tmp_path, wanted)
    before = files.tree_digest(tmp_path / "raw")
    path, asked = tmp_path / "state/images-00000.zip", len(web.requests)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 4
    path.unlink()  # the other link, in `raw`, stays as it is
    path.write_bytes(content)
    fetch(web, tmp_path, wanted)
    assert files.tree_digest(tmp_path / "raw") == before
    assert len(web.requests) - asked <= (10 if place > 0.8 else 1)  # the directory at the end is of all of them


@pytest.mark.parametrize("place", range(40, 1800, 293))
def test_a_json_file_whose_bytes_changed_is_not_believed(web, tmp_path, place):
    wanted = some(web, 10)
    fetch(web, tmp_path, wanted)
    before = files.tree_digest(tmp_path / "raw")
    path = tmp_path / "state/images-00000.json"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.unlink()
    path.write_bytes(content)
    fetch(web, tmp_path, wanted)
    assert files.tree_digest(tmp_path / "raw") == before


def test_another_list_of_wanted_pictures_keeps_what_it_shares_with_the_last_one(web, tmp_path):
    wanted = some(web, 9)
    fetch(web, tmp_path, wanted[:8])
    counts = fetch(web, tmp_path, wanted[1:])
    assert counts.got == 8 and web.asked("a.example/0.jpg") == web.asked("a.example/4.jpg") == 1
    fetch(web, tmp_path / "anew", wanted[1:])
    assert files.tree_digest(tmp_path / "raw") == files.tree_digest(tmp_path / "anew/raw")


def test_a_spool_keeps_every_record_before_the_first_torn_one(tmp_path):
    spool = Spool(tmp_path / "x.spool")
    wanted = [ImageRequest(f"http://a.example/{number}", str(number)) for number in range(4)]
    for each in wanted:
        spool.add(fetched(each, picture(each.name, 50)), picture(each.name, 50))
    spool.close()
    whole = (tmp_path / "x.spool").read_bytes()
    for size in [*range(0, len(whole), 7), len(whole)]:
        (tmp_path / "x.spool").write_bytes(whole[:size])
        torn = Spool(tmp_path / "x.spool")
        kept = [(answer.request, content) for answer, content in torn.contents(torn.answers)]
        assert kept == [(each, picture(each.name, 50)) for each in wanted[: size * 4 // len(whole)]]
        torn.add(fetched(ImageRequest("http://a.example/new", "new"), b"new"), b"new")
        torn.close()
        assert list(Spool(tmp_path / "x.spool").answers)[-1].name == "new"


def test_below_the_floor_the_run_fails_with_a_report_and_the_next_one_asks_only_for_what_may_come(web, tmp_path):
    wanted = [*some(web, 3), ImageRequest("http://a.example/gone", "gone"), ImageRequest("http://b.example/later", "later")]
    web.says("b.example/later", *[Page(500)] * 3, Page(body=b"at last"))
    with pytest.raises(InputError, match=r"3 of 5 images .*`fetch.coverage`"):
        fetch(web, tmp_path, wanted, coverage=0.8)
    assert not (tmp_path / "raw").exists()
    report = files.read_json(tmp_path / "state/attrition.json")
    assert report["missing"] == {"gone": 1, "server error": 1} and report["got"] == 3
    assert fetch(web, tmp_path, wanted, coverage=0.8).got == 4
    assert [web.asked(place) for place in ("a.example/0.jpg", "a.example/gone", "b.example/later")] == [1, 1, 4]


def test_parts_of_an_earlier_run_do_not_stay_in_the_folder(web, tmp_path):
    wanted = some(web, 12)
    fetch(web, tmp_path, wanted)
    fetch(web, tmp_path, wanted[:3])
    assert [path.name for path in sorted((tmp_path / "raw").iterdir())] == ["images-00000.json", "images-00000.zip"]


@pytest.mark.parametrize(
    ("pages", "reason", "times"),
    [
        ([Page(404)], "gone", 1),
        ([Page(410, b"was here")], "gone", 1),
        ([Page(403)], "forbidden", 1),
        ([Page(418)], "request refused", 1),
        ([Page(204)], "unexpected answer", 1),
        ([Page(206, b"half")], "unexpected answer", 1),
        ([Page(302)], "unexpected answer", 1),  # without saying where to
        ([Page(0, act=loopback_web.no_http)], "unexpected answer", 1),
        ([Page(429)], "too many requests", 3),
        ([Page(500)], "server error", 3),
        ([Page(503)], "server error", 3),
        ([Page(body=b"half", length=8)], "short answer", 3),
        ([Page(0, act=loopback_web.lost)], "connection lost", 3),
        ([Page(body=b"x", length=(1 << 20) + 1)], "too large", 1),
        ([Page(headers=(("Transfer-Encoding", "chunked"),), act=loopback_web.endless)], "too large", 1),
        ([Page(body=gzip.compress(bytes(1 << 24)), headers=(("Content-Encoding", "gzip"),))], "encoded answer", 1),
        ([Page(body=b"x", headers=(("Content-Encoding", "br"),))], "encoded answer", 1),
        ([Page(headers=(("Transfer-Encoding", "gzip, chunked"),), act=loopback_web.endless)], "encoded answer", 1),
        ([redirect("http://a.example/x")], "too many redirects", 6),
    ],
)
def test_what_does_not_come_has_a_reason_and_is_tried_again_only_where_that_may_help(web, tmp_path, pages, reason, times):
    web.says("a.example/x", *pages)
    assert why(web, tmp_path, "http://a.example/x") == reason
    if reason != "connection lost":  # there the client library asks once more by itself
        assert web.asked("a.example/x") == times


@pytest.mark.parametrize("act", [loopback_web.drip, loopback_web.silent])
def test_a_slow_host_costs_no_more_than_the_deadline(web, tmp_path, act):
    web.says("a.example/x", Page(length=1 << 19, act=act))
    web.says("a.example/y", Page(0, act=loopback_web.silent))
    counts = fetch(web, tmp_path, [ImageRequest("http://a.example/x", "x"), ImageRequest("http://a.example/y", "y")], deadline=0.5)
    assert counts.missing == {"too slow": 2}
    assert web.asked("a.example/x") == 1


def test_all_tries_together_have_one_deadline(web, tmp_path):
    web.pause = 0.3
    web.says("a.example/x", Page(500))
    assert why(web, tmp_path, "http://a.example/x", deadline=0.5, obey=False) == "too slow"
    assert web.asked("a.example/x") == 2


def test_a_picture_that_comes_at_the_third_try_has_come(web, tmp_path):
    web.says("a.example/x", Page(500), Page(body=b"half", length=8), Page(body=b"whole"))
    assert fetch(web, tmp_path, [ImageRequest("http://a.example/x", "x")]).got == 1
    assert pictures_in(tmp_path / "raw") == {"x": b"whole"}


def test_exactly_the_largest_size_is_taken(web, tmp_path):
    web.says("a.example/x", Page(body=b"x" * 1000))
    web.says("a.example/y", Page(body=b"x" * 1001))
    wanted = [ImageRequest(f"http://a.example/{name}", name) for name in "xy"]
    counts = fetch(web, tmp_path, wanted, max_bytes=1000)
    assert (counts.got, counts.missing) == (1, {"too large": 1})


def test_redirects_are_followed_five_deep_over_hosts_and_relative_ones_too(web, tmp_path):
    for number in range(5):
        web.says(f"h{number}.example/x", redirect(f"//h{number + 1}.example/x"))
    web.says("h5.example/x", Page(body=b"here"))
    assert fetch(web, tmp_path, [ImageRequest("http://h0.example/x#part", "x")]).got == 1
    web.says("h.example/x", redirect("//h0.example/x", 308))
    assert why(web, tmp_path / "six", "http://h.example/x") == "too many redirects"


def test_requests_say_who_asks_carry_no_cookies_and_ask_for_plain_bytes(web, tmp_path):
    web.says("a.example/x", Page(302, headers=(("Location", "/y"), ("Set-Cookie", "a=b; Path=/"))))
    web.says("a.example/y", Page(body=b"y"))
    fetch(web, tmp_path, [ImageRequest("http://a.example/x", "x")], contact="someone@example.org")
    for _, _, headers in web.requests:
        assert headers["User-Agent"] == "test-bot/1.0 (+https://example.org; someone@example.org)"
        assert headers["Accept-Encoding"] == "identity" and "Cookie" not in headers and "Authorization" not in headers


def test_proxies_and_passwords_of_the_environment_are_not_used(web, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine a.example login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(web, tmp_path, some(web, 1)).got == 1
    assert all("Authorization" not in headers for _, _, headers in web.requests)


def test_a_full_disk_stops_the_run_with_one_line(web, tmp_path, monkeypatch):
    monkeypatch.setattr("clip_italian.data.fetching.spool.write_all", _full)
    with pytest.raises(InputError, match=r"images-00000.spool: cannot be written \(No space left on device\); free space"):
        fetch(web, tmp_path, some(web, 3))


def test_a_table_that_cannot_be_used_stops_the_run_with_one_line(web, tmp_path):
    wanted = some(web, 3)
    (tmp_path / "state").mkdir()
    (tmp_path / "state/robots.sqlite").write_bytes(b"no table" * 1000)
    with pytest.raises(InputError, match=r"robots.sqlite, .*: file is not a database; free space, or delete both"):
        fetch(web, tmp_path, wanted)
    (tmp_path / "state/robots.sqlite").unlink()
    assert fetch(web, tmp_path, wanted).got == 3


def _full(file, content):
    raise OSError(28, "No space left on device")
