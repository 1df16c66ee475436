"""A multilingual model fine-tuned on the drawn shop, every seed, before and after: results/<profile>/domain.json.

What the queries find is in reports/<profile>/domain, a page for each language, of the first seed.
"""

import pathlib
import shutil

import numpy as np

from clip_italian import config, files, journal, paths
from clip_italian.checkpoints import loading
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.use.finetuning import domain, measuring, report, running, runs
from clip_italian.use.finetuning.domain import DomainSettings, Queries, Rankings
from pipeline import cells, outputs


def main() -> None:
    params, settings = config.params(), config.section(DomainSettings, "domain")
    if not domain.is_drawn(shop()):
        _write_nothing(params.profile, settings)
        return
    pieces = []
    for seed in params.seeds:
        chosen = settings.finetuning(seed).model_dump() | {"places": settings.places}
        pieces.append(cells.Cell("domain", str(seed), (), chosen, (start(seed), shop())))
    finished = cells.run(pieces, processes=len(pieces), threads=outputs.threads().cell_threads)
    cells.publish(finished, running.MODEL, models())
    cells.publish_journals(finished, journals())
    _evaluate(settings, params.profile, finished)


def _write_nothing(profile: str, settings: DomainSettings) -> None:
    journal.write(journals(), [])
    for folder in (models(), reports()):
        with files.replacing_folder(folder) as made:
            files.write_text(made / "none.md", "This profile draws no shop.\n")
    domain.write(profile, settings, {})


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    queries = shop() / f"queries-{domain.LANGUAGES[0]}.csv"  # measured at every validation, for the curves
    tables = {"data": shop() / "train.csv", "valid": shop() / "valid.csv", "queries": queries, "gallery": None}
    settings = config.section(DomainSettings, "domain")
    folder = runs.begin("domain", runs.request(str(start(int(name))), None, tables, False, settings.finetuning(int(name))), state)
    running.run(folder)
    shutil.copytree(folder / running.MODEL, out / running.MODEL)
    shutil.copy(folder / journal.FILE, out / journal.FILE)
    before, after = loading.load(start(int(name))), loading.load(out / running.MODEL)
    for language in domain.LANGUAGES:
        found = domain.rank(before, after, domain.queries(shop(), language), settings.places)
        np.savez(out / f"{language}.npz", allow_pickle=False, **found._asdict())


def start(seed: int) -> pathlib.Path:
    """The model that a seed starts from."""
    return paths.tuned(config.params().profile, config.section(DomainSettings, "domain").start) / str(seed)


def shop() -> pathlib.Path:
    """The folder of the shop's files."""
    return paths.shop(config.params().profile)


def models() -> pathlib.Path:
    """Where each seed's fine-tuned model is kept."""
    return paths.domain(config.params().profile)


def journals() -> pathlib.Path:
    """Where the journals of all seeds are kept."""
    return journal.path(config.params().profile, "domain", "finetune")


def reports() -> pathlib.Path:
    """Where the pages are kept."""
    return paths.domain_pages(config.params().profile)


def _evaluate(settings: DomainSettings, profile: str, finished: dict[str, pathlib.Path]) -> None:
    evaluation, results = config.section(EvaluationSettings, "evaluation"), {}
    with files.replacing_folder(reports()) as pages:
        for index, language in enumerate(domain.LANGUAGES):
            queries = domain.queries(shop(), language)
            found = {int(seed): _read(output / f"{language}.npz") for seed, output in finished.items()}
            results[language] = domain.summarise(queries, found, evaluation, 2 * index)
            seed = next(iter(found))
            files.write_text(pages / f"{language}.html", _page(settings, language, queries, seed, found[seed]))
    domain.write(profile, settings, results)


def _read(path: pathlib.Path) -> Rankings:
    with np.load(path) as arrays:
        return Rankings(**arrays)


def _page(settings: DomainSettings, language: str, queries: Queries, seed: int, found: Rankings) -> str:
    chosen = settings.finetuning(seed)
    numbers = measuring.compared(queries.test, found, chosen)
    notes = [f"{settings.start}, seed {seed}, before and after fine-tuning on the drawn shop; k = {settings.places}."]
    return report.page(f"shop, {language}", numbers, notes, queries.test, found, chosen.shown)
