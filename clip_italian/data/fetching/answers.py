"""What is wanted of the web, and what it answered."""

import dataclasses
import hashlib

from clip_italian.data.fetching.reasons import Reason


@dataclasses.dataclass(frozen=True)
class Wanted:
    """A picture of the web, and the name that it gets in the archive."""

    address: str
    name: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """What an address gave: a picture of so many bytes, or the reason why there is none."""

    address: str
    name: str
    size: int = 0  # bytes
    sha256: str = ""
    reason: Reason | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.address, self.name)

    def holds(self, content: bytes) -> bool:
        """Whether these are the picture's bytes, unchanged."""
        return self.reason is not None or hashlib.sha256(content).hexdigest() == self.sha256

    def as_dict(self) -> dict[str, object]:
        """As JSON has it."""
        about = {"bytes": self.size, "sha256": self.sha256} if self.reason is None else {"reason": self.reason.value}
        return {"address": self.address, "name": self.name, **about}


def answer_of(entry: dict[str, object]) -> Answer:
    """The answer that `as_dict` gave; raises KeyError, TypeError or ValueError for anything else."""
    address, name = entry["address"], entry["name"]
    if not isinstance(address, str) or not isinstance(name, str):
        raise TypeError("an address and a name")
    if "reason" in entry:
        return Answer(address, name, reason=Reason(str(entry["reason"])))
    size, sha256 = entry["bytes"], entry["sha256"]
    if not isinstance(size, int) or not isinstance(sha256, str) or size < 0:
        raise TypeError("a size and a hash")
    return Answer(address, name, size, sha256)


def came(wanted: Wanted, content: bytes) -> Answer:
    """The answer of a picture that was got."""
    return Answer(wanted.address, wanted.name, len(content), hashlib.sha256(content).hexdigest())
