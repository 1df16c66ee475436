"""The readers of the four sources, on files as the web leaves them."""

import gzip
import json
import zipfile
from collections import Counter

import hypothesis
import hypothesis.strategies as st
import pytest

from clip_italian.data.archives import Archive, add
from clip_italian.data.curation.text import CaptionRejected, clean
from clip_italian.data.sources import conceptual_captions, mscoco_it, wit
from clip_italian.data.sources import rows as readers_lines
from clip_italian.data.sources import rows as readers_rows
from clip_italian.data.sources.rows import lines, member_of
from clip_italian.data.sources.sources import READERS
from clip_italian.data.sources.wit import WIT_COLUMNS, wit_records
from clip_italian.errors import InputError
from tests.helpers.small_world import TEXT

HEADER = "\t".join(WIT_COLUMNS).encode() + b"\n"
# Carriage returns, Latin-1, NUL, an open quote, a line separator, a lone carriage return: six rows, whoever counts.
SIX_ROWS = (
    b"un gatto\thttps://a.example/1\r\n"
    b"caff\xe8\thttps://a.example/2\n"
    b"un\x00 cane\thttps://a.example/3\n"
    b'"un fiore\thttps://a.example/4\n'
    b"una\xe2\x80\xa8casa\thttps://a.example/5\n"
    b"una\rmela\thttps://a.example/6\n"
)


def wit_line(caption: str, language: str = "it", context: str = "", page: int = 1) -> bytes:
    columns = [language, f"https://{language}.wikipedia.example/{page}", f"https://w.example/{page}.jpg", *[""] * 14]
    columns[6], columns[15] = caption, context
    return "\t".join(columns).encode() + b"\n"


def read(source, folder):
    rejected = Counter()
    return list(READERS[source](folder, "it", rejected)), rejected


def write_wit(folder, content):
    (folder / "wit_v1.train.all-00000-of-00001.tsv.gz").write_bytes(gzip.compress(HEADER + content))


def test_conceptual_captions_has_as_many_rows_as_line_feeds(tmp_path):
    (tmp_path / "Train_GCC-training.tsv").write_bytes(SIX_ROWS)
    rows, rejected = read("conceptual_captions", tmp_path)
    assert len(rows) + rejected.total() == 6
    assert rejected == {"not UTF-8": 1}
    assert [row.id[-1] for row in rows] == ["1", "3", "4", "5", "6"]
    assert rows[0].image == member_of("https://a.example/1")
    assert rows[2].captions == ('"un fiore',)


def test_a_byte_order_mark_and_extra_tabs_are_seen(tmp_path):
    (tmp_path / "Train_GCC-training.tsv").write_bytes(b"\xef\xbb\xbfun gatto\thttps://a.example/1\na\tb\tc\nd\n")
    rows, rejected = read("conceptual_captions", tmp_path)
    assert rows[0].captions == ("un gatto",)
    assert rejected == {"wrong number of columns": 2}


def test_the_six_rows_are_kept_or_rejected_one_by_one_whatever_reads_them(tmp_path):
    (tmp_path / "Train_GCC-training.tsv").write_bytes(SIX_ROWS)
    (tmp_path / "il_post.jsonl").write_bytes(b"".join(map(as_json, SIX_ROWS.split(b"\n")[:-1])))
    for source in ("conceptual_captions", "il_post"):
        rows, rejected = read(source, tmp_path)
        assert [row.id[-1] for row in rows] == ["1", "3", "4", "5", "6"] and rejected == {"not UTF-8": 1}, source
        assert [row.address[-1] for row in rows] == ["1", "3", "4", "5", "6"]
        cleaned = [outcome(row.captions[0]) for row in rows]
        assert cleaned == ["un gatto", "control characters in the caption", '"un fiore', "una casa", "una mela"], source


def as_json(row: bytes) -> bytes:
    """A row of Conceptual Captions as one of Il Post, its bytes as they are but for what JSON must escape."""
    caption, url = row.removesuffix(b"\r").split(b"\t")
    for byte, escaped in ((b'"', b'\\"'), (b"\x00", b"\\u0000"), (b"\r", b"\\r")):
        caption = caption.replace(byte, escaped)
    return b'{"image_url": "' + url + b'", "caption": "' + caption + b'"}\r\n'


