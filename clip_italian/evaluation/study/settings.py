"""The section `evaluation` of a profile, and the grid of models and seeds that every evaluation walks."""

from typing import Literal

import pydantic

from clip_italian import journal
from clip_italian.config import Params, Settings
from clip_italian.errors import InputError
from clip_italian.journal import Journal

ONLY_SEED = 0  # where a model that has no seeds of its own keeps its embeddings
PROTOCOL = "protocol.json"  # in the folder of a test set that is evaluated under a published protocol
PROBE_SETS = ("probe-train", "probe-valid")  # images that linear probes learn from, and that their weight decay is chosen on
GOOD = "good"  # the label set that all others are compared with
TEMPLATES = "templates"  # the condition of good labels in an ensemble of templates rather than alone
BACKBONES = "backbones"  # the stage of the models that are trained or imported before the study's own
PHASES = ("pretrain", "finetune", "baseline", BACKBONES)  # whose journals make up a run; the last of a backbone tested as it is


class ErrorSettings(Settings):
    """Key `errors`: settings of the error analysis."""

    drawn: bool  # whether the test sets are of the drawn world, whose truth tells in what an image differs
    caption_lengths: list[pydantic.PositiveInt] = pydantic.Field(min_length=1)  # words: the longest caption of each class, rising
    associations: list[str]  # lists of words in clip_italian/evaluation/study/associations/


class EvaluationSettings(Settings):
    """How ranks are counted, and how intervals and tests are made from them."""

    language: str  # of the test sets, by its English name, as the paper and the cards call it
    retrieval_sets: list[str] = pydantic.Field(min_length=1)  # the first is the headline
    zeroshot_sets: list[str] = pydantic.Field(min_length=1)  # the first is the headline
    templates: list[str] = pydantic.Field(min_length=1)  # `{}` stands for a class's label with its article
    block: int = pydantic.Field(gt=0)  # queries scored at once; bounds memory, changes no number
    label_conditions: list[str]  # label sets of raw/test/labels.json, or `templates`, each compared with the set `good`
    retrieval_cutoffs: list[pydantic.PositiveInt]  # k of MRR@k and recall@k
    accuracy_cutoffs: list[pydantic.PositiveInt]  # k of acc@k
    single_seed: list[str]  # models without seeds of their own, stored under seed 0
    english_queries: list[str]  # models that are asked in English: each query's translation
    seed: int  # of the resamples and permutations
    resamples: int = pydantic.Field(gt=0)  # of the bootstrap
    permutations: int = pydantic.Field(gt=0)  # of the association tests
    confidence: float = pydantic.Field(gt=0, lt=1)  # of the intervals
    smallest_effect: float = pydantic.Field(ge=0)  # percentage points; what is smaller is of no interest
    primary_pairs: list[list[str]]  # [first, second]: the family that analysis/plan.md declares
    primary_endpoints: list[str]  # set/metric
    exploratory_pairs: list[list[str]]  # beside the first primary model against every other
    exploratory_endpoints: list[str]
    errors: ErrorSettings

    @property
    def relevance(self) -> str:
        """What the headline of retrieval counts: a caption's own image (`own`), or any that it is true of (`any`)."""
        return self.primary_endpoints[0].split("/")[2]


class PublishedSet(Settings):
    """One test set."""

    name: str = pydantic.Field(pattern=r"[a-z0-9-]+")
    protocol: str  # of clip_italian/evaluation/published/protocols/
    language: str | None  # null: the protocol's usual one
    folders: list[str] = pydantic.Field(min_length=1)  # of publishers; the protocol sees their contents as one folder


class ProbePictures(Settings):
    """The training images of linear probes: images of a zero-shot set's classes that are not in the set itself."""

    of: str | None  # the zero-shot set; null: nothing is prepared
    folder: str  # of a folder for each class, named as the zero-shot set names them; below the publishers' folder
    train: pydantic.NonNegativeInt  # images of each class
    valid: pydantic.NonNegativeInt  # of each class, on which the probes' weight decay is chosen
    seed: int  # of the choice among the images of a class


class HeldOutSettings(Settings):
    """Section `tests` of a profile."""

    counts: Literal["published", "any"]  # whether a publisher's files must be as many as its protocol says
    sets: list[PublishedSet]
    queries: list[str]  # of the gallery
    probes: ProbePictures


def grid(params: Params, single_seed: list[str]) -> dict[str, list[int]]:
    """The seeds of every model, arms first; a model without seeds of its own has seed 0 alone."""
    models = [*params.arms, *params.baselines]
    return {model: [ONLY_SEED] if model in single_seed else params.seeds for model in models}


def asked_in_italian(params: Params, settings: EvaluationSettings) -> dict[str, list[int]]:
    """Those of the grid that see Italian texts as they are."""
    everyone = grid(params, settings.single_seed)
    return {model: seeds for model, seeds in everyone.items() if model not in settings.english_queries}


def run_journals(profile: str, model: str, seed: int) -> list[Journal]:
    """The journals of one run, in the order of its phases; raises InputError when it has none."""
    paths = [journal.path(profile, model, phase) for phase in PHASES]
    written = [one for path in paths if path.exists() for one in journal.read(path)]
    shared = [one.stage for one in written].count(BACKBONES) == 1  # imported backbones: one journal, which serves all seeds
    found = [one for one in written if one.seed == seed or (shared and one.stage == BACKBONES)]
    if not found:
        raise InputError(f"{paths[1]}: no journal of {model}, seed {seed}; run `dvc repro` to make it")
    return found


def run_key(profile: str, model: str, seeds: list[int]) -> str:
    """The printed key of a model's run (one seed) or of its runs (several)."""
    return journal.key(*(one for seed in seeds for one in run_journals(profile, model, seed)))[: journal.KEY_LENGTH]
