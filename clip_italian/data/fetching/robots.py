"""robots.txt as RFC 9309 reads it: the longest rule wins, `*` and `$` are patterns, groups of one name are one.

Python's own urllib.robotparser knows neither patterns nor the longest rule.
"""

import dataclasses
import re
import urllib.parse

UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
LINE = re.compile(r"\s*(?P<key>[A-Za-z-]+)\s*:\s*(?P<value>[^#]*)")
NOT_NAME = re.compile(r"[^A-Za-z_-]")


@dataclasses.dataclass(frozen=True)
class Rule:
    """A pattern of paths, and whether they may be asked for."""

    pattern: str
    allows: bool

    def matches(self, path: str) -> bool:
        """Whether the pattern covers `path`, in time proportional to both."""
        pattern, ends = self.pattern.removesuffix("$"), self.pattern.endswith("$")
        first, *rest = pattern.split("*")
        if not path.startswith(first):
            return False
        if not rest:
            return not ends or path == first
        at = len(first)
        for piece in rest[:-1]:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        last = rest[-1]
        return (path.endswith(last) and len(path) - len(last) >= at) if ends else path.find(last, at) >= 0


@dataclasses.dataclass(frozen=True)
class Rules:
    """What one robots.txt says to one crawler."""

    rules: tuple[Rule, ...]

    def allow(self, target: str) -> bool:
        """Whether a path with its query may be asked for."""
        if not self.rules:
            return True
        path = _normal(target)
        matching = [rule for rule in self.rules if rule.matches(path)]
        # RFC 9309, 2.2.2: the most octets; of equal ones the one that allows.
        return max(matching, key=lambda rule: (len(rule.pattern), rule.allows)).allows if matching else True


def parse(content: bytes, product: str) -> Rules:
    """The rules for `product`, or those for `*` where nothing names it; whatever is no rule is passed over."""
    groups: dict[str, list[Rule]] = {}
    names: list[str] = []
    in_rules = False
    for line in re.split(r"[\r\n]+", content.decode(errors="replace").removeprefix("\ufeff")):
        found = LINE.match(line)
        key, value = (found["key"].lower(), found["value"].strip()) if found else ("", "")
        if key == "user-agent":
            names = [*([] if in_rules else names), "*" if value.startswith("*") else NOT_NAME.split(value, maxsplit=1)[0].lower()]
            in_rules = False
            groups.setdefault(names[-1], [])
        elif key in ("allow", "disallow"):
            in_rules = True
            for name in names if value else ():
                groups[name].append(Rule(_normal(value), key == "allow"))
    return Rules(tuple(groups.get(product.lower(), groups.get("*", []))))


def _normal(path: str) -> str:
    """The path with one spelling of every octet (RFC 9309, 2.2.2): what need not be escaped is not, everything else is."""

    def octet(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if character in UNRESERVED else found[0].upper()

    return re.sub(r"%([0-9a-fA-F]{2})", octet, urllib.parse.quote(path, safe="%/?#[]@!$&'()*+,;=:~"))
