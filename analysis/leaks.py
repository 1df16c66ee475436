"""Which test pictures are among those that models train on: table `leaks`."""

from analysis import study as studies
from analysis import tables
from clip_italian import files, paths

# Columns in the order of leakage.KINDS, from the surest down.
KINDS = {"id": "name", "content": "file", "picture": "look", "mirrored picture": "mirrored"}
COLUMNS = ["pictures", *KINDS.values(), "nearest", "repeated"]


def row(test_set: str, report: dict) -> tables.Row:
    """One test set of the audit's report."""
    counts = [f"{count:,}" for count in (report["pictures"], *(report["kinds"][kind] for kind in KINDS))]
    nearest = report["nearest"]["difference"] if report["nearest"] else "–"
    repeated = f"{studies.points(report['repeated_captions'] / report['captions'])} %" if report["captions"] else "–"
    return tables.Row(test_set, [tables.cell(one) for one in (*counts, nearest, repeated)])


def note(report: dict) -> str:
    """What was compared, and why leaks were allowed."""
    training = sum(report["training"].values())
    allowed = "".join(f" Allowed in {one['test']} ({one['leaks']:,}): {one['reason']}." for one in report["allowances"])
    return (
        f"Matches of test pictures among {training:,} training pictures, by what gave them away; levels by which the nearest "
        f"picture that is no match differs; share of the captions that repeat a training caption.{allowed}"
    )


def main() -> None:
    study = studies.load()
    report = files.read_json(paths.report(study.profile, "audit"))
    order = [*study.evaluation.retrieval_sets, *study.evaluation.zeroshot_sets]
    sets = sorted(report["tests"], key=lambda name: order.index(name) if name in order else len(order))
    tables.write("leaks", COLUMNS, [row(test_set, report["tests"][test_set]) for test_set in sets], note(report))
