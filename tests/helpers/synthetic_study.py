"""A made-up study on disk: embeddings of known quality in the layout of the pipeline, and nothing trained."""

import dataclasses
import io
import json
import pathlib
import zipfile

import numpy as np
from PIL import Image

from clip_italian import config, files, journal
from clip_italian.data import tokens
from clip_italian.data.images.shards import Example
from clip_italian.evaluation import arrays
from clip_italian.evaluation.study import associations
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.finetuning import domain
from clip_italian.use.finetuning import tables as csv_tables
from clip_italian.world.scenes.scene import Scene, Thing
from clip_italian.world.scenes.statements import CLASS_NOUNS, COLOURS
from tests.helpers import synthetic_curves
from tests.helpers.shards import write_shards

PROFILE = "made_up"
QUALITY = {  # noise added to the text's copy of the image's latent vector: less is better
    "original": 0.95,
    "plus_optimizer": 0.85,
    "plus_fixed_scale": 0.80,
    "full": 0.60,
    "freeze_equal": 0.70,
    "no_augmentation": 0.75,
    "mclip": 0.78,
    "english_clip": 3.0,
}
BASELINES = ("mclip", "english_clip")
SEEDS = (0, 1, 2)
PARAMETERS = {  # of every run's journal: what the paper's sentences say of training
    "batch": 128,
    "tuned_updates": 660,
    "scale": 20.0,
    "max_tokens": 24,
    "pooling": "mean",
    "stem": [[24, 4, 4], [48, 3, 2]],
    "projection": 64,
    "vocabulary": 1000,
    "image.width": 96,
    "image.depth": 4,
    "image.patch": 12,
    "text.width": 96,
    "text.depth": 3,
    "tower.width": 96,
    "tower.depth": 3,
    "optimiser.learning_rate": 3e-3,
    "optimiser.weight_decay": 0.1,
    "optimiser.clip": 0.01,
}
CAPTIONS = 3
WIDTH = 16
RETRIEVAL_SETS = ("retrieval-seen", "retrieval-style")
HARD = ("swap", "left_right")  # kinds of contrasts that no model of the study tells from chance
ZEROSHOT_SETS = ("zeroshot-seen", "zeroshot-style")

EVALUATION = {
    "language": "Italian",
    "templates": ["{}"],
    "retrieval_sets": list(RETRIEVAL_SETS),
    "zeroshot_sets": list(ZEROSHOT_SETS),
    "block": 1024,
    "label_conditions": ["without_article", "synonym", "duplicate", "mistranslated", "agreement", "machine", "templates"],
    "retrieval_cutoffs": [1, 5, 10],
    "accuracy_cutoffs": [1, 5, 10, 100],
    "single_seed": ["english_clip"],
    "english_queries": [],
    "seed": 1,
    "resamples": 400,
    "permutations": 399,
    "confidence": 0.95,
    "smallest_effect": 0.5,
    "primary_pairs": [
        ["full", "original"],
        ["full", "plus_fixed_scale"],
        ["full", "no_augmentation"],
        ["full", "mclip"],
        ["freeze_equal", "plus_fixed_scale"],
        ["plus_optimizer", "original"],
        ["plus_fixed_scale", "plus_optimizer"],
    ],
    "primary_endpoints": ["retrieval-seen/text_to_image/any/mrr@10", "zeroshot-seen/acc@1"],
    "exploratory_pairs": [["freeze_equal", "original"]],
    "exploratory_endpoints": [
        "retrieval-style/text_to_image/any/mrr@10",
        "retrieval-seen/image_to_text/any/mrr@10",
        "zeroshot-seen/acc@1",
    ],
    "errors": {
        "drawn": True,
        "caption_lengths": [3, 5],
        "associations": ["drawn-world-agreement", "drawn-world-persons"],
    },
}

PROBED = ("english_clip", "full")
PROBE = {
    "tests": ["zeroshot-seen"],
    "linear": {
        "learning_rate": 0.1,
        "epochs": 10,
        "batch": 64,
        "lowest": -6.0,
        "highest": 2.0,
        "first": 3,
        "halvings": 1,
        "seed": 0,
        "block": 64,
    },
    "few_shot": {"shots": [1, 4], "draws": 2, "seed": 0},
}
PROBE_PICTURES = {"probe-train": 6, "probe-valid": 2}  # of each class

