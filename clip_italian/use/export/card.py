"""Model cards: metadata as the Hugging Face hub reads it, and the headings that its readers expect."""
import pathlib
from typing import Any

from clip_italian.models.bert import BertSettings
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.use.export import sentence_transformers
from clip_italian.use.export.facts import Facts, Result
from clip_italian.use.export.snippets import SNIPPETS, TEXTS_ALONE

PICTURES = "zero-shot-image-classification"
PIPELINES = {"transformers": PICTURES, "onnx": PICTURES, "open_clip": PICTURES, "sentence_transformers": "sentence-similarity"}
LIBRARIES = {"sentence_transformers": "sentence-transformers"}  # on the hub, where it calls a library otherwise
TAGS = ["clip", "vision", "image-text"]
UNKNOWN = "Not known to the export: the model was given without its study."
CITATION = """@book{bianchi2021,
  title={Contrastive Language-Image Pre-training for the {Italian} Language},
  author={Bianchi, Federico and Attanasio, Giuseppe and Pisoni, Raphael and Terragni, Silvia and Sarti, Gabriele and Lakshmi, Sri},
  publisher={arXiv 2108.08688},
  year={2021}
}"""


def text(form: str, settings: DualEncoderSettings, facts: Facts, home: pathlib.Path) -> str:
    """The card of a format's folder, which lies at `home`."""
    snippet = TEXTS_ALONE if texts_alone(form, settings) else SNIPPETS[form]
    sections = {
        "Model description": description(form, settings, facts.language),
        "Direct use": direct_use(form, settings, facts.language),
        "Downstream use": f"A start for further training on pictures with {facts.language} texts; frozen features for classifiers.",
        "Out-of-scope use": out_of_scope(facts),
        "How to load": snippet.format(home=home, texts=examples(facts), tokens=settings.text.positions),
        "Training data": training_data(facts),
        "Training procedure": procedure(facts),
        "Hardware": facts.about.hardware if facts.about else UNKNOWN,
        "Measured results": measured(facts),
        "Limitations": limitations(settings, facts),
        "Licence": licence(facts),
        "Citation": f"```bibtex\n{CITATION}\n```",
    }
    body = "\n\n".join(f"## {heading}\n\n{content}" for heading, content in sections.items())
    return f"---\n{metadata(form, facts)}\n---\n\n# {facts.name}\n\n{body}\n"


def metadata(form: str, facts: Facts) -> str:
    """The YAML at the head of the card."""
    import huggingface_hub  # here: takes a second

    about = facts.about
    more: dict[str, Any] = {"datasets": about.datasets, "widget": widget(form, facts)} if about else {}
    results = [evaluated(result, facts) for result in facts.results]
    data = huggingface_hub.ModelCardData(
        language=about.language if about else "it", license=facts.licence, library_name=LIBRARIES.get(form, form),
        tags=[*TAGS, facts.language.lower()], pipeline_tag=PIPELINES[form], model_name=facts.name,
        eval_results=results or None, **{name: value for name, value in more.items() if value},
    )  # fmt: skip
    return data.to_yaml()


def widget(form: str, facts: Facts) -> list[dict[str, Any]]:
    """The examples that the hub's page offers."""
    assert facts.about is not None
    texts = facts.about.texts
    if PIPELINES[form] != PICTURES:
        return [{"source_sentence": texts[0], "sentences": texts[1:]}]
    return [{"src": facts.about.picture, "candidate_labels": ", ".join(texts)}] if facts.about.picture else []


def evaluated(result: Result, facts: Facts) -> Any:
    """A number as the hub's model index takes it."""
    import huggingface_hub

    task = PICTURES if result.zeroshot else "image-text-retrieval"
    spread = {"mean_over_seeds": result.mean, "interval": list(result.interval), "confidence": facts.confidence}
    return huggingface_hub.EvalResult(
        task_type=task, dataset_type=result.test_set, dataset_name=result.test_set, metric_type=result.metric,
        metric_value=result.value, metric_name=result.metric, metric_args=spread,
    )  # fmt: skip


