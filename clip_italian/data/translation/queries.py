"""What the test sets ask in the study's language, for the models that are asked in English."""

import pathlib

from clip_italian import files
from clip_italian.data.translation.engines import one_line


def asked(test: pathlib.Path) -> list[str]:
    """Every caption, label and query of the test sets below `test`, each once; raises InputError when a file is damaged."""
    said = [
        annotation["caption"]
        for path in sorted(test.glob("*/captions.json"))
        for annotation in files.read_json(path)["annotations"]
    ]
    said += [entry["label"] for entry in files.read_json(test / "classes.json")]
    said += [entry["query"] for entry in files.read_json(test / "gallery.json")]
    return [sentence for sentence in dict.fromkeys(one_line(said)) if sentence]