ANALYSIS = {
    "proposed": "full",
    "ladder": ["original", "plus_optimizer", "plus_fixed_scale", "full"],
    "error_models": ["full", "no_augmentation", "mclip", "english_clip"],
    "gallery_top": 4,
    "sheet_examples": 6,
    "sheet_views": 3,
    "contradictions": {"seed": 0, "scenes": 8, "views": 1, "alone": {"flip": {"flip": 1.0}, "hue 0.1": {"hue": 0.1}}},
}
IMAGES = config.profile("tiny", pathlib.Path(config.__file__).parents[1] / "profiles").content["images"]


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def write_settings() -> None:
    """params.yaml and the profile; JSON is YAML."""
    arms = [model for model in QUALITY if model not in BASELINES]
    params = {"profile": PROFILE, "arms": arms, "curves": list(synthetic_curves.CURVES), "baselines": list(BASELINES)}
    params |= {"probed": list(PROBED), "seeds": list(SEEDS)}
    files.write_json(pathlib.Path("params.yaml"), params)
    profile = {"evaluation": EVALUATION, "probe": PROBE, "analysis": ANALYSIS, "images": IMAGES}
    files.write_json(pathlib.Path("profiles", f"{PROFILE}.yaml"), profile)
    pathlib.Path("profiles/paper.yaml").symlink_to(pathlib.Path(config.__file__).parents[1] / "profiles/paper.yaml")


def seeds_of(model: str) -> tuple[int, ...]:
    return (0,) if model == "english_clip" else SEEDS


def write_retrieval(test_set: str, images: int, stream: int) -> None:
    """A retrieval set in which each caption is also true of the picture after its own, and every model's embeddings."""
    rng = np.random.default_rng([stream, 0])
    latent = rng.normal(size=(images, WIDTH))
    owner = np.repeat(np.arange(images, dtype=np.int32), CAPTIONS)
    true = np.stack([owner, (owner + 1) % images], axis=1)
    folder = pathlib.Path("data", PROFILE, "raw/test", test_set)
    arrays.write(
        folder / "truth.npz",
        owner=owner,
        true_indptr=2 * np.arange(len(owner) + 1, dtype=np.int32),
        true_indices=true.astype(np.int32).ravel(),
        near_miss=rng.random(images) < 0.2,
    )
    for number, (model, noise) in enumerate(QUALITY.items()):
        for seed in seeds_of(model):
            draw = np.random.default_rng([stream, 1, number, seed])
            text = latent[owner] + 2 * noise * draw.normal(size=(len(owner), WIDTH))
            path = pathlib.Path("embeddings", PROFILE, model, str(seed), f"{test_set}.npz")
            arrays.write(path, image=unit(latent), text=unit(text))


def write_zeroshot(test_set: str, images: int, classes: int, stream: int) -> None:
    """A zero-shot set whose pictures scatter about their class, and every model's embeddings."""
    rng = np.random.default_rng([stream, 0])
    centre = rng.normal(size=(classes, WIDTH))
    label = rng.integers(classes, size=images).astype(np.int32)
    arrays.write(pathlib.Path("data", PROFILE, "raw/test", test_set, "truth.npz"), label=label)
    for number, (model, noise) in enumerate(QUALITY.items()):
        for seed in seeds_of(model):
            draw = np.random.default_rng([stream, 1, number, seed])
            image = centre[label] + 2 * noise * draw.normal(size=(images, WIDTH))
            path = pathlib.Path("embeddings", PROFILE, model, str(seed), f"{test_set}.npz")
            arrays.write(path, image=unit(image), text=unit(centre))


def write_probe_pictures(classes: int, stream: int) -> None:
    """Pictures of every class, and the probed models' embeddings of them: as noisy as those of the zero-shot set `stream`."""
    centre = np.random.default_rng([stream, 0]).normal(size=(classes, WIDTH))
    for split, (name, each) in enumerate(PROBE_PICTURES.items(), start=2):
        label = np.repeat(np.arange(classes, dtype=np.int32), each)
        arrays.write(pathlib.Path("data", PROFILE, "raw/probe", name, "truth.npz"), label=label)
        for number, model in enumerate(PROBED):
            for seed in seeds_of(model):
                noise = np.random.default_rng([stream, split, number, seed]).normal(size=(len(label), WIDTH))
                path = pathlib.Path("embeddings", PROFILE, model, str(seed), f"{name}.npz")
                arrays.write(path, image=unit(centre[label] + 2 * QUALITY[model] * noise))


