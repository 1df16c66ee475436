"""Publishers' evaluation files in miniature, with the quirks of the real ones."""

import gzip
import io
import json
import pathlib
import tarfile
from collections.abc import Sequence

import numpy as np
from PIL import Image


def picture(seed: int) -> bytes:
    """A small PNG, of which an odd number of pixels is cut off at 16 pixels a side."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (31, 26, 3)).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def put(path: pathlib.Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def coco(folder: pathlib.Path, name: str, captions: Sequence[int], first: int = 359, as_text: bool = False) -> None:
    """A file of MSCOCO-IT's structure: so many captions for each picture, shuffled; `as_text` writes every third id as a string."""
    ids = [first + 7 * number for number in range(len(captions))]
    images = [{"id": identity, "file_name": f"COCO_val2014_{identity:012d}.jpg"} for identity in ids]
    owners = np.random.default_rng(0).permutation(np.repeat(ids, captions)).tolist()
    annotations = [
        {
            "image_id": str(owner) if as_text and number % 3 == 0 else owner,
            "id": number,
            # Capitals, outer blanks and line ends as in the real file, and a text that belongs to several pictures.
            "caption": "Un gatto su una sedia." if number % 400 == 0 else f"Una scena {number}{('', ' ', chr(10))[number % 3]}",
        }
        for number, owner in enumerate(owners)
    ]
    content = {"info": {}, "licenses": [], "type": "captions", "annotations": annotations, "images": images}
    put(folder / name, gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0))
    for number, image in enumerate(images):
        put(folder / "val2014" / str(image["file_name"]), picture(number) if len(ids) < 50 else b"")


def imagenet(folder: pathlib.Path, labels: Sequence[str], each: int = 2) -> None:
    """CLIP-Italian's table and templates, and `each` validation pictures a class."""
    header = "set_id\tsyn_set\tfirst_syn\tquery_long\tquery_short\tquery_short_translated\tquery_long_translated\tclass_id"
    rows = [f'n{i:08d}\tx, "y\tx\tx\tx\t{label}\tuna foto di {label}\t{i + 1}' for i, label in enumerate(labels)]
    put(folder / "imagenet_labels_IT.tsv", "\n".join([header, *rows]) + "\n")
    twice = "una foto di {} carino\N{NO-BREAK SPACE}"
    put(folder / "italian_templates_IT.txt", f"{twice}\n{{}} ricamato\n{twice}")
    for number in range(len(labels)):
        for one in range(each):
            put(folder / "val" / f"n{number:08d}" / f"ILSVRC2012_val_{one:08d}.JPEG", picture(10 * number + one))


def crossmodal3600(folder: pathlib.Path, captions: Sequence[int]) -> None:
    lines = []
    for number, count in enumerate(captions):
        said = [f"didascalia {number} {one}" for one in range(count)]
        lines.append(json.dumps({"image/key": f"{number:016x}", "it": {"caption": said}, "en": {"caption": ["x"]}}))
        put(folder / "images" / f"{number:016x}.jpg", picture(number))
    put(folder / "captions.jsonl", "\n".join(lines) + "\n")


def shards(folder: pathlib.Path, kind: str | None, samples: Sequence[dict[str, bytes]]) -> None:
    """A web-dataset folder of CLIP_benchmark in two shards."""
    half = (len(samples) + 1) // 2
    put(folder / "test" / "nshards.txt", "2\n")
    for shard, start in enumerate((0, half)):
        with tarfile.open(folder / "test" / f"{shard}.tar", "w") as archive:
            for number, sample in enumerate(samples[start : start + half], start=start):
                for extension, content in sample.items():
                    info = tarfile.TarInfo(f"s{number:07d}.{extension}")
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    if kind:
        put(folder / "dataset_type.txt", f"{kind}\n")


def class_names(folder: pathlib.Path, names: Sequence[str]) -> None:
    put(folder / "classnames.txt", "\n".join(names) + "\n")
    put(folder / "zeroshot_classification_templates.txt", "una foto di {c}\nun disegno di {c}\n")


def label_files(folder: pathlib.Path, language: str, names: Sequence[str], templates: Sequence[str]) -> None:
    """The files of a language as CLIP_benchmark ships them, ImageNet's beside another set's."""
    for kind, content in (("classnames", names), ("zeroshot_classification_templates", templates)):
        put(folder / f"{language}_{kind}.json", json.dumps({"other": ["x"], "imagenet1k": content}, ensure_ascii=False))
