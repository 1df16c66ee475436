"""The publishers' own files: fetched or given, checked, unpacked once, and their rows' pictures with what did not come."""

import gzip
import json
import threading
import zipfile

import pytest

from clip_italian import files
from clip_italian.data.archives import Archive, add
from clip_italian.data.fetching.settings import FetchSettings
from clip_italian.data.sources import published
from clip_italian.data.sources.published import PublishedFile, PublishedSettings, Publisher
from clip_italian.data.sources.rows import member_of
from clip_italian.data.sources.wit import WIT_COLUMNS
from clip_italian.errors import InputError
from rehearsal import server

TABLE, ARCHIVE = "https://publisher.example/data/il_post.jsonl", "https://publisher.example/data/pictures.zip"


def picture(number):
    return f"https://foto.example/{number}.jpg"


@pytest.fixture
def web(tmp_path):
    """A publisher's site with a table of five pictures, of which one is gone, and an archive; yields its port."""
    site = tmp_path / "web"
    (site / "publisher.example/data").mkdir(parents=True)
    (site / "foto.example").mkdir()
    rows = [json.dumps({"image_url": picture(number), "caption": f"foto {number}"}) for number in (0, 1, 2, 3, 3)]
    (site / "publisher.example/data/il_post.jsonl").write_text("".join(row + "\n" for row in rows))
    with zipfile.ZipFile(site / "publisher.example/data/pictures.zip", "w") as archive:
        add(archive, "a/one.jpg", b"one")
    for number in range(3):
        (site / f"foto.example/{number}.jpg").write_bytes(f"picture {number}".encode())
    (site / "faults.json").write_text("{}")
    with server.serve(site, 0) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving
        serving.shutdown()


def fetch(web, **changes):
    settings = {
        "agent": "test/1",
        "about": "",
        "contact": "",
        "gateway": f"127.0.0.1:{web.server_address[1]}",
        "obey": True,
        "concurrency": 4,
        "per_host": 4,
        "waiting": 8,
        "delay": 0.0,
        "deadline": 5.0,
        "max_bytes": 1000,
        "max_redirects": 2,
        "tries": 1,
        "back_off": 0.0,
        "max_retry_after": 1.0,
        "part": 2,
        "coverage": 0.5,
        "max_file_bytes": 10000,
        "stall": 5.0,
    }
    return FetchSettings(**settings | changes)


def file(name, address=None, **changes):
    settings = {"name": name, "address": address, "given": None, "sha256": None, "unpack": None, "pairs": True}
    return PublishedFile(**settings | changes)


def settings(*listed, fetch_rows=True):
    il_post = Publisher(about="https://publisher.example/", licence="none", files=list(listed), fetch_rows=fetch_rows)
    return PublishedSettings(language="it", publishers={"il_post": il_post})


def collect(tmp_path, web, wanted, name="raw", **changes):
    raw = tmp_path / name
    raw.mkdir()
    return raw, published.collect(raw, tmp_path / "state", wanted, fetch(web, **changes))


def test_a_source_is_fetched_with_the_pictures_that_its_rows_name(tmp_path, web):
    raw, report = collect(tmp_path, web, settings(file("il_post.jsonl", TABLE)))
    found = report["il_post"]
    assert (found["asked"], found["got"], found["repeated"]) == (4, 3, 1)
    assert sum(found["missing"].values()) == 1
    assert [one["name"] for one in found["files"]] == ["il_post.jsonl"]
    pictures = {}
    for path in sorted((raw / "il_post").glob("images-*.zip")):
        with Archive(path) as archive:
            pictures |= {name: archive.read(name) for name in archive.names}
    (dates,) = published.dates(tmp_path / "state").values()
    assert dates["first"] <= dates["last"]
    assert pictures == {member_of(picture(number)): f"picture {number}".encode() for number in range(3)}


def test_what_came_is_not_asked_for_again_and_gives_the_same_bytes(tmp_path, web):
    first, _ = collect(tmp_path, web, settings(file("il_post.jsonl", TABLE)))
    asked = dict(web.RequestHandlerClass.seen)
    second, _ = collect(tmp_path, web, settings(file("il_post.jsonl", TABLE)), "again")
    assert files.tree_digest(first) == files.tree_digest(second)
    assert asked == dict(web.RequestHandlerClass.seen)


