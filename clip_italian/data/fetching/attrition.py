"""What was asked for, what came, and why the rest did not."""

import dataclasses
from collections import Counter
from collections.abc import Iterable
from typing import Any

from clip_italian.data.fetching.answers import Answer


@dataclasses.dataclass(frozen=True)
class Attrition:
    """The counts of one source."""

    asked: int  # different addresses
    repeated: int  # wanted again after that
    got: int
    bytes: int
    missing: dict[str, int]  # by reason (reasons.py)

    @property
    def share(self) -> float:
        """Of the addresses, those that gave a picture; 1 where none was asked."""
        return self.got / self.asked if self.asked else 1.0

    def as_dict(self) -> dict[str, Any]:
        """For reports, as JSON has it."""
        return dataclasses.asdict(self)


def count(answers: Iterable[Answer], repeated: int) -> Attrition:
    """The attrition that answers show."""
    got = size = 0
    missing: Counter[str] = Counter()
    for answer in answers:
        if answer.reason is None:
            got += 1
            size += answer.size
        else:
            missing[answer.reason.value] += 1
    return Attrition(got + missing.total(), repeated, got, size, dict(sorted(missing.items())))
