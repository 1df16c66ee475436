"""Both towers as ONNX, for runtimes without Python: normalised pixels or token ids in, unit vectors out."""

import logging
import pathlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
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
BATCHES = (1, 3)  # that are compared
SHORT = "_int32"  # marks an input after its cast


def write(folder: pathlib.Path, model: Model) -> None:
    """Writes `image.onnx` and `text.onnx` with the tokeniser and the image processor.

    `pixel_values` is float32 of (batch, 3, side, side), `input_ids` and `attention_mask` int64 of (batch, longest text);
    `image_embeds` and `text_embeds` are float32 of (batch, projection). Raises InputError when onnxruntime computes other
    numbers than these towers do.
    """
    side, length = model.settings.image.image_size, model.settings.text.max_length
    texts = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"batch, {length}"), jnp.int32)
    pixels = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"batch, 3, {side}, {side}"), jnp.float32)
    image = converted(image_function(model), [pixels], ["pixel_values"], "image_embeds")
    text = converted(text_function(model), [texts, texts], ["input_ids", "attention_mask"], "text_embeds")
    take_int64(text)
    for name, proto in ((IMAGE, image), (TEXT, text)):
        files.write_bytes(folder / name, proto.SerializeToString(deterministic=True))
    check(folder, model)
    hugging_face.write_tokenizer(folder, model)
    hugging_face.write_picture_processor(folder, model.settings.image)


def image_function(model: Model) -> Callable[[jax.Array], jax.Array]:
    """Unit vectors of normalised pixels, channels first."""
    params = jax.device_get(model.params)

    def embed(pixels: jax.Array) -> jax.Array:
        tower = VisionTransformer(model.settings.image)
        features: Any = tower.apply({"params": params["vision_model"]}, pixels.transpose(0, 2, 3, 1))
        return dual_encoder.unit(dual_encoder.apply_head(params["visual_projection"], features))

    return embed


def text_function(model: Model) -> Callable[[jax.Array, jax.Array], jax.Array]:
    """Unit vectors of token ids and a mask of ones and zeros."""
    params = jax.device_get(model.params)

    def embed(ids: jax.Array, mask: jax.Array) -> jax.Array:
        features = dual_encoder.text_features(model.settings, params, ids, mask != 0)
        return dual_encoder.unit(dual_encoder.apply_head(params["text_projection"], features))

    return embed


def converted(function: Callable[..., jax.Array], inputs: list[Any], names: list[str], output: str) -> Any:
    """The ONNX model of a function; the axes that `inputs` name by a letter may have any length."""
    import jax2onnx  # here: takes seconds, and only this format needs it

    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # it announces every shape that it leaves out
    with warnings.catch_warnings(), jax.numpy_rank_promotion("allow"):  # it adds a bias without naming the axes
        warnings.simplefilter("ignore")  # it asks for float64 and gets float32
        return jax2onnx.to_onnx(function, inputs, input_names=names, output_names=[output])


def take_int64(model: Any) -> None:
    """Lets a model's int32 inputs be int64, as every tokeniser's runtime feeds them."""
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
    """Raises InputError unless onnxruntime gives from the files what our towers give, for one and for several rows."""
    for rows in BATCHES:
        pixels, texts = sample(model, rows)
        for name, function, feed in ((IMAGE, image_function(model), pixels), (TEXT, text_function(model), texts)):
            difference = compared(folder / name, function, feed)
            if not difference <= LARGEST_DIFFERENCE:  # NaN is no agreement
                raise InputError(
                    f"{name}: onnxruntime's embeddings differ by {difference:.1e}; install the versions of requirements.lock"
                )


def sample(model: Model, rows: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Random inputs of both files: pixels, and texts of several lengths."""
    rng, side, length = np.random.default_rng(0), model.settings.image.image_size, model.settings.text.max_length
    pixels = rng.normal(size=(rows, 3, side, side)).astype(np.float32)
    mask = np.arange(length)[None] < rng.integers(1, length + 1, rows)[:, None]
    ids = rng.integers(0, model.settings.text.vocabulary, (rows, length))
    return {"pixel_values": pixels}, {"input_ids": ids, "attention_mask": mask.astype(np.int64)}


def compared(path: pathlib.Path, function: Callable[..., jax.Array], feed: dict[str, np.ndarray]) -> float:
    """The largest difference between what a file and a function give."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    wanted = jax.jit(function)(*[jnp.asarray(value) for value in feed.values()])
    return float(np.abs(session.run(None, feed)[0] - np.asarray(wanted)).max())


# Vectors of images and texts by onnxruntime, from what `onnx_files` has written.
AT_ONCE = 32  # images or texts
Feed = dict[str, np.ndarray]


def encoded(
    folder: pathlib.Path, model: Model, pixels: UInt8[np.ndarray, "n h w 3"], texts: Sequence[str]
) -> tuple[Float[np.ndarray, "n p"], Float[np.ndarray, "m p"]]:
    """Unit vectors of images as the tower takes them, and of texts; `model` is the one that was written to `folder`."""
    return _run(folder / IMAGE, _seen(model, pixels)), _run(folder / TEXT, _read(model, texts))


def _seen(model: Model, pixels: UInt8[np.ndarray, "n h w 3"]) -> Iterator[Feed]:
    for start in range(0, len(pixels), AT_ONCE):
        normalised = dual_encoder.normalise_pixels(model.settings.image, jnp.asarray(pixels[start : start + AT_ONCE]))
        yield {"pixel_values": np.asarray(normalised).transpose(0, 3, 1, 2)}


def _read(model: Model, texts: Sequence[str]) -> Iterator[Feed]:
    for start in range(0, len(texts), AT_ONCE):
        some = model.tokenise(list(texts[start : start + AT_ONCE]))
        yield {"input_ids": some.ids.astype(np.int64), "attention_mask": some.mask.astype(np.int64)}


def _run(path: pathlib.Path, feeds: Iterable[Feed]) -> np.ndarray:
    import onnxruntime  # here: it takes a while, and few need it

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, feed)[0] for feed in feeds])
