"""What is right of a wrong answer; table `mistakes`."""

from analysis import study as studies
from analysis import style, tables

COLUMNS = {
    "class right": ("naming", "all/both"),
    "noun alone": ("naming", "all/noun_alone"),
    "colour alone": ("naming", "all/colour_alone"),
    "neither": ("naming", "all/neither"),
    "true picture first": ("near_misses", "all/true"),
    "near miss first": ("near_misses", "all/near_miss"),
    "another first": ("near_misses", "all/elsewhere"),
}
NOTE = (
    "Percent. Left: what is right of the class that comes first, in zero-shot classification on {zeroshot}. Right: what comes "
    "first for the {queries} captions of those pictures of {retrieval} that have near misses or are one. Intervals: 95 % over "
    "seeds and pictures, or families of near misses."
)


def main() -> None:
    study = studies.load()
    rows = [
        tables.Row(
            style.label_of(model),
            [study.error(model, family, metric).as_json() for family, metric in COLUMNS.values()],
            study.run_key(model),
        )
        for model in study.results("errors")["models"]
    ]
    queries = study.results("errors")["groups"]["near_misses"]["all"]["queries"]
    note = NOTE.format(zeroshot=study.headline_zeroshot, retrieval=study.headline_retrieval, queries=queries)
    tables.write("mistakes", list(COLUMNS), rows, note)
