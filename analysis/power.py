"""How many replicates a margin needs; `python -m analysis.power` prints the table of analysis/plan.md.

A replicate is a seed with its own backbones. The test is Student's t of paired differences of replicates, which leaves out what
the images vary: the numbers are the least that a study needs.
"""

MARGINS = (0.5, 1.0, 2.0)  # percentage points
DEVIATIONS = (0.4, 0.8, 1.2, 1.7)  # of paired replicate differences, in percentage points
ALPHA, POWER = 0.05, 0.8


def power(replicates: int, margin: float, deviation: float, alpha: float = ALPHA) -> float:
    """The probability that a two-sided t test over so many paired differences of mean `margin` rejects 0."""
    from scipy.stats import nct, t  # takes most of a second to import

    df, shift = replicates - 1, margin / deviation * replicates**0.5
    critical = t.ppf(1 - alpha / 2, df)
    return float(nct.sf(critical, df, shift) + nct.cdf(-critical, df, shift))


def replicates(margin: float, deviation: float, alpha: float = ALPHA, wanted: float = POWER) -> int:
    """The fewest replicates with which a difference of `margin` is found with that power."""
    count = 2
    while power(count, margin, deviation, alpha) < wanted:
        count += 1
    return count


def table() -> str:
    """The replicates needed, as Markdown: a row for each margin, a column for each standard deviation."""
    lines = ["| margin, points | " + " | ".join(f"SD {one}" for one in DEVIATIONS) + " |", "|---:|" + "---:|" * len(DEVIATIONS)]
    for margin in MARGINS:
        lines.append(f"| {margin:g} | " + " | ".join(str(replicates(margin, one)) for one in DEVIATIONS) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