def write_labels(classes: int) -> None:
    """Label sets of the headline zero-shot set and every model's embeddings of them: classes 0 and 1 may share a label, and class 2
    may have a wrong one; all else is no worse than the good labels."""
    good, spelt = [f"un oggetto {number}" for number in range(classes)], [f"oggetto {number}" for number in range(classes)]
    duplicate, mistranslated = [good[0], good[0], *good[2:]], [*good[:2], "un errore", *good[3:]]
    sets = {"good": good, "duplicate": duplicate, "mistranslated": mistranslated, "machine": [*duplicate[:2], *mistranslated[2:]]}
    sets |= {name: spelt for name in ("without_article", "synonym", "agreement")}
    files.write_json(pathlib.Path("data", PROFILE, "raw/test/labels.json"), {"sets": sets, "templates": ["{}", "una foto di {}"]})
    for model in QUALITY:
        for seed in seeds_of(model):
            folder = pathlib.Path("embeddings", PROFILE, model, str(seed))
            (text,) = arrays.read(folder / f"{ZEROSHOT_SETS[0]}.npz", "text")
            vector = dict(zip([*good, *spelt, "un errore"], [*text, *text, *unit(np.ones((1, WIDTH)))], strict=True))
            embedded = {name: np.stack([vector[label] for label in labels]) for name, labels in sets.items()}
            arrays.write(folder / "labels.npz", templates=text, **embedded)