def test_a_file_may_be_given_instead_of_fetched(tmp_path, web):
    own = tmp_path / "mine.jsonl"
    own.write_text(json.dumps({"image_url": picture(1), "caption": "foto"}) + "\n")
    raw, report = collect(tmp_path, web, settings(file("il_post.jsonl", TABLE, given=str(own))))
    assert (raw / "il_post/il_post.jsonl").read_bytes() == own.read_bytes()
    assert (report["il_post"]["asked"], report["il_post"]["got"]) == (1, 1)


def test_a_file_that_is_handed_out_on_request_only_is_named_with_its_publisher_and_its_key(tmp_path, web):
    with pytest.raises(InputError, match=r"il_post.jsonl.*publisher\.example.*`given`.*published\.publishers\.il_post"):
        collect(tmp_path, web, settings(file("il_post.jsonl")))
    with pytest.raises(InputError, match=r"nowhere.*missing.*il_post.*publisher\.example"):
        collect(tmp_path, web, settings(file("il_post.jsonl", given=str(tmp_path / "nowhere"))), "other")


def test_a_pinned_file_with_other_bytes_is_refused(tmp_path, web):
    own = tmp_path / "mine.jsonl"
    own.write_text("{}\n")
    other = {"sha256": "0" * 64}
    for number, listed in enumerate((file("il_post.jsonl", TABLE, **other), file("il_post.jsonl", given=str(own), **other))):
        with pytest.raises(InputError, match="SHA-256"):
            collect(tmp_path, web, settings(listed), f"raw{number}")


def test_an_archive_is_unpacked_once_and_again_when_it_changes(tmp_path, web):
    wanted = settings(file("il_post.jsonl", TABLE), file("pictures.zip", ARCHIVE, unpack="pictures", pairs=False), fetch_rows=False)
    raw, _ = collect(tmp_path, web, wanted)
    unpacked = tmp_path / "state/il_post/pictures/a/one.jpg"
    assert unpacked.read_bytes() == b"one"
    assert not (raw / "il_post/pictures.zip").exists(), "what is of test sets alone is no part of the pairs' source"
    before = unpacked.stat().st_mtime_ns
    collect(tmp_path, web, wanted, "again")
    assert unpacked.stat().st_mtime_ns == before
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        add(archive, "b/two.jpg", b"two")
    changed = settings(
        file("il_post.jsonl", TABLE), file("pictures.zip", given=str(other), unpack="pictures", pairs=False), fetch_rows=False
    )
    collect(tmp_path, web, changed, "changed")
    assert not unpacked.exists() and (tmp_path / "state/il_post/pictures/b/two.jpg").read_bytes() == b"two"


def test_a_folder_of_the_users_is_used_where_it_lies(tmp_path, web):
    own = tmp_path / "val"
    (own / "n00000001").mkdir(parents=True)
    wanted = settings(file("il_post.jsonl", TABLE), file("val", given=str(own), pairs=False))
    _, report = collect(tmp_path, web, wanted)
    assert (tmp_path / "state/il_post/val/n00000001").is_dir()
    assert report["il_post"]["files"][1] == {"name": "val", "bytes": None, "sha256": None}


def test_a_source_that_lost_too_much_stops_the_stage(tmp_path, web):
    with pytest.raises(InputError, match="coverage"):
        collect(tmp_path, web, settings(file("il_post.jsonl", TABLE)), coverage=0.9)


def test_rows_in_another_language_ask_for_nothing(tmp_path, web):
    columns = {"language": "de", "image_url": picture(0), "caption_reference_description": "Foto"}
    header = "\t".join(WIT_COLUMNS)
    row = "\t".join(columns.get(name, "") for name in WIT_COLUMNS)
    own = tmp_path / "wit.tsv.gz"
    own.write_bytes(gzip.compress(f"{header}\n{row}\n".encode()))
    table = file("wit_v1.train.all-00000-of-00001.tsv.gz", given=str(own))
    publisher = Publisher(about="https://publisher.example/", licence="none", files=[table], fetch_rows=True)
    (tmp_path / "raw").mkdir()
    found = published.collect(
        tmp_path / "raw", tmp_path / "state", PublishedSettings(language="it", publishers={"wit": publisher}), fetch(web)
    )
    assert found["wit"]["asked"] == 0
