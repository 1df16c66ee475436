"""Where everything lies that the study reads and writes, below the folder in which it runs; nothing else names these folders."""

from pathlib import Path

PARAMS, PROFILES = Path("params.yaml"), Path("profiles")
CODE = Path("reports/code")  # a listing of what each stage imports
FIGURES, TABLES = Path("paper/figures"), Path("paper/tables")
PAPER, PDF = Path("paper/paper.typ"), Path("paper/paper.pdf")
RUNS_PAGE, NUMBERS_PAGE = Path("site/runs.html"), Path("site/numbers.html")
DEMO = Path("demo")  # what ships
SHARED = "shared"  # the folder of the backbones that all seeds start from


# --- Data ---------------------------------------------------------------------------------------------------------------
def data(profile: str) -> Path:
    return Path("data", profile)


def raw(profile: str) -> Path:
    """The sources in their publishers' formats, a folder each."""
    return data(profile) / "raw"


def test_set(profile: str, name: str) -> Path:
    """The raw files of a test set."""
    return raw(profile) / "test" / name


def probes(profile: str) -> Path:
    """The training images of the linear probes."""
    return raw(profile) / "probe"


def translated(profile: str) -> Path:
    return data(profile) / "translated"


def pairs(profile: str) -> Path:
    return data(profile) / "pairs"


def shards(profile: str) -> Path:
    """Decoded images, a folder for each split."""
    return data(profile) / "shards"


def features(profile: str, backbones: str) -> Path:
    """The features that a folder of `backbones` gives the training pairs."""
    return data(profile) / "features" / backbones


def shop(profile: str) -> Path:
    return data(profile) / "shop"


# --- Models -------------------------------------------------------------------------------------------------------------
def imported(profile: str) -> Path:
    """Other people's towers; empty where both backbones are trained."""
    return Path("models", profile, "imported")


def backbones(profile: str) -> Path:
    """A folder for each seed's two backbones, or one for all seeds."""
    return Path("models", profile, "backbones")


def backbones_of(profile: str, seed: int) -> Path:
    """The backbones that a seed starts from: its own, or the shared ones, which were imported."""
    shared = backbones(profile) / SHARED
    return shared if shared.exists() else backbones(profile) / str(seed)


def frozen(profile: str, arm: str) -> Path:
    """The models after an arm's frozen phase, a folder for each seed."""
    return Path("models", profile, "frozen", arm)


def tuned(profile: str, model: str) -> Path:
    """An arm or a baseline, a folder for each seed."""
    return Path("models", profile, "tuned", model)


def domain(profile: str) -> Path:
    """The models fine-tuned on the shop, a folder for each seed."""
    return Path("models", profile, "domain")


def exported(profile: str) -> Path:
    """The proposed model, a folder for each library."""
    return Path("models", profile, "export")


# --- Results ------------------------------------------------------------------------------------------------------------
def embeddings(profile: str) -> Path:
    return Path("embeddings", profile)


def embedded(profile: str, model: str, seed: int, test_set: str) -> Path:
    """A model's embeddings of a test set."""
    return embeddings(profile) / model / str(seed) / f"{test_set}.npz"


def results(profile: str, name: str) -> Path:
    return Path("results", profile, f"{name}.json")


def items(profile: str, protocol: str) -> Path:
    """The results of single items, such as ranks."""
    return Path("results", profile, "items", protocol)


def ranks(profile: str, protocol: str, model: str, seed: int, test_set: str) -> Path:
    """The ranks of single items; `protocol` is retrieval, zeroshot or probe."""
    return items(profile, protocol) / f"{model}-{seed}-{test_set}.npz"


def runs(profile: str) -> Path:
    """The journals of training, a folder for each model."""
    return Path("runs", profile)


def curves(profile: str) -> Path:
    """The journals of the arms of the curves, a file for each."""
    return runs(profile) / "curves"


def provenance(profile: str, name: str) -> Path:
    """When, where and how a stage ran."""
    return Path("provenance", profile, f"{name}.json")


def report(profile: str, stage: str) -> Path:
    """A stage's report on the data."""
    return Path("reports", profile, f"{stage}.json")


def domain_pages(profile: str) -> Path:
    """Pages with the results of each query before and after fine-tuning on the shop."""
    return Path("reports", profile, "domain")
