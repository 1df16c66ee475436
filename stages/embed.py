"""Each seed's embeddings of every test set; the evaluations read them and import no tower."""
import pathlib

from clip_italian import config, files
from clip_italian.data.parallel import Translations
from clip_italian.evaluation import associations
from clip_italian.evaluation.settings import EvaluationSettings
from clip_italian.models import assembly, embedding, label_embedding, probe_embedding, probes
from clip_italian.models.embedding import Embedder


def main(model: str) -> None:
    params = config.params()
    tests = config.section(EvaluationSettings, "evaluation")
    data = pathlib.Path("data", params.profile)
    seeds = [0] if model in tests.single_seed else params.seeds
    translate = Translations(data / "translated/translations.tsv") if model in tests.english_queries else list
    words = associations.vocabulary(tests.errors.associations)
    with files.replacing_folder(pathlib.Path("embeddings", params.profile, model)) as folder:
        for seed in seeds:
            loaded = assembly.load(pathlib.Path("models", params.profile, "tuned", model, str(seed)))
            embedder = Embedder(loaded, translate)
            embedding.write(folder / str(seed), embedder, data, tests.retrieval_sets, tests.zeroshot_sets, tests.templates)
            if model not in tests.english_queries:
                label_embedding.write(folder / str(seed), embedder, data, tests.label_conditions)
                probes.write(folder / str(seed), embedder, data, tests.errors.drawn, words)
            if model in params.probed:
                probe_embedding.write(folder / str(seed), embedder, data)
