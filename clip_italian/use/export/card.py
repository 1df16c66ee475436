"""Model cards: metadata as the Hugging Face hub reads it, and the headings that its readers expect.

The text is the template `card.md`. Its code runs in the card's folder beside an image `gatto.jpg`. The difference of up to 8e-4 by
torchvision's resizing, which it mentions, is measured in tests/parity/test_exports.py.
"""

import pathlib
from typing import Any, NamedTuple

from clip_italian import files, paths, templates
from clip_italian.config import Settings
from clip_italian.evaluation.study import settings as evaluation
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.journal import Journal
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.use.export import hugging_face

EXAMPLES = ["un gatto", "un cane"]  # of a card without a study
IMAGE_TASK = "zero-shot-image-classification"
TEXT_LIBRARY = "sentence_transformers"
TAGS = ["clip", "vision", "image-text"]


class ExportSettings(Settings):
    """Section `export` of a profile: the exported model, and the facts of its card that no results file holds."""

    arm: str
    seed: int
    licence: str  # identifier of the weights' licence on the hub
    datasets: list[str]  # names for the card's metadata
    data: str  # the training data in a sentence
    limits: str  # in a sentence, how the training data limit the model's use
    hardware: str
    picture: str  # address of the card's example image; empty: the card has none
    texts: list[str]  # the card's examples
    language: str  # ISO 639-1 code of the texts, for the card's metadata


class Result(NamedTuple):
    """One measured number."""

    test_set: str
    images: int
    zeroshot: bool  # otherwise retrieval
    metric: str
    value: float  # of this model, as a share of 1
    mean: float  # over the seeds
    interval: tuple[float, float]  # of the mean, over seeds and images


class Facts(NamedTuple):
    """The known facts of a model; unknown ones are empty."""

    name: str
    licence: str
    about: ExportSettings | None = None
    confidence: float = 0.0  # of the intervals
    run_key: str = ""
    phases: tuple[Journal, ...] = ()
    pairs: tuple[tuple[str, int], ...] = ()  # training pairs of each source
    results: tuple[Result, ...] = ()
    language: str = "Italian"  # without a study CLIP-Italian's


def of_study(profile: str, about: ExportSettings, tests: EvaluationSettings) -> Facts:
    """The facts of a profile's model; raises InputError naming the results file or journal that is missing."""
    curated = files.read_json(paths.report(profile, "curate"))
    return Facts(
        name=f"clip-italian-{profile}",
        licence=about.licence,
        about=about,
        confidence=tests.confidence,
        run_key=evaluation.run_key(profile, about.arm, [about.seed]),
        phases=tuple(evaluation.run_journals(profile, about.arm, about.seed)),
        pairs=tuple((name, source["split"]["train"]) for name, source in sorted(curated["sources"].items())),
        results=tuple(results(profile, about, tests)),
        language=tests.language,
    )


def results(profile: str, about: ExportSettings, tests: EvaluationSettings) -> list[Result]:
    """The results at the declared endpoints, the primary ones first."""
    files_of = {name: files.read_json(paths.results(profile, name)) for name in ("retrieval", "zeroshot")}
    found = []
    for endpoint in dict.fromkeys(tests.primary_endpoints + tests.exploratory_endpoints):
        test_set, _, metric = endpoint.partition("/")
        zeroshot = test_set in tests.zeroshot_sets
        content = files_of["zeroshot" if zeroshot else "retrieval"]
        measured = content["models"][about.arm][test_set]
        value = measured["seeds"][str(about.seed)][metric]
        low, high = measured["interval"][metric]
        images = content["sets"][test_set]["images"]
        found.append(Result(test_set, images, zeroshot, metric, value, measured["mean"][metric], (low, high)))
    return found


def text(form: str, model: DualEncoderSettings, facts: Facts, home: pathlib.Path) -> str:
    """The card of a format's folder, which will lie at `home`."""
    return templates.render(
        "use/export/card.md",
        form=form,
        model=model,
        image=model.image,
        text=model.text,
        facts=facts,
        home=home,
        metadata=metadata(form, facts),
        texts_alone=form == TEXT_LIBRARY and bool(hugging_face.unlike_clip_italian(model)),
        examples=repr(facts.about.texts if facts.about else EXAMPLES),
        parameters=sorted({name for phase in facts.phases for name in phase.parameters}),
    )


def metadata(form: str, facts: Facts) -> str:
    """The YAML at the head of the card."""
    import huggingface_hub  # here: takes a second

    about, of_texts = facts.about, form == TEXT_LIBRARY
    more: dict[str, Any] = {}
    if about:
        images = [{"src": about.picture, "candidate_labels": ", ".join(about.texts)}] if about.picture else []
        widget = [{"source_sentence": about.texts[0], "sentences": about.texts[1:]}] if of_texts else images
        more = {"datasets": about.datasets, "widget": widget}
    data = huggingface_hub.ModelCardData(
        language=about.language if about else "it",
        license=facts.licence,
        library_name=form.replace("_", "-") if of_texts else form,  # as the hub calls it
        tags=[*TAGS, facts.language.lower()],
        pipeline_tag="sentence-similarity" if of_texts else IMAGE_TASK,
        model_name=facts.name,
        eval_results=[evaluated(result, facts.confidence) for result in facts.results] or None,
        **{name: value for name, value in more.items() if value},
    )
    return data.to_yaml()


def evaluated(result: Result, confidence: float) -> Any:
    """A result in the form of the hub's model index."""
    import huggingface_hub

    return huggingface_hub.EvalResult(
        task_type=IMAGE_TASK if result.zeroshot else "image-text-retrieval",
        dataset_type=result.test_set,
        dataset_name=result.test_set,
        metric_type=result.metric,
        metric_value=result.value,
        metric_name=result.metric,
        metric_args={"mean_over_seeds": result.mean, "interval": list(result.interval), "confidence": confidence},
    )
