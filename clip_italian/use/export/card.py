"""Model cards: metadata as the Hugging Face hub reads it, and the headings that its readers expect."""

import pathlib
from typing import Any, NamedTuple

from clip_italian import files, paths
from clip_italian.config import Settings
from clip_italian.evaluation.study import settings as evaluation
from clip_italian.evaluation.study.settings import EvaluationSettings
from clip_italian.journal import Journal
from clip_italian.models.dual_encoder import DualEncoderSettings
from clip_italian.use.export import sentence_transformers


# How each format is loaded, for the model cards: code that runs in the card's folder beside an image `gatto.jpg`.
def _resizing(where: str) -> str:
    """What is said wherever transformers prepares images; measured in tests/parity/test_exports.py (up to 8e-4)."""
    return f"""

Where torchvision is installed, transformers 5 scales pictures with it instead of Pillow, and embeddings differ in the third
decimal; `backend="pil"` {where} avoids that."""


_AT_THE_PROCESSOR = _resizing("as an argument of the processor's `from_pretrained`")

TRANSFORMERS = (
    """```python
import torch
from PIL import Image
from transformers import AutoProcessor, VisionTextDualEncoderModel

folder = "."  # this folder, or the repository's name
model, processor = VisionTextDualEncoderModel.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
texts = {texts}
inputs = processor(text=texts, images=Image.open("gatto.jpg"), padding=True, truncation=True, return_tensors="pt")
with torch.inference_mode():
    print(model(**inputs).logits_per_image.softmax(dim=-1))
```

Versions 4.57 and 5 of transformers load it."""
    + _AT_THE_PROCESSOR
)

ONNX = (
    """```python
import onnxruntime
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer

folder = "."  # this folder, or a copy of it
texts = AutoTokenizer.from_pretrained(folder)({texts}, padding="max_length", truncation=True, return_tensors="np")
pictures = AutoImageProcessor.from_pretrained(folder)(Image.open("gatto.jpg").convert("RGB"), return_tensors="np")
(text,) = onnxruntime.InferenceSession(f"{{folder}}/text.onnx").run(None, dict(texts))
(image,) = onnxruntime.InferenceSession(f"{{folder}}/image.onnx").run(None, dict(pictures))
print(image @ text.T)
```

Inputs: `pixel_values`, float32 of (batch, 3, height, width), scaled and normalised as `preprocessor_config.json` says;
`input_ids` and `attention_mask`, int64 of (batch, {tokens}): texts are always padded to {tokens} tokens. Outputs:
`image_embeds` and `text_embeds`, unit vectors. The batch may have any size."""
    + _AT_THE_PROCESSOR
)

OPEN_CLIP = """```python
import open_clip
import torch
from PIL import Image

folder = "{home}"
model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{{folder}}")
tokenizer = open_clip.get_tokenizer(f"local-dir:{{folder}}")
with torch.inference_mode():
    image = model.encode_image(preprocess(Image.open("gatto.jpg"))[None], normalize=True)
    text = model.encode_text(tokenizer({texts}), normalize=True)
print(image @ text.T)
```

open_clip finds the text tower's configuration by `hf_model_name` in `open_clip_config.json`, from the working directory: when
the folder moves, write its new place (or the repository's name) there. CLIP_benchmark takes the same `local-dir:` name. Of
pictures that are not square open_clip cuts the middle one pixel beside where the other formats do, where it has to round."""

SENTENCE_TRANSFORMERS = """```python
from PIL import Image
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(".")  # this folder, or the repository's name
print(model.similarity(model.encode([Image.open("gatto.jpg")]), model.encode({texts})))
```

It takes version 6 of sentence-transformers with version 5 of transformers.""" + _resizing("in the model's `processor_kwargs`")

TEXTS_ALONE = """```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer(".")  # this folder, or the repository's name
texts = model.encode({texts})
print(model.similarity(texts, texts))
```"""

SNIPPETS = {
    "transformers": TRANSFORMERS,
    "onnx": ONNX,
    "open_clip": OPEN_CLIP,
    "sentence_transformers": SENTENCE_TRANSFORMERS,
}


# What a model card says of a model beyond its architecture: read from the study's results, journals and profile.
class ExportSettings(Settings):
    """Section `export` of a profile."""

    arm: str  # that is exported
    seed: int
    licence: str  # identifier of the weights' licence on the hub
    datasets: list[str]  # names for the card's metadata
    data: str  # the training data in a sentence
    limits: str  # what the training data mean for the use, in a sentence
    hardware: str
    picture: str  # address of the card's example image; empty: the card has none
    texts: list[str]  # the card's examples
    language: str  # ISO 639-1 code of the texts, for the card's metadata


