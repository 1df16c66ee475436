"""A person's own photographs: every way in which they come with captions, and all that is wrong with some."""

import csv
import io
import json
import os
import pathlib
import tarfile
import unicodedata
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import simplejpeg

from clip_italian import __main__, files
from clip_italian.data import preparation
from clip_italian.data.curation import leakage
from clip_italian.data.sources import importing, own, tables
from clip_italian.errors import InputError
from tests.data.test_preparation import SETTINGS
from tests.helpers.small_world import CURATE, LIMITS, TWO, curated


def photo(seed: int, side: int = 40) -> bytes:
    """A JPEG of eight coloured bars, no two alike: copies are found by what pictures show."""
    bars = np.random.default_rng(seed).integers(0, 256, (2, 4, 3), np.uint8)
    return simplejpeg.encode_jpeg(np.ascontiguousarray(bars.repeat(side // 2, 0).repeat(side // 4, 1)))


def write(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def photos(folder, *names):
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(photo(seed))


def table(folder, *rows, header=("image", "caption"), delimiter=",", name="captions.csv"):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([header, *rows])
    (folder / name).write_text(text.getvalue(), encoding="utf-8", newline="")


def tar(path, members):
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "Foto di Sofia è qui"
    path.mkdir()
    return path


def imported(given, root=None, name="foto", replace=False, language="it"):
    """The report, and captions by the name of the picture."""
    root = root or given.parent / "own"
    target, report = importing.import_folder(given, root, name, language, LIMITS, replace)
    pairs = [json.loads(line) for line in (target / own.PAIRS).read_text(encoding="utf-8").splitlines()]
    for name in ("rows", "captions"):
        assert report[name]["read"] == report[name]["kept"] + sum(report[name]["rejected"].values())
    assert report["captions"]["kept"] == sum(len(pair["captions"]) for pair in pairs)
    assert report["pictures"] == len(pairs)
    return report, {pair["id"]: pair["captions"] for pair in pairs}


# --- What is found ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", [("image", "caption"), ("filepath", "title"), ("Image_Path", "Text"), ("file_name", "text")])
def test_a_table_is_read_whatever_separates_and_names_its_columns(folder, delimiter, header):
    photos(folder, "a.jpg", "sotto/b.jpg")
    rows = [("a.jpg", 'Un gatto, "nero"; e un\ncane', "1"), ("sotto/b.jpg", "Una casa", "2"), ("./a.jpg", "Un felino", "3")]
    table(folder, *rows, header=(*header, "split"), delimiter=delimiter)
    report, captions = imported(folder)
    assert captions == {"a.jpg": ['Un gatto, "nero"; e un\ncane', "Un felino"], "sotto/b.jpg": ["Una casa"]}
    assert report["kind"] == "table" and report["rows"] == {"read": 3, "kept": 3, "rejected": {}}


def test_the_json_lines_of_2021_are_read_with_one_caption_or_several_and_with_absolute_paths(folder):
    photos(folder, "a.jpg", "b.jpg")
    entries = [
        {"image_path": str(folder / "a.jpg"), "captions": ["Un gatto", "Un gatto nero"]},
        {"image_path": "b.jpg", "captions": "Un cane"},
        {"image_path": "b.jpg"},
        {"image_path": "b.jpg", "captions": [3]},
    ]
    (folder / "train_dataset.json").write_text("\n".join([*map(json.dumps, entries), "{", "[]"]))
    report, captions = imported(folder)
    assert captions == {"a.jpg": ["Un gatto", "Un gatto nero"], "b.jpg": ["Un cane"]}
    assert report["kind"] == "JSON lines"
    assert report["rows"]["rejected"] == {"no caption": 3, "not JSON": 1}


def test_each_line_of_a_text_beside_a_picture_is_a_caption(folder):
    photos(folder, "a.jpg", "sotto/b.PNG", "c.jpg", "d.jpg")
    said = {"a.txt": b"\xef\xbb\xbfUn gatto\r\nUn felino\n\n", "sotto/b.txt": b"Una casa", "d.txt": b" \n", "e.txt": b"x"}
    write(folder, said)
    report, captions = imported(folder)
    assert captions == {"a.jpg": ["Un gatto", "Un felino"], "sotto/b.PNG": ["Una casa"]}
    assert report["kind"] == "captions beside the images"
    assert report["rows"]["rejected"] == {"no caption": 1, "empty caption": 1, "missing file": 1}


def test_web_dataset_tars_are_read_with_captions_in_text_or_json(folder):
    good = {"0.jpg": photo(0), "0.txt": b"Un gatto\nnero", "1.json": b'{"caption": "Un cane"}', "1.png": photo(1)}
    tar(folder / "00000.tar", good)
    tar(folder / "00001.tar", {"./x/0.jpg": photo(2), "2.txt": b"nulla", "3.jpg": photo(3), "4.jpg": b"", "4.txt": b"x"})
    report, captions = imported(folder)
    assert captions == {"00000.tar/0.jpg": ["Un gatto\nnero"], "00000.tar/1.png": ["Un cane"]}
    assert report["rows"]["rejected"] == {"no caption": 2, "missing file": 1, "empty file": 1}


@pytest.mark.parametrize("layout", ["webdataset", "files"])
def test_what_img2dataset_did_not_get_is_counted_from_its_tables(folder, layout):
    entries = [{"key": f"00000000{i}", "url": "https://a.example/", "caption": f"Gatto {i}", "status": "success"} for i in range(3)]
    entries[1]["status"] = "failed_to_download"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(entries), folder / "00000.parquet")
    (folder / "00000_stats.json").write_text('{"count": 3}')
    parts = {}
    for i in (0, 2):
        parts |= {f"00000000{i}.jpg": photo(i), f"00000000{i}.json": json.dumps(entries[i]).encode()}
    if layout == "files":
        write(folder / "00000", parts)
    else:
        tar(folder / "00000.tar", parts)
    report, captions = imported(folder)
    assert list(captions.values()) == [["Gatto 0"], ["Gatto 2"]]
    assert report["rows"] == {"read": 3, "kept": 2, "rejected": {"not downloaded": 1}}
    assert "of img2dataset" in importing.summary_lines(report)


def test_a_damaged_table_of_img2dataset_is_named_with_the_remedy(folder):
    tar(folder / "00000.tar", {"0.jpg": photo(0), "0.txt": b"Un gatto"})
    (folder / "00000.parquet").write_bytes(b"PAR1xxxxPAR1")
    with pytest.raises(InputError, match=r"00000\.parquet: not a whole parquet file; get it again, or leave it out"):
        imported(folder)


def test_several_kinds_are_told_and_the_file_that_is_named_decides(folder):
    photos(folder, "a.jpg")
    table(folder, ("a.jpg", "Dalla tabella"))
    (folder / "x.jsonl").write_text('{"image_path": "a.jpg", "captions": "Dal JSON"}')
    with pytest.raises(InputError, match=r"holds JSON lines and table; name the file that is meant"):
        imported(folder)
    assert imported(folder / "captions.csv")[1] == {"a.jpg": ["Dalla tabella"]}
    assert imported(folder / "x.jsonl", name="altro")[1] == {"a.jpg": ["Dal JSON"]}


@pytest.mark.parametrize("content", [{}, {"a.csv": b"x,y\n1,2\n"}, {"a.jpg": b"x"}, {"a.json": b"[[[["}])
def test_a_folder_that_says_nothing_of_its_pictures_is_told_what_is_known(folder, content):
    write(folder, content)
    with pytest.raises(InputError, match=r"no captions of its images; known formats: JSON lines.*CSV.*tars.*\.txt"):
        imported(folder)
    with pytest.raises(InputError, match="no such folder"):
        imported(folder / "nowhere")


# --- What is left out -------------------------------------------------------------------------------------------------
def test_every_fault_is_counted_under_its_reason(folder):
    photos(folder, "a.jpg", "wide.jpg")
    (folder.parent / "outside.jpg").write_bytes(photo(9))
    (folder / "link.jpg").symlink_to(folder.parent / "outside.jpg")
    (folder / "inner.jpg").symlink_to("a.jpg")
    (folder / "circle.jpg").symlink_to("circle.jpg")
    write(folder, {"text.jpg": b"<html>", "cut.jpg": photo(3)[:200], "big.jpg": bytes(LIMITS.max_bytes + 1)})
    names = [
        "a.jpg",
        "a.jpg",
        "inner.jpg",
        "no.jpg",
        "",
        "../outside.jpg",
        "/etc/hostname",
        "link.jpg",
        "circle.jpg",
        "a\0.jpg",
        "x" * 5000,
        "text.jpg",
        "cut.jpg",
        "big.jpg",
        "wide.jpg",
    ]
    table(folder, *((name, "" if name == "wide.jpg" else "Un gatto") for name in names))
    with open(folder / "captions.csv", "ab") as file:
        file.write(b'caff\xe8.jpg,Un gatto\na.jpg\na.jpg,b,c\na.jpg,"Un gatto\na.jpg,Un "altro"\n')
    report, captions = imported(folder)
    assert captions == {"a.jpg": ["Un gatto", 'Un "altro"']}
    assert report["rows"]["rejected"] == {
        "missing file": 5,
        "path outside the folder": 3,
        "a web page, not an image": 1,
        "damaged image": 1,
        "file too large": 1,
        "empty caption": 1,
        "not UTF-8": 1,
        "wrong number of columns": 2,
        "quote never closed": 1,
    }
    assert report["rows"]["read"] == len(names) + 5
    assert report["captions"]["rejected"]["repeated for its image"] == 2


def test_accents_match_however_the_file_system_writes_them(folder):
    photos(folder, unicodedata.normalize("NFD", "città.jpg"), unicodedata.normalize("NFC", "caffè.jpg"))
    table(folder, (unicodedata.normalize("NFC", "città.jpg"), "Una città"), (unicodedata.normalize("NFD", "caffè.jpg"), "Un caffè"))
    assert len(imported(folder)[1]) == 2


def test_a_name_that_is_not_utf8_is_counted(folder):
    photos(folder, "a.jpg")
    write(folder, {"a.txt": b"Un gatto"})
    for suffix, content in ((b".jpg", photo(1)), (b".txt", b"x")):
        with open(os.fsencode(folder) + b"/caff\xe8" + suffix, "wb") as file:
            file.write(content)
    report, captions = imported(folder)
    assert list(captions) == ["a.jpg"] and report["rows"]["rejected"] == {"file name not UTF-8": 1}


def test_a_linked_folder_is_not_entered_and_no_caption_is_read_from_outside(folder):
    photos(folder, "a.jpg", "b.jpg")
    write(folder.parent, {"secret.txt": b"segreto", "other/c.jpg": photo(2), "other/c.txt": b"altro"})
    write(folder, {"a.txt": b"Un gatto"})
    (folder / "b.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "other").symlink_to(folder.parent / "other")
    report, captions = imported(folder)
    assert captions == {"a.jpg": ["Un gatto"]}
    assert report["rows"]["rejected"] == {"path outside the folder": 1}


def hostile(kind, **attributes):
    info = tarfile.TarInfo(attributes.pop("name", "x.jpg"))
    info.type = kind
    for name, value in attributes.items():
        setattr(info, name, value)
    return info


@pytest.mark.parametrize(
    "info",
    [
        hostile(tarfile.SYMTYPE, linkname="/etc/passwd"),
        hostile(tarfile.LNKTYPE, linkname="../x"),
        hostile(tarfile.CHRTYPE),
        hostile(tarfile.FIFOTYPE),
        hostile(tarfile.REGTYPE, name="../x.jpg"),
        hostile(tarfile.REGTYPE, name="a/../../x.jpg"),
        hostile(tarfile.REGTYPE, name="a\\x.jpg"),
    ],
    ids=lambda info: f"{info.type.decode()}-{info.name}",
)
def test_an_unsafe_member_of_a_tar_stops_before_anything_is_written(folder, info):
    with tarfile.open(folder / "0.tar", "w") as archive:
        archive.addfile(info)
    with pytest.raises(InputError, match=r"0\.tar: unsafe member"):
        imported(folder)
    assert not (folder.parent / "own/foto").exists()


def test_a_member_that_occurs_twice_and_a_tar_that_is_cut_are_told(folder):
    with tarfile.open(folder / "0.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))
        archive.addfile(tarfile.TarInfo("a.txt"))
    with pytest.raises(InputError, match="`a.txt` occurs twice"):
        imported(folder)
    tar(folder / "0.tar", {"a.jpg": photo(0), "a.txt": b"x"})
    content = (folder / "0.tar").read_bytes()
    (folder / "0.tar").write_bytes(content[:700])
    with pytest.raises(InputError, match=r"0\.tar: damaged"):
        imported(folder)


# --- What is written --------------------------------------------------------------------------------------------------
def test_the_same_folder_gives_the_same_bytes_and_pictures_as_they_are(folder):
    photos(folder, "a.jpg", "b.jpg")
    table(folder, ("b.jpg", "Un cane"), ("a.jpg", "Un gatto"))
    imported(folder)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    imported(folder, root=folder.parent / "again")
    assert files.tree_digest(folder.parent / "own") == files.tree_digest(folder.parent / "again")
    with zipfile.ZipFile(folder.parent / "own/foto/images.zip") as archive:
        assert [archive.read(name) for name in archive.namelist()] == [photo(1), photo(0)]


def test_a_name_that_is_taken_needs_replace_and_what_fails_leaves_it_as_it_was(folder):
    photos(folder, "a.jpg", "b.jpg")
    table(folder, ("a.jpg", "Un gatto"))
    imported(folder)
    before = files.tree_digest(folder.parent / "own")
    with pytest.raises(InputError, match="exists already; choose another --name, or --replace it"):
        imported(folder)
    table(folder, ("no.jpg", "Un gatto"))
    with pytest.raises(InputError, match=r"no image with a caption \(missing file \(1\)\); nothing is written"):
        imported(folder, replace=True)
    assert files.tree_digest(folder.parent / "own") == before
    assert [path.name for path in (folder.parent / "own").iterdir()] == ["foto"]
    table(folder, ("b.jpg", "Un cane"))
    assert imported(folder, replace=True)[1] == {"b.jpg": ["Un cane"]}
    (folder.parent / "own/foto/originals.zip").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"own/foto/originals\.zip: was not imported, and would be lost; move it away"):
        imported(folder, replace=True)
    assert (folder.parent / "own/foto/originals.zip").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["../x", "", ".x", "A", "x" * 65, "a/b"])
def test_a_name_that_is_no_plain_one_is_refused(folder, name):
    photos(folder, "a.jpg")
    table(folder, ("a.jpg", "Un gatto"))
    with pytest.raises(InputError, match="not a name; use up to 64 small letters"):
        importing.import_folder(folder, folder.parent / "own", name, "it", LIMITS, False)


# --- What becomes of it -----------------------------------------------------------------------------------------------
@pytest.fixture
def study(tmp_path, folder):
    """A study without sources of its own, and a folder of eight photographs with captions."""
    (tmp_path / "data/x/raw").mkdir(parents=True)
    photos(folder, *(f"estate/foto {i}.jpg" for i in range(8)))
    table(folder, *((f"estate/foto {i}.jpg", f"Foto numero {i}") for i in range(8)))
    return tmp_path


def test_own_pictures_become_pairs_shards_and_part_of_the_audit(study, folder):
    imported(folder, root=study / "own")
    raw = study / "data/x/raw"
    settings = CURATE.model_copy(update={"sources": [], "valid_share": 0.3})
    train, valid, report = curated(raw, settings)
    pairs = sorted((*train, *valid), key=lambda pair: pair.id)
    assert [pair.id for pair in pairs] == [f"own/foto/{i:07d}" for i in range(1, 9)]
    assert [pair.captions for pair in pairs] == [[f"Foto numero {i}"] for i in range(8)]
    assert report["sources"]["own/foto"]["rows"] == {"read": 8, "kept": 8, "rejected": {}}

    (raw / "english").mkdir()
    (raw / "english/pairs.jsonl").touch()
    counts = preparation.prepare(study / "shards", raw, raw / "out", study / "done", SETTINGS, TWO)
    assert counts["train"] + counts["valid"] == 8
    report = leakage.compare(raw, raw / "out", LIMITS, CURATE.duplicates, [], TWO)
    assert report["training"] == counts


def test_captions_in_another_language_are_counted_and_other_profiles_see_the_same_pictures(study, folder):
    imported(folder, root=study / "own", language="de")
    settings = CURATE.model_copy(update={"sources": []})
    for profile in ("x", "y"):
        train, _, report = curated(study / "data" / profile / "raw", settings)
        assert not train and report["sources"]["own/foto"]["rows"]["rejected"] == {"another language": 8}


def test_a_folder_below_own_that_was_not_imported_is_told(study):
    (study / "own/mie").mkdir(parents=True)
    with pytest.raises(InputError, match=r"own/mie/pairs.jsonl: missing; write the folder by `python -m clip_italian data import`"):
        own.sources(study / "data/x/raw")


def test_lines_of_a_damaged_list_are_counted(study, folder):
    imported(folder, root=study / "own")
    with open(study / "own/foto/pairs.jsonl", "ab") as file:
        file.write(b'{\n{"image": "x", "captions": [], "language": "it"}\n{"captions": ["x"]}\n\xe8\n')
    _, _, report = curated(study / "data/x/raw", CURATE.model_copy(update={"sources": []}))
    assert report["sources"]["own/foto"]["rows"]["rejected"] == {"not JSON": 1, "no caption": 1, "no image": 1, "not UTF-8": 1}


def test_the_command_prints_the_report_and_where_it_is(study, folder, monkeypatch, capsys):
    root = pathlib.Path(__file__).parents[2]
    for name in ("profiles", "params.yaml"):
        (study / name).symlink_to(root / name)
    monkeypatch.chdir(study)
    __main__.main(["data", "import", str(folder)])
    assert capsys.readouterr().out.splitlines() == [
        "found: table (captions.csv)",
        "rows: 8 read, 8 kept; rejected: none",
        "captions: 8 read, 8 kept; rejected: none",
        "images: 8",
        "own/foto-di-sofia-qui: written; the next `dvc repro` takes it as one more source",
    ]
    with pytest.raises(SystemExit, match="exists already"):
        __main__.main(["data", "import", str(folder)])


def test_a_quote_that_is_never_closed_costs_one_row_of_a_table(tmp_path):
    path = tmp_path / "a.csv"
    long = f"d,{'x' * 1000}\n" * (tables.LONGEST // 1000 + 2)  # further than the second open quote is followed
    path.write_text(f'image,caption\na,"Un gatto\nb,Un cane\nc,"Una\ncasa"\ne,"aperta\n{long}f,"fine"\n')
    rejected = importing.Counter()
    form = tables.header(path, tables.IMAGE, tables.CAPTION)
    rows = [row["caption"] for _, row in tables.records(path, form, rejected)]
    assert rows[:2] == ["Un cane", "Una\ncasa"] and rows[-1] == "fine" and len(rows) == 3 + len(long.splitlines())
    assert rejected == {"quote never closed": 2}
