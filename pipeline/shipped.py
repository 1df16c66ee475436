"""Evaluates the model that git holds, demo/model, and compares its committed results: processors evaluate given weights alike.

Training amplifies rounding, evaluating does not: without AVX instructions the embeddings had other bits and every metric was the
same. So the committed results of this model, one seed of the proposed arm, are checked on any processor.
"""

import pathlib
import tempfile

from clip_italian import config, files, paths
from clip_italian.checkpoints import assembly
from clip_italian.evaluation import arrays, scoring
from clip_italian.evaluation.study import embed, retrieval
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.evaluation.study.test_set_scores import ties_of
from clip_italian.use.export.card import ExportSettings
from pipeline import consistency
from pipeline.consistency import Claim, Results

TOLERANCE = 0.002  # fraction of 1: 6 of 3,000 captions or 3 of 1,296 images, should rounding turn ties into ranks after all


def check(profile: str, model: dict[str, bytes], results: Results) -> int:
    """Returns how many committed results are those of the model, given as its files; raises InputError for another."""
    about, settings = config.section(ExportSettings, "export"), config.section(EvaluationSettings, "evaluation")
    claims = []
    for protocol, test_set, values in _evaluate(profile, model, settings):
        stated = results[protocol]["models"][about.arm][test_set]["seeds"][str(about.seed)]
        for metric, value in values.items():
            field = f"models/{about.arm}/{test_set}/seeds/{about.seed}/{metric}"
            claims.append(Claim(protocol, field, stated[metric], value - TOLERANCE, value + TOLERANCE, "demo/model"))
    return consistency.check(claims)


def _evaluate(profile: str, model: dict[str, bytes], settings: EvaluationSettings) -> list[tuple[str, str, dict[str, float]]]:
    """Protocol, test set and metrics of the model on the headline's two test sets."""
    captions, classes = settings.retrieval_sets[0], settings.zeroshot_sets[0]
    truth = retrieval.read_truth(profile, captions)
    (label,) = arrays.read(paths.test_set(profile, classes) / "truth.npz", "label")
    ranked = [name for names in retrieval.metric_names(truth, settings.retrieval_cutoffs) for name in names]
    accuracies = [f"acc@{k}" for k in settings.accuracy_cutoffs]
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, content in model.items():
            files.write_bytes(folder / "model" / name, content)
        loaded = assembly.load(folder / "model")
        embed.write_tests(folder, loaded, paths.data(profile), [captions], [classes], settings.templates)
        for protocol, test_set, answers, names in (
            ("retrieval", captions, truth, ranked),
            ("zeroshot", classes, label, accuracies),
        ):
            image, text = arrays.read(folder / f"{test_set}.npz", "image", "text")
            scores = scoring.score(answers, image, text, names, ties_of(profile, test_set), settings.block)
            found.append((protocol, test_set, {name: float(scores.gains[name].mean()) for name in names}))
    return found