def test_captions_that_say_nothing_or_too_much_are_rows_and_cleaning_tells_them(tmp_path):
    captions = ["", " \u00a0", "a" * 1_000_000, "🐱🐶", "perche\u0301 no", "perché no"]
    (tmp_path / "Train_GCC-training.tsv").write_text("".join(f"{one}\thttps://a.example/\n" for one in captions), encoding="utf-8")
    (tmp_path / "il_post.jsonl").write_text("".join(json.dumps({"image_url": "x", "caption": one}) + "\n" for one in captions))
    write_wit(tmp_path, b"".join(wit_line(one, page=page) for page, one in enumerate(captions)))
    told = ["empty caption", "empty caption", "caption too long", "caption without words", "perché no", "perché no"]
    for source in ("conceptual_captions", "il_post"):
        rows, rejected = read(source, tmp_path)
        assert [outcome(row.captions[0]) for row in rows] == told and not rejected
    rows, rejected = read("wit", tmp_path)
    assert [outcome(row.captions[0]) for row in rows] == told[1:] and rejected == {"no reference description": 1}


def outcome(caption):
    try:
        return clean(caption, TEXT.model_copy(update={"max_characters": 1000}))
    except CaptionRejected as reason:
        return str(reason)


TEXTS = {"conceptual_captions": "Train_GCC-training.tsv", "il_post": "il_post.jsonl"}
# Bytes that mean something to one of the readers, and any others.
CONTENT = st.lists(
    st.sampled_from(
        [
            b"\t",
            b"\n",
            b"\r\n",
            b"\r",
            b'"',
            b'""',
            b"a",
            b"\xe8",
            b"\x00",
            b"\xe2\x80\xa8",
            b"\xef\xbb\xbf",
            b"it\thttps://",
            b'{"image_url":"x","caption":"y"}',
            b"{",
            b"}",
            b",",
        ]
    )
    | st.binary(max_size=5)
).map(b"".join)


@hypothesis.settings(deadline=None, max_examples=100, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(content=CONTENT)
def test_whatever_the_bytes_every_row_is_kept_or_rejected(tmp_path, content):
    rows_in = len(content.split(b"\n")) - (content.endswith(b"\n") or not content)
    for source, name in TEXTS.items():
        (tmp_path / name).write_bytes(content)
        rows, rejected = read(source, tmp_path)
        assert len(rows) + rejected.total() == rows_in
        assert len({row.id for row in rows}) == len(rows)
        for row in rows:
            row.captions[0].encode()

    write_wit(tmp_path, content)
    rows, rejected = read("wit", tmp_path)
    records = list(wit_records(next(tmp_path.glob("wit*"))))
    assert len(rows) + rejected.total() == len(records)
    kept_lines = [line.removesuffix(b"\r") for line in content.removesuffix(b"\n").split(b"\n")]
    assert b"\n".join(records) == (b"\n".join(kept_lines) if records else b"")


def test_wit_reads_newlines_tabs_and_doubled_quotes_inside_quoted_fields(tmp_path):
    context = '"Una riga,\nun\t""altra"" riga\r\ne l\'ultima."'
    write_wit(tmp_path, wit_line("Un gatto", context=context) + wit_line("Un cane", page=2))
    rows, rejected = read("wit", tmp_path)
    assert [row.captions for row in rows] == [("Un gatto",), ("Un cane",)]
    assert not rejected


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path):
    write_wit(tmp_path, wit_line('"Un gatto') + wit_line("Un cane", page=2) + wit_line('"Una mela', page=3))
    rows, rejected = read("wit", tmp_path)
    assert [row.captions for row in rows] == [("Un cane",)]
    assert rejected == {"quote never closed": 2}


def test_wit_counts_rows_of_other_languages_and_rows_without_a_description(tmp_path):
    write_wit(tmp_path, wit_line("Ein Hund", "de") + wit_line("") + wit_line("Un gatto") + b"it\thttps://x\tkurz\n")
    rows, rejected = read("wit", tmp_path)
    assert len(rows) == 1
    assert rejected == {"another language": 1, "no reference description": 1, "wrong number of columns": 1}