class Result(NamedTuple):
    """One measured number."""

    test_set: str
    pictures: int
    zeroshot: bool  # otherwise retrieval
    metric: str
    value: float  # of this model, as a share of 1
    mean: float  # over the seeds
    interval: tuple[float, float]  # of the mean, over seeds and images


class Facts(NamedTuple):
    """The known facts of a model; unknown ones are empty."""

    name: str
    licence: str
    about: ExportSettings | None = None
    confidence: float = 0.0  # of the intervals
    run_key: str = ""
    phases: tuple[Journal, ...] = ()
    pairs: tuple[tuple[str, int], ...] = ()  # training pairs of each source
    results: tuple[Result, ...] = ()
    language: str = "Italian"  # without a study CLIP-Italian's


def of_study(profile: str, about: ExportSettings, tests: EvaluationSettings) -> Facts:
    """The facts of a profile's model; raises InputError naming the results file or journal that is missing."""
    curated = files.read_json(paths.report(profile, "curate"))
    return Facts(
        name=f"clip-italian-{profile}",
        licence=about.licence,
        about=about,
        confidence=tests.confidence,
        run_key=evaluation.run_key(profile, about.arm, [about.seed]),
        phases=tuple(evaluation.run_journals(profile, about.arm, about.seed)),
        pairs=tuple((name, source["split"]["train"]) for name, source in sorted(curated["sources"].items())),
        results=tuple(results(profile, about, tests)),
        language=tests.language,
    )


def results(profile: str, about: ExportSettings, tests: EvaluationSettings) -> list[Result]:
    """The declared endpoints, the primary ones first."""
    files_of = {name: files.read_json(paths.results(profile, name)) for name in ("retrieval", "zeroshot")}
    found = []
    for endpoint in dict.fromkeys(tests.primary_endpoints + tests.exploratory_endpoints):
        test_set, _, metric = endpoint.partition("/")
        zeroshot = test_set in tests.zeroshot_sets
        content = files_of["zeroshot" if zeroshot else "retrieval"]
        measured = content["models"][about.arm][test_set]
        value = measured["seeds"][str(about.seed)][metric]
        low, high = measured["interval"][metric]
        pictures = content["sets"][test_set]["images"]
        found.append(Result(test_set, pictures, zeroshot, metric, value, measured["mean"][metric], (low, high)))
    return found


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
        "How to load": snippet.format(home=home, texts=examples(facts), tokens=settings.text.max_length),
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
        language=about.language if about else "it",
        license=facts.licence,
        library_name=LIBRARIES.get(form, form),
        tags=[*TAGS, facts.language.lower()],
        pipeline_tag=PIPELINES[form],
        model_name=facts.name,
        eval_results=results or None,
        **{name: value for name, value in more.items() if value},
    )
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
        task_type=task,
        dataset_type=result.test_set,
        dataset_name=result.test_set,
        metric_type=result.metric,
        metric_value=result.value,
        metric_name=result.metric,
        metric_args=spread,
    )


def description(form: str, settings: DualEncoderSettings, language: str) -> str:
    """Returns a description of the towers."""
    image, text = settings.image, settings.text
    stem = f"{len(image.stem)} convolutions, then " if image.stem else ""
    alone = texts_alone(form, settings)
    return (
        f"A contrastive image-text model for {language} in the manner of CLIP-Italian (Bianchi et al. 2021): two towers whose "
        f"projections into one space of {settings.projection} dimensions are compared by their cosine.\n\n"
        f"* Pictures: {stem}a vision transformer (blocks: {image.depth}, width: {image.width}), pooled by `{image.pooling}`, on "
        f"{image.image_size} x {image.image_size} pixels.\n"
        f"* Texts: {text.description} (blocks: {text.depth}, width: {text.width}), {text.vocabulary} tokens, texts of at most "
        f"{text.max_length} tokens; capitals and accents as its tokeniser has them."
        + ("\n\nThis folder holds the text tower alone: the library has no such picture tower. ONNX has both." if alone else "")
    )


def texts_alone(form: str, settings: DualEncoderSettings) -> bool:
    """Whether the folder holds no image tower."""
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
        f"{limits}Texts beyond {settings.text.max_length} tokens are cut, and of pictures that are not square the ends are lost. "
        "The model repeats what is one-sided in its training data; its fairness was not measured. Cosines compare, they are no "
        "probabilities."
    )


def licence(facts: Facts) -> str:
    return (
        f"These weights: `{facts.licence}`. Weights inherit the licence of those from which their training started: the published "
        "weights of clip-italian are under GPL-3.0, and so is whatever is trained from them."
    )
