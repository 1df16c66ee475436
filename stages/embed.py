"""Each seed's embeddings of every test set; the evaluations read them and import no tower."""
import pathlib

from clip_italian import config, files
from clip_italian.evaluation import associations
from clip_italian.evaluation.settings import EvaluationSettings
from clip_italian.models import assembly, embedding, probes


def main(model: str) -> None:
    params = config.params()
    tests = config.section(EvaluationSettings, "evaluation")
    data = pathlib.Path("data", params.profile)
    seeds = [0] if model in tests.single_seed else params.seeds
    with files.replacing_folder(pathlib.Path("embeddings", params.profile, model)) as folder:
        for seed in seeds:
            loaded = assembly.load(pathlib.Path("models", params.profile, "tuned", model, str(seed)))
            embedding.write(folder / str(seed), loaded, data, tests.retrieval_sets, tests.zeroshot_sets, tests.templates)
            probes.write(folder / str(seed), loaded, data, tests.errors.drawn, associations.vocabulary(tests.errors.associations))