def test_a_row_that_is_too_long_is_rejected_and_the_next_one_read(tmp_path, monkeypatch):
    for module in (wit, readers_lines, readers_rows, conceptual_captions):
        monkeypatch.setattr(module, "LONGEST", 2000)
    folds = b"".join(b"ancora una riga\n" for _ in range(1000))
    write_wit(tmp_path, wit_line('"Un gatto') + folds + wit_line("Un cane", page=2) + wit_line("a" * 3000, page=3))
    rows, rejected = read("wit", tmp_path)
    assert [row.captions for row in rows] == [("Un cane",)]
    assert rejected == {"row too long": 2}
    assert max(map(len, wit_records(next(tmp_path.glob("wit*"))))) == 2001

    lengths = (1999, 2000, 2001, 2002, 2005, 2006, 5000)
    long = b"".join(b"a" * (length - 2) + b"\tb\r\n" for length in lengths)
    (tmp_path / "Train_GCC-training.tsv").write_bytes(long + b"x\ty")
    rows, rejected = read("conceptual_captions", tmp_path)
    assert [len(row.captions[0]) + 2 for row in rows] == [1999, 2000, 3]
    assert rejected == {"row too long": 5}


def test_a_section_as_long_as_a_page_is_read(tmp_path):
    section = "Una riga.\n" * 60_000
    write_wit(tmp_path, wit_line("Un gatto", context=f'"{section}"'))
    rows, rejected = read("wit", tmp_path)
    assert len(rows) == 1 and not rejected


def test_a_description_of_another_language_is_told_without_its_quotes(tmp_path):
    write_wit(tmp_path, wit_line('"Ein Hund', "de") + wit_line("Un gatto") + wit_line("Un chat", "fr"))
    rows, rejected = read("wit", tmp_path)
    assert len(rows) == 1 and rejected == {"another language": 2}


def test_a_part_that_is_there_both_ways_is_told(tmp_path):
    write_wit(tmp_path, wit_line("Un gatto"))
    path = next(tmp_path.glob("wit*"))
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    with pytest.raises(InputError, match="delete one of the two"):
        read("wit", tmp_path)
    path.unlink()
    assert len(read("wit", tmp_path)[0]) == 1


def test_wit_parts_are_read_in_order_and_ids_stay_unique(tmp_path):
    for part in (1, 0):
        content = HEADER + wit_line(f"Parte {part}", page=part) + wit_line("Altro", page=9)
        (tmp_path / f"wit_v1.train.all-0000{part}-of-00002.tsv.gz").write_bytes(gzip.compress(content))
    rows, _ = read("wit", tmp_path)
    assert [row.captions[0] for row in rows] == ["Parte 0", "Altro", "Parte 1", "Altro"]
    assert len({row.id for row in rows}) == 4


def test_mscoco_it_joins_ids_that_are_numbers_and_strings(tmp_path):
    content = {
        "images": [{"id": i, "file_name": name} for i, name in ((359, "a.jpg"), ("100428", "b.jpg"), (5, "c.jpg"))],
        "annotations": [
            {"id": 1, "image_id": "359", "caption": "Un gatto\n"},
            {"id": "2", "image_id": 100428, "caption": "Un cane"},
            {"id": 3, "image_id": 359, "caption": "Un gatto nero"},
        ],
    }
    (tmp_path / "captions_ita_trainingset_x.json.gz").write_bytes(gzip.compress(json.dumps(content, indent=1).encode()))
    rows, rejected = read("mscoco_it", tmp_path)
    captions = {row.image: row.captions for row in rows}
    assert captions == {"a.jpg": ("Un gatto\n", "Un gatto nero"), "b.jpg": ("Un cane",)}
    assert rejected == {"no caption": 1}


def test_mscoco_it_takes_each_picture_once_and_the_training_files_alone(tmp_path):
    def write(name, *pictures):
        images = [{"id": i, "file_name": f"train2014/COCO_train2014_{i:012d}.jpg"} for i in pictures]
        said = [{"image_id": i, "caption": f"{name} {i}"} for i in set(pictures)]
        (tmp_path / f"captions_ita_{name}.json").write_text(json.dumps({"images": images, "annotations": said}))

    write("trainingset_train2014", 1, 2, 2)
    write("trainingset_val2014", 2, 3)
    write("devset_validated", 4)
    rows, rejected = read("mscoco_it", tmp_path)
    assert [row.captions[0] for row in rows] == ["trainingset_train2014 1", "trainingset_train2014 2", "trainingset_val2014 3"]
    assert rejected == {"image listed before": 2}
    assert rows[0].image == "COCO_train2014_000000000001.jpg" and rows[0].address is None


def test_a_document_beyond_its_limit_is_never_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(mscoco_it, "LONGEST_DOCUMENT", 1 << 20)
    (tmp_path / "captions_ita_trainingset_x.json.gz").write_bytes(gzip.compress(b" " * (2 << 20)))
    with pytest.raises(InputError, match="more than 1 MiB"):
        read("mscoco_it", tmp_path)


