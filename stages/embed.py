"""Every model's embeddings of every test set, of each seed; the evaluations read them and import no tower."""

import pathlib

from clip_italian import config, paths
from clip_italian.checkpoints import assembly
from clip_italian.data.translation.engines import Translations
from clip_italian.evaluation.study import associations, embed
from clip_italian.evaluation.study.settings import EvaluationSettings
from pipeline import cells, outputs

OUTPUT = "embeddings"


def main() -> None:
    params, profile = config.params(), config.params().profile
    shards = paths.shards(profile)
    tests = config.section(EvaluationSettings, "evaluation")
    inputs = (paths.raw(profile) / "test", shards / "tests", shards / "probe", paths.translated(profile))
    words = associations.vocabulary(tests.errors.associations)
    models = []
    for model in [*params.arms, *params.baselines]:
        settings = tests.model_dump() | {"words": words, "seeds": seeds(model, tests), "probed": model in params.probed}
        models.append(cells.Cell("embed", model, (), settings, (paths.tuned(profile, model), *inputs)))
    finished = cells.run(models, processes=2, threads=outputs.threads().cell_threads)
    cells.publish(finished, OUTPUT, paths.embeddings(profile))


def seeds(model: str, tests: EvaluationSettings) -> list[int]:
    """Those that a model has."""
    return [0] if model in tests.single_seed else config.params().seeds


def cell(name: str, state: pathlib.Path, out: pathlib.Path) -> None:
    """Embeds a model, which takes seconds a seed: nothing of it is kept in `state`."""
    params, tests = config.params(), config.section(EvaluationSettings, "evaluation")
    data = paths.data(params.profile)
    words = associations.vocabulary(tests.errors.associations)
    for seed in seeds(name, tests):
        folder, model = out / OUTPUT / str(seed), assembly.load(paths.tuned(params.profile, name) / str(seed))
        if name in tests.english_queries:
            model = model.translated(Translations(paths.translated(params.profile) / "translations.tsv"))
        embed.write_tests(folder, model, data, tests.retrieval_sets, tests.zeroshot_sets, tests.templates)
        if name not in tests.english_queries:
            embed.write_labels(folder, model, data, tests.label_conditions)
            embed.write_errors(folder, model, data, tests.errors.drawn, words)
        if name in params.probed:
            embed.write_probes(folder, model, data)
