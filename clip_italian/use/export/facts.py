"""What a model card says of a model beyond its architecture: read from the study's results, journals and profile."""
import pathlib
from typing import NamedTuple

from clip_italian import files, journal
from clip_italian.config import Settings
from clip_italian.evaluation import settings as evaluation
from clip_italian.evaluation.settings import EvaluationSettings
from clip_italian.evaluation.summary import results_path
from clip_italian.journal import Journal


class ExportSettings(Settings):
    """Section `export` of a profile."""

    arm: str  # that is exported
    seed: int
    licence: str  # identifier of the weights' licence on the hub
    datasets: list[str]  # names for the card's metadata
    data: str  # the training data in a sentence
    limits: str  # what the training data mean for the use, in a sentence
    hardware: str
    picture: str  # address of the card's example picture; empty: the card has none
    texts: list[str]  # the card's examples
    language: str  # ISO 639-1 code of the texts, for the card's metadata


class Result(NamedTuple):
    """One measured number."""

    test_set: str
    pictures: int
    zeroshot: bool  # otherwise retrieval
    metric: str
    value: float  # of this model, as a share of 1
    mean: float  # over the seeds
    interval: tuple[float, float]  # of the mean, over seeds and pictures


class Facts(NamedTuple):
    """What is known of a model; what is not is empty."""

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
    curated = files.read_json(pathlib.Path("reports", profile, "curate.json"))
    return Facts(
        name=f"clip-italian-{profile}",
        licence=about.licence,
        about=about,
        confidence=tests.confidence,
        run_key=evaluation.run_key(profile, about.arm, [about.seed]),
        phases=tuple(journal.read(folder) for folder in evaluation.run_folders(profile, about.arm, about.seed)),
        pairs=tuple((name, source["split"]["train"]) for name, source in sorted(curated["sources"].items())),
        results=tuple(results(profile, about, tests)),
        language=tests.language,
    )


def results(profile: str, about: ExportSettings, tests: EvaluationSettings) -> list[Result]:
    """The declared endpoints, the primary ones first."""
    files_of = {name: files.read_json(results_path(profile, name)) for name in ("retrieval", "zeroshot")}
    found = []
    for endpoint in dict.fromkeys(tests.primary_endpoints + tests.exploratory_endpoints):
        test_set, _, metric = endpoint.partition("/")
        zeroshot = test_set in tests.zeroshot_sets
        content = files_of["zeroshot" if zeroshot else "retrieval"]
        measured = content["models"][about.arm][test_set]
        value = measured["seeds"][str(about.seed)][metric]
        low, high = measured["interval"][metric]
        pictures = content["sets"][test_set]["images"]
        found.append(Result(test_set, pictures, zeroshot, metric, value, measured["mean"][metric], (low, high)))
    return found