def test_il_post_counts_lines_that_are_not_its_json(tmp_path):
    good = json.dumps({"image_url": "https://p.example/1", "caption": "Un gatto"})
    others = ('{"caption": "x"}', "[1]", "{", '{"image_url": 3, "caption": "x"}')
    (tmp_path / "il_post.jsonl").write_text("\n".join((good, *others)))
    rows, rejected = read("il_post", tmp_path)
    assert len(rows) == 1
    assert rejected == {"no image_url": 3, "not JSON": 1}


@pytest.mark.parametrize("source", sorted(READERS))
def test_a_missing_file_is_named_with_the_remedy(tmp_path, source):
    with pytest.raises(InputError, match=f"{tmp_path}.*missing.*dvc"):
        read(source, tmp_path)


@pytest.mark.parametrize("harm", ["cut", "overwritten", "emptied"])
def test_a_damaged_gzip_is_named_with_the_remedy(tmp_path, harm):
    write_wit(tmp_path, b"".join(wit_line(f"Un gatto {i * i}", page=i) for i in range(500)))
    path = next(tmp_path.glob("wit*"))
    whole = path.read_bytes()
    harmed = {"cut": whole[: len(whole) // 2], "overwritten": whole[:40] + b"\xff\xff\xff" + whole[43:], "emptied": b""}
    path.write_bytes(harmed[harm])
    with pytest.raises(InputError, match=r"wit_v1.*damaged.*delete it and run `dvc repro`"):
        read("wit", tmp_path)


@pytest.mark.parametrize("content", [b'{"images": [', b"[]", b'{"images": [{"id": "x"}], "annotations": []}', b"{}"])
def test_json_of_another_structure_is_named_with_the_remedy(tmp_path, content):
    (tmp_path / "captions_ita_trainingset_x.json.gz").write_bytes(gzip.compress(content))
    with pytest.raises(InputError, match=r"captions_ita_trainingset_x.*damaged.*delete it and run `dvc repro`"):
        read("mscoco_it", tmp_path)


def test_an_annotation_of_an_unknown_picture_is_damage(tmp_path):
    content = json.dumps({"images": [], "annotations": [{"image_id": 1, "caption": "x"}]}).encode()
    (tmp_path / "captions_ita_trainingset_x.json.gz").write_bytes(gzip.compress(content))
    with pytest.raises(InputError, match="damaged"):
        read("mscoco_it", tmp_path)


def test_lines_end_at_line_feeds_alone(tmp_path):
    (tmp_path / "x").write_bytes(SIX_ROWS)
    assert len(list(lines(tmp_path / "x"))) == 6


def zip_of(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            add(archive, name, content)
    return path


def test_an_archive_has_the_same_bytes_every_time_and_gives_back_its_members(tmp_path):
    members = [("a", b"1"), ("b/c", b"22")]
    first, second = (zip_of(tmp_path / name, members) for name in ("x.zip", "y.zip"))
    assert first.read_bytes() == second.read_bytes()
    with Archive(first) as archive:
        assert archive.names == {"a", "b/c"}
        assert [archive.read(name) for name, _ in members] == [b"1", b"22"]
        assert archive.size("b/c") == 2


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/a", "a\\b"])
def test_an_unsafe_member_is_refused_when_opening(tmp_path, name):
    with pytest.raises(InputError, match="unsafe member"):
        Archive(zip_of(tmp_path / "x.zip", [(name, b"1")]))


def test_a_link_in_an_archive_is_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="unsafe member"):
        Archive(tmp_path / "x.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_occurs_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="occurs twice"):
        Archive(zip_of(tmp_path / "x.zip", [("a", b"1"), ("a", b"2")]))


def test_a_damaged_archive_is_named_with_the_remedy(tmp_path):
    path = zip_of(tmp_path / "x.zip", [("a", bytes(1000))])
    content = path.read_bytes()
    path.write_bytes(content[:200])
    with pytest.raises(InputError, match=r"x.zip: not a whole zip file.*delete it"):
        Archive(path)
    path.write_bytes(content[:500] + b"\x01" + content[501:])
    with pytest.raises(InputError, match=r"x.zip: member `a` is damaged.*dvc repro"):
        Archive(path).read("a")
    with pytest.raises(InputError, match="missing"):
        Archive(tmp_path / "nowhere.zip")
