"""Whether words of one kind lie nearer to one of two others: the word-embedding association test, in Italian.

Caliskan, Bryson & Narayanan (Science 356, 2017): of two sets of target words X and Y and two of attributes A and B, a word's
association is its mean cosine with A less that with B; the effect is the difference of the means over X and over Y in standard
deviations over both. Lauscher & Glavaš (*SEM 2019, XWEAT) carried the tests over to Italian. The lists are files of
`associations/`, each with its source. Words go in one by one, without a sentence around them.

A test finds what the vectors hold, whatever put it there, grammatical gender too; that it finds nothing does not clear a model.
"""

import dataclasses
import difflib
import functools
import itertools
import math
import pathlib
from collections.abc import Sequence

import numpy as np
import pydantic
from jaxtyping import Bool, Float, Int

from clip_italian import config
from clip_italian.config import Settings
from clip_italian.errors import InputError

FOLDER = pathlib.Path(__file__).parent / "associations"
Words = dict[str, list[str]]


class Association(Settings):
    """One file: two sets of target words, equally many, and two of attributes, each under its name."""

    source: str = pydantic.Field(min_length=1)
    targets: Words = pydantic.Field(min_length=2, max_length=2)
    attributes: Words = pydantic.Field(min_length=2, max_length=2)

    @property
    def words(self) -> list[str]:
        """All words: first targets, second targets, first attributes, second attributes."""
        return [word for kind in (self.targets, self.attributes) for several in kind.values() for word in several]


@dataclasses.dataclass(frozen=True)
class Found:
    """An effect of at most 2 either way (positive: X with A, Y with B), and how often chance does as much."""

    effect: float
    p: float  # one-sided, as published: partitions of the targets whose difference is at least this one
    p_two_sided: float


def names() -> list[str]:
    """Returns the names of the library's own lists, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Association:
    """The lists of that name, or of the file of that path.

    Raises InputError for a name that is not known, and for lists that are no test.
    """
    path = pathlib.Path(name) if name.endswith(".yaml") else FOLDER / f"{name}.yaml"
    if not path.is_file():
        near = difflib.get_close_matches(name, names(), n=1)
        remedy = f"did you mean `{near[0]}`?" if near else f"known lists: {', '.join(names())}; or give the path of a .yaml file"
        raise InputError(f"association `{name}` is not known; {remedy}")
    lists = config.parse(Association, config.read_yaml(path), str(path))
    sizes = [len(words) for words in lists.targets.values()]
    if len(set(sizes)) > 1 or not all([*sizes, *map(len, lists.attributes.values())]):
        raise InputError(f"{path}: the two `targets` need equally many words, and no list may be empty; correct the lists")
    return lists


def vocabulary(chosen: Sequence[str]) -> list[str]:
    """The different words of several lists, sorted."""
    return sorted({word for name in chosen for word in load(name).words})


def measure(lists: Association, words: Sequence[str], vectors: Float[np.ndarray, "n d"], permutations: int, seed: int) -> Found:
    """The test, on unit vectors of at least the lists' words.

    All equal partitions of the targets are used if there are at most `permutations`; otherwise `permutations` random ones.
    """
    place = {word: number for number, word in enumerate(words)}
    (x, y), (a, b) = (
        [vectors[[place[word] for word in several]] for several in kind.values()] for kind in (lists.targets, lists.attributes)
    )
    both = np.concatenate([x, y]).astype(np.float64)
    return permuted((both @ a.T).mean(axis=1) - (both @ b.T).mean(axis=1), permutations, seed)


def permuted(associations: Float[np.ndarray, " targets"], permutations: int, seed: int) -> Found:
    """The test on the associations of the target words, those of X first. Words that are all alike have effect 0 and p 1."""
    half, spread = len(associations) // 2, associations.std()
    if not spread > 1e-12:
        return Found(0.0, 1.0, 1.0)
    observed = associations[:half].mean() - associations[half:].mean()
    exact = math.comb(2 * half, half) <= permutations
    in_x = _all(2 * half) if exact else _some(2 * half, permutations, seed)
    differences = (2 * (in_x @ associations) - associations.sum()) / half
    margin = 1e-12 * spread  # sums in another order differ in their last bits
    counts = np.array([(differences >= observed - margin).sum(), (np.abs(differences) >= abs(observed) - margin).sum()])
    one, two = counts / len(in_x) if exact else (counts + 1) / (len(in_x) + 1)
    return Found(float(observed / spread), float(one), float(two))


@functools.lru_cache(maxsize=8)  # every model and seed meets the same partitions
def _all(size: int) -> Bool[np.ndarray, "partitions size"]:
    """Every way to take half of the words."""
    return _taken(list(itertools.combinations(range(size), size // 2)), size)


@functools.lru_cache(maxsize=8)
def _some(size: int, count: int, seed: int) -> Bool[np.ndarray, "partitions size"]:
    rng = np.random.default_rng([seed, 5])
    return _taken([rng.permutation(size)[: size // 2] for _ in range(count)], size)


def _taken(chosen: Sequence[Sequence[int] | Int[np.ndarray, " half"]], size: int) -> Bool[np.ndarray, "partitions size"]:
    result = np.zeros((len(chosen), size), bool)
    result[np.arange(len(chosen))[:, None], np.array(chosen)] = True
    return result