def description(form: str, settings: DualEncoderSettings, language: str) -> str:
    """What the towers are."""
    image, text_tower = settings.image, settings.text
    stem = f"{len(image.stem)} convolutions, then " if image.stem else ""
    kind = f"a BERT, pooled by `{text_tower.pooling}`" if isinstance(text_tower, BertSettings) else "the text transformer of CLIP"
    alone = texts_alone(form, settings)
    return (
        f"A contrastive image-text model for {language} in the manner of CLIP-Italian (Bianchi et al. 2021): two towers whose "
        f"projections into one space of {settings.projection} dimensions are compared by their cosine.\n\n"
        f"* Pictures: {stem}a vision transformer (blocks: {image.depth}, width: {image.width}), pooled by `{image.pooling}`, on "
        f"{image.image_size} x {image.image_size} pixels.\n"
        f"* Texts: {kind} (blocks: {text_tower.depth}, width: {text_tower.width}), {text_tower.vocabulary} tokens, texts of at "
        f"most {text_tower.positions} tokens; capitals and accents as its tokeniser has them."
        + ("\n\nThis folder holds the text tower alone: the library has no such picture tower. ONNX has both." if alone else "")
    )


def texts_alone(form: str, settings: DualEncoderSettings) -> bool:
    """Whether the folder holds no picture tower."""
    return form == "sentence_transformers" and not sentence_transformers.holds_pictures(settings)


def direct_use(form: str, settings: DualEncoderSettings, language: str) -> str:
    if texts_alone(form, settings):
        return f"Vectors of {language} texts, to be compared with each other or with the vectors of pictures from the ONNX files."
    return f"Search of pictures by {language} text and of texts by picture; classification of pictures by labels given in words."


def out_of_scope(facts: Facts) -> str:
    limits = f"{facts.about.limits} " if facts.about else ""
    return f"{limits}Recognising people, surveillance, any decision about a person; languages other than {facts.language}."


def examples(facts: Facts) -> str:
    """Texts for the code, as Python writes them."""
    return repr(facts.about.texts if facts.about else ["un gatto", "un cane"])


def training_data(facts: Facts) -> str:
    if facts.about is None:
        return UNKNOWN
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in facts.pairs)
    return f"{facts.about.data}\n\n| source | pictures for training |\n|---|---:|\n{rows}"


def procedure(facts: Facts) -> str:
    """The settings of each phase, from its journal."""
    if not facts.phases:
        return UNKNOWN
    heads = " | ".join(f"{phase.stage}" for phase in facts.phases)
    names = sorted({name for phase in facts.phases for name in phase.parameters})
    rows = [f"| {name} | " + " | ".join(str(phase.parameters.get(name, "")) for phase in facts.phases) + " |" for name in names]
    arm = f"Arm `{facts.phases[0].arm}` of the study, seed {facts.phases[0].seed}, run key `{facts.run_key}`."
    return f"{arm}\n\n| setting | {heads} |\n|---|{'---|' * len(facts.phases)}\n" + "\n".join(rows)


def measured(facts: Facts) -> str:
    """The results table, in per cent."""
    if not facts.results:
        return UNKNOWN
    rows = [
        f"| {one.test_set} | {one.pictures:,} | {one.metric} | {100 * one.value:.1f} | {100 * one.mean:.1f} "
        f"({100 * one.interval[0]:.1f}–{100 * one.interval[1]:.1f}) |"
        for one in facts.results
    ]
    note = f"Per cent; in brackets intervals of {100 * facts.confidence:.0f} % over seeds and pictures."
    head = "| test set | pictures | metric | this model | mean over seeds |\n|---|---:|---|---:|---:|"
    return "\n".join([note, "", head, *rows])


def limitations(settings: DualEncoderSettings, facts: Facts) -> str:
    limits = f"{facts.about.limits} " if facts.about else ""
    return (
        f"{limits}Texts beyond {settings.text.positions} tokens are cut, and of pictures that are not square the ends are lost. "
        "The model repeats what is one-sided in its training data; its fairness was not measured. Cosines compare, they are no "
        "probabilities."
    )


def licence(facts: Facts) -> str:
    return (
        f"These weights: `{facts.licence}`. Weights inherit the licence of those from which their training started: the published "
        "weights of clip-italian are under GPL-3.0, and so is whatever is trained from them."
    )
