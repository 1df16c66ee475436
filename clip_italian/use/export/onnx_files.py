"""Both towers as ONNX, for runtimes without Python: from normalised pixels or token ids to unit vectors."""

import logging
import pathlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8

from clip_italian import files
from clip_italian.checkpoints.model import Model
from clip_italian.errors import InputError
from clip_italian.models import dual_encoder
from clip_italian.models.vit import VisionTransformer
from clip_italian.use.export import hugging_face

IMAGE, TEXT = "image.onnx", "text.onnx"
LARGEST_DIFFERENCE = 1e-5  # between onnxruntime's and our numbers, of unit vectors
BATCHES = (1, 3)  # sizes that are compared
SHORT = "_int32"  # marks an input after its cast
BATCH = 32  # images or texts that `encoded` takes at a time
Feed = dict[str, np.ndarray]


def write(folder: pathlib.Path, model: Model) -> None:
    """Writes `image.onnx` and `text.onnx` with the tokeniser and the image processor.

    Inputs are `pixel_values`, float32 of (batch, 3, size, size), and `input_ids` and `attention_mask`, int64 of (batch,
    max_length). Outputs are `image_embeds` and `text_embeds`, float32 of (batch, projection). Raises InputError if onnxruntime's
    results differ from those of the towers.
    """
    size, length = model.settings.image.image_size, model.settings.text.max_length
    texts = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"batch, {length}"), jnp.int32)
    pixels = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"batch, 3, {size}, {size}"), jnp.float32)
    image = converted(image_function(model), [pixels], ["pixel_values"], "image_embeds")
    text = converted(text_function(model), [texts, texts], ["input_ids", "attention_mask"], "text_embeds")
    take_int64(text)
    for name, proto in ((IMAGE, image), (TEXT, text)):
        files.write_bytes(folder / name, proto.SerializeToString(deterministic=True))
    check(folder, model)
    hugging_face.write_tokenizer(folder, model)
    hugging_face.write_image_processor(folder, model.settings.image)


def image_function(model: Model) -> Callable[[jax.Array], jax.Array]:
    """A function from normalised pixels, channels first, to unit vectors."""
    params = jax.device_get(model.params)

    def embed(pixels: jax.Array) -> jax.Array:
        tower = VisionTransformer(model.settings.image)
        features: Any = tower.apply({"params": params["vision_model"]}, pixels.transpose(0, 2, 3, 1))
        return dual_encoder.unit(dual_encoder.apply_head(params["visual_projection"], features))

    return embed


def text_function(model: Model) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """A function from token ids and a mask of ones and zeros to unit vectors."""
    params = jax.device_get(model.params)

    def embed(ids: jax.Array, mask: jax.Array) -> jax.Array:
        features = dual_encoder.text_features(model.settings, params, ids, mask != 0)
        return dual_encoder.unit(dual_encoder.apply_head(params["text_projection"], features))

    return embed


def converted(function: Callable[..., jax.Array], inputs: list[Any], names: list[str], output: str) -> Any:
    """The ONNX model of a function; axes of `inputs` with a symbolic size may have any size."""
    import jax2onnx  # here: takes seconds, and only this format needs it

    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # it logs every shape that it does not infer
    with warnings.catch_warnings(), jax.numpy_rank_promotion("allow"):  # it adds a bias without naming the axes
        warnings.simplefilter("ignore")  # it asks for float64 and gets float32
        return jax2onnx.to_onnx(function, inputs, input_names=names, output_names=[output])


def take_int64(model: Any) -> None:
    """Changes a model's int32 inputs to int64, the type that tokenisers return."""
    import onnx

    casts = []
    for value in model.graph.input:
        for node in model.graph.node:
            node.input[:] = [name + SHORT if name == value.name else name for name in node.input]
        value.type.tensor_type.elem_type = onnx.TensorProto.INT64
        casts.append(onnx.helper.make_node("Cast", [value.name], [value.name + SHORT], to=onnx.TensorProto.INT32))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)


def check(folder: pathlib.Path, model: Model) -> None:
    """Raises InputError if onnxruntime's embeddings of random inputs, in batches of BATCHES, differ from those of our towers."""
    for rows in BATCHES:
        pixels, texts = sample(model, rows)
        for name, function, feed in ((IMAGE, image_function(model), pixels), (TEXT, text_function(model), texts)):
            difference = compared(folder / name, function, feed)
            if not difference <= LARGEST_DIFFERENCE:  # NaN is no agreement
                raise InputError(
                    f"{name}: onnxruntime's embeddings differ by {difference:.1e}; install the versions of requirements.lock"
                )


def sample(model: Model, rows: int) -> tuple[Feed, Feed]:
    """Random inputs of both files: pixels, and texts of several lengths."""
    rng, size, length = np.random.default_rng(0), model.settings.image.image_size, model.settings.text.max_length
    pixels = rng.normal(size=(rows, 3, size, size)).astype(np.float32)
    mask = np.arange(length)[None] < rng.integers(1, length + 1, rows)[:, None]
    ids = rng.integers(0, model.settings.text.vocabulary, (rows, length))
    return {"pixel_values": pixels}, {"input_ids": ids, "attention_mask": mask.astype(np.int64)}


def compared(path: pathlib.Path, function: Callable[..., jax.Array], feed: Feed) -> float:
    """The largest difference between the outputs of an ONNX file and of a function."""
    wanted = jax.jit(function)(*[jnp.asarray(value) for value in feed.values()])
    return float(np.abs(_run(path, [feed]) - np.asarray(wanted)).max())


def encoded(
    folder: pathlib.Path, model: Model, pixels: UInt8[np.ndarray, "n h w 3"], texts: Sequence[str]
) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]]:
    """Unit vectors by onnxruntime of images of the tower's size and of texts; `model` is the one that was written to `folder`."""

    def of_pixels(part: UInt8[np.ndarray, "b h w 3"]) -> Feed:
        normalised = dual_encoder.normalise_pixels(model.settings.image, jnp.asarray(part))
        return {"pixel_values": np.asarray(normalised).transpose(0, 3, 1, 2)}

    def of_texts(part: Sequence[str]) -> Feed:
        tokens = model.tokenise(list(part))
        return {"input_ids": tokens.ids.astype(np.int64), "attention_mask": tokens.mask.astype(np.int64)}

    pixel_feeds = (of_pixels(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH))
    text_feeds = (of_texts(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH))
    return _run(folder / IMAGE, pixel_feeds), _run(folder / TEXT, text_feeds)


def _run(path: pathlib.Path, feeds: Iterable[Feed]) -> np.ndarray:
    """The outputs of an ONNX file for several batches, one after the other."""
    import onnxruntime  # here: it takes a moment to import, and few commands need it

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0] for feed in feeds])