def write_classes(classes: int) -> None:
    """Nouns and colours of the zero-shot classes."""
    entries = [
        {"noun": CLASS_NOUNS[index // 3], "colour": COLOURS[index % 3], "label": f"classe {index}"} for index in range(classes)
    ]
    files.write_json(pathlib.Path("data", PROFILE, "raw/test/classes.json"), entries)


def write_runs() -> None:
    """The journals of every run and of the curves."""
    write_journals("italian_bert", "backbones", {0: []})
    for model in BASELINES:
        write_journals(model, "backbones" if model == "english_clip" else "baseline", {seed: [] for seed in seeds_of(model)})
    for arm, changes in synthetic_curves.ARMS.items():
        synthetic_curves.write(PROFILE, arm, changes, SEEDS, more=PARAMETERS)
    for arm, changes in synthetic_curves.CURVES.items():
        synthetic_curves.write(PROFILE, arm, changes, SEEDS, in_curves=True, more=PARAMETERS)


def write_journals(model: str, stage: str, curves: dict[int, list]) -> None:
    """The journals of all seeds of a stage, given the curves of each."""
    made = [journal.Journal(stage, model, seed, PARAMETERS, {}, {}, {}, rows) for seed, rows in curves.items()]
    journal.write(journal.path(PROFILE, model, stage), made)


def picture(index: int, level: str = "seen") -> np.ndarray:
    """A plain square whose colour depends on the index."""
    return np.full((24, 24, 3), np.random.default_rng([9, index]).integers(256, size=3), np.uint8)


def write_pictures(images: int) -> None:
    """The pictures of the retrieval sets, and six queries with their embeddings."""
    test = pathlib.Path("data", PROFILE, "raw/test")
    for test_set in RETRIEVAL_SETS:
        names = [f"{index:06}.png" for index in range(images)]
        said = [{"image_id": index // CAPTIONS, "caption": "parola " * (1 + index % 7)} for index in range(images * CAPTIONS)]
        content = {"images": [{"id": index, "file_name": name} for index, name in enumerate(names)], "annotations": said}
        files.write_json(test / test_set / "captions.json", content)
        with zipfile.ZipFile(test / test_set / "images.zip", "w") as archive:
            for index, name in enumerate(names):
                stream = io.BytesIO()
                Image.fromarray(picture(index, test_set.partition("-")[2])).save(stream, "PNG")
                archive.writestr(name, stream.getvalue())
    queries = [
        "un fiore giallo",
        "un fiore blu",
        "un gatto",
        "due gatti",
        "due cavalli marroni",
        "un gatto su una sedia",
    ]
    files.write_json(test / "gallery.json", [{"query": query, "true": [index, index + 6]} for index, query in enumerate(queries)])
    (image,) = arrays.read(pathlib.Path("embeddings", PROFILE, "full/0/retrieval-seen.npz"), "image")
    arrays.write(pathlib.Path("embeddings", PROFILE, "full/0/gallery.npz"), text=image[: len(queries)])


OWN = Example("own/foto/0000001", "own/foto", ["la nonna riservata in cucina"])  # of a source of the user's own


def write_pairs(pairs: int = 40, own: int = 0) -> None:
    """Training shards of four sources with augmented views, and the report of their curation; `own` more, white, are the user's."""
    sources = ("wit", "mscoco_it", "conceptual_captions", "il_post")
    examples = [
        Example(f"{index}", sources[index * 4 // pairs], [f"una figura numero {index} con una didascalia piuttosto lunga"])
        for index in range(pairs)
    ]
    pictures = np.stack([picture(index) for index in range(pairs)] + [np.full((24, 24, 3), 255, np.uint8)] * own)
    tokenizer = tokens.train_wordpiece([example.captions[0] for example in examples], 200)
    tokens.save(pathlib.Path("models", PROFILE, "backbones/0/italian_bert"), tokenizer)
    examples += [OWN] * own
    root = pathlib.Path("data", PROFILE, "shards")
    write_shards(root / "train", examples, pictures, len(examples))
    for view in range(ANALYSIS["sheet_views"]):
        write_shards(root / "views" / str(view), examples, pictures[:, 2:-2, view : view + 20], len(examples))
    entry = {
        "rows": {"read": 1213, "kept": 1100, "rejected": {"image missing": 100, "empty caption": 13}},
        "captions": {"read": 1213, "clean": 1113, "rejected": {"empty": 13}},
        "split": {"train": 1045, "valid": 55},
        "words_per_caption": {"mean": 7.23, "p50": 7},
    }
    sources += (OWN.source,) * bool(own)
    report = {"sources": {source: entry for source in sources}, "repeated_pairs": 12, "train": 4180, "valid": 220}
    files.write_json(pathlib.Path("reports", PROFILE, "curate.json"), report)
    came = {"asked": 1200, "got": 1110, "missing": {"gone from the web": 90}}
    whole = {"files": [{"name": "pictures.zip", "bytes": 10, "sha256": "0" * 64}]}
    got = dict.fromkeys(sources, came) | {sources[1]: whole}
    files.write_json(pathlib.Path("reports", PROFILE, "download.json"), {"kind": "drawn", "sources": got})


def write_scenes(images: int) -> None:
    """Scenes of the headline retrieval set: every third picture is a near miss of the one before it, in colour."""
    folder = pathlib.Path("data", PROFILE, "raw/test/retrieval-seen")
    box = (0.2, 0.2, 0.8, 0.8)
    scenes = [
        Scene(1, index - variant, (thing,), ((0,),), None, "meadow", 1.0, "flat", 0, variant=variant)
        for index in range(images)
        for variant in [int(index % 3 == 1)]
        for thing in [Thing("cat", COLOURS[variant], "medium", box)]
    ]
    (folder / "scenes.jsonl").write_text("".join(json.dumps(dataclasses.asdict(scene)) + "\n" for scene in scenes))


def write_contrasts(contrasts: int = 12) -> None:
    """Contrasts of a kind that all but the worst model can tell and of one that none can, and embeddings of words."""
    kinds = [("noun", ""), ("colour", ""), ("swap", ""), ("count_to_three", "2-3"), ("count_four", "3-4"), ("count_beyond", "5-6")]
    kinds += [("relation", "on-below"), ("left_right", ""), ("position", ""), ("size", "")]
    entries = [
        {"contrast": number, "kind": kind, "detail": detail, "true": f"{kind} {side}", "false": f"{kind} {1 - side}"}
        for number, (kind, detail) in enumerate(kind for kind in kinds for _ in range(contrasts))
        for side in (0, 1)
    ]
    files.write_json(pathlib.Path("data", PROFILE, "raw/test/contrasts/contrasts.json"), entries)
    words = associations.vocabulary(EVALUATION["errors"]["associations"])
    hard = np.array([entry["kind"] in HARD for entry in entries])
    for number, (model, noise) in enumerate(QUALITY.items()):
        for seed in seeds_of(model):
            draw = np.random.default_rng([31, number, seed])
            image, false = draw.normal(size=(2, len(entries), WIDTH))
            true = np.where(hard[:, None], draw.normal(size=image.shape), image + 2 * noise * draw.normal(size=image.shape))
            folder = pathlib.Path("embeddings", PROFILE, model, str(seed))
            arrays.write(folder / "contrasts.npz", image=unit(image), true=unit(true), false=unit(false))
            arrays.write(folder / "words.npz", text=unit(draw.normal(size=(len(words), WIDTH))))


def write_audit(images: int) -> None:
    """The report of an audit that found one picture, and let it pass."""
    nearest = {"training": "wit/0000007", "test": f"{RETRIEVAL_SETS[1]}/000002", "difference": 31}
    kinds = {"id": 0, "content": 0, "picture": 0, "mirrored picture": 0}
    counts = {"pictures": images, "captions": 0, "not_allowed": 0, "repeated_captions": 0}
    clean = counts | {"leaks": [], "kinds": kinds, "nearest": None}
    leak = {"training": "wit/0000001", "test": f"{RETRIEVAL_SETS[0]}/000003", "kind": "picture", "bits": 1, "difference": 4}
    tests = {test_set: clean for test_set in (*RETRIEVAL_SETS, *ZEROSHOT_SETS)}
    tests |= {test_set: clean | {"captions": CAPTIONS * images, "repeated_captions": 5} for test_set in RETRIEVAL_SETS}
    tests[RETRIEVAL_SETS[0]] |= {"leaks": [leak | {"allowed": "known"}], "kinds": kinds | {"picture": 1}}
    tests[RETRIEVAL_SETS[1]] |= {"nearest": nearest}
    report = {
        "duplicates": {"max_bits": 4, "max_cell_difference": 24},
        "training": {"train": 4180, "valid": 220, "english": 1000},
        "tests": tests,
        "allowances": [{"test": leak["test"], "reason": "known", "leaks": 1}],
    }
    files.write_json(pathlib.Path("reports", PROFILE, "audit.json"), report)


def write_domain() -> None:
    """What mCLIP finds, seed by seed, in a shop of six pictures, before and after it was fine-tuned."""
    names, right = [f"{n}" for n in range(6)], [frozenset({n}) for n in range(6)]
    asked = domain.Queries(csv_tables.TestSet(names, list(map(pathlib.Path, names)), right), np.arange(6) >= 4)
    settings = config.parse(EvaluationSettings, EVALUATION, PROFILE)
    lists = np.stack([np.roll(np.arange(6), 1 - n) for n in range(6)])  # of which each has its picture second
    better = np.stack([np.roll(np.arange(6), -n) for n in range(6)])
    found = {seed: domain.Rankings(lists, np.where(np.arange(6)[:, None] > seed, better, lists)) for seed in seeds_of("mclip")}
    languages = {language: domain.summarise(asked, found, settings, 2 * n) for n, language in enumerate(domain.LANGUAGES)}
    content = {"start": "mclip", "places": 6, "languages": languages}
    files.write_json(pathlib.Path("results", PROFILE, "domain.json"), content)
    write_journals("domain", "finetune", {seed: [] for seed in found})


def write_embeddings(images: int, classes: int) -> None:
    """All test sets and embeddings."""
    for stream, test_set in enumerate(RETRIEVAL_SETS):
        write_retrieval(test_set, images, stream)
    for stream, test_set in enumerate(ZEROSHOT_SETS, start=100):
        write_zeroshot(test_set, images, classes, stream)
    write_probe_pictures(classes, 100)
    write_labels(classes)


def write_all(images: int = 60, classes: int = 20) -> None:
    """Everything that the evaluations and the analysis read, below the working directory."""
    write_settings()
    write_embeddings(images, classes)
    write_runs()
    write_pictures(images)
    write_scenes(images)
    write_classes(classes)
    write_contrasts()
    write_pairs()
    write_audit(images)
    write_domain()
