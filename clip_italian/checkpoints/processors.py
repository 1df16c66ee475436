"""The image preprocessing that a model folder states, as settings of its image tower.

transformers states it in `preprocessor_config.json` or, from version 5 on, in `processor_config.json`, and has defaults for missing
keys. open_clip states it in `preprocess_cfg` of `open_clip_config.json`.
"""

import pathlib
from typing import Any, Literal

from clip_italian.data.images.resizing import FILTERS, Fit
from clip_italian.errors import InputError
from clip_italian.models.vit import ViTSettings

FILES = ("preprocessor_config.json", "processor_config.json")
# Processors with the steps of transformers' base class: resize, crop, normalise. Others have other steps.
KNOWN = ("CLIPImageProcessor", "SiglipImageProcessor", "ViTImageProcessor")
BYTE = 1 / 255  # the factor on pixels before mean and std are applied
OPEN_CLIP_FITS: dict[str, Literal["crop", "squash"]] = {"shortest": "crop", "squash": "squash"}


def hugging_face(folder: pathlib.Path, tower: ViTSettings) -> ViTSettings:
    """The tower with the preprocessing of the folder's image processor of transformers; unchanged if there is none.

    Raises InputError naming the file and a key that is not supported, or a size other than the tower's.
    """
    found = [folder / name for name in FILES if (folder / name).exists()]
    if not found:
        return tower
    import transformers  # here: it takes a second, and none of the study's stages reads such a folder

    try:
        processor: Any = transformers.AutoImageProcessor.from_pretrained(str(folder), backend="pil")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{found[0]}: no image processor that transformers knows ({str(error).splitlines()[0]})") from None
    _check_steps(processor, str(found[0]))
    size, resized = _sizes(processor, str(found[0]))
    if size != tower.image_size:
        raise InputError(
            f"{found[0]}: images become {size} x {size} pixels, but the tower of config.json takes {tower.image_size}; "
            "correct the one that is wrong"
        )
    fit = Fit(
        kind="crop" if processor.size.shortest_edge else "squash",
        margin="floor",
        resized=None if resized == size else resized,
        interpolation=_interpolation(processor.resample, str(found[0])),
    )
    mean, std = (processor.image_mean, processor.image_std) if processor.do_normalize else (0.0, 1.0)
    return _with(tower, fit, mean, std, str(found[0]))


def _check_steps(processor: Any, where: str) -> None:
    name = type(processor).__name__.removesuffix("Pil")
    if name not in KNOWN:
        raise InputError(f"{where}: images are processed by `{name}`; known are {', '.join(KNOWN)}")
    wanted = {"do_resize": True, "do_rescale": True, "do_pad": False}
    for key, value in wanted.items():
        if bool(getattr(processor, key, value)) != value:
            raise InputError(f"{where}: `{key}` is {str(not value).lower()}; images cannot be processed that way here")
    if abs(processor.rescale_factor - BYTE) > 1e-9:
        raise InputError(f"{where}: `rescale_factor` is {processor.rescale_factor}; only 1/255 is known")


def _sizes(processor: Any, where: str) -> tuple[int, int]:
    """The size of the square image, and the size that the short side (or both) has before it is cropped."""
    size = processor.size
    resized = size.shortest_edge or size.height
    if not resized or size.longest_edge or (not size.shortest_edge and size.height != size.width):
        raise InputError(f"{where}: `size` is {dict(size)}; known are `shortest_edge`, and `height` equal to `width`")
    if not getattr(processor, "do_center_crop", None):
        if size.shortest_edge:
            raise InputError(f"{where}: `do_center_crop` is false with a `shortest_edge`; only squares can be taken here")
        return resized, resized
    if processor.crop_size.height != processor.crop_size.width:
        raise InputError(f"{where}: `crop_size` is {dict(processor.crop_size)}; only squares can be taken here")
    return processor.crop_size.height, resized


def _interpolation(resample: Any, where: str) -> Any:
    names = {int(number): name for name, number in FILTERS.items()}
    if resample is None:
        return "bilinear"  # transformers' own default
    if int(resample) not in names:
        raise InputError(f"{where}: `resample` is {int(resample)}; known are {', '.join(f'{k} ({v})' for k, v in names.items())}")
    return names[int(resample)]


def open_clip(preprocess: dict[str, Any], tower: ViTSettings, where: str) -> ViTSettings:
    """The tower with the preprocessing of open_clip's `preprocess_cfg`; the size is the tower's, as in open_clip.

    Raises InputError naming a key that is not supported.
    """
    given = {key: value for key, value in preprocess.items() if value is not None}
    mode, interpolation = given.get("resize_mode", "shortest"), given.get("interpolation", "bicubic")
    if mode not in OPEN_CLIP_FITS:
        raise InputError(f"{where}: `resize_mode` is `{mode}`; known are {', '.join(OPEN_CLIP_FITS)}")
    if interpolation == "random":
        interpolation = "bicubic"  # random only in training
    if interpolation not in FILTERS:
        raise InputError(f"{where}: `interpolation` is `{interpolation}`; known are {', '.join(FILTERS)}")
    fit = Fit(kind=OPEN_CLIP_FITS[mode], interpolation=interpolation)
    return _with(tower, fit, given.get("mean", tower.mean), given.get("std", tower.std), where)


def _with(tower: ViTSettings, fit: Fit, mean: Any, std: Any, where: str) -> ViTSettings:
    """The tower with another fit, mean and std; a single number holds for all three channels."""
    return tower.model_copy(update={"fit": fit, "mean": _channels(mean, where), "std": _channels(std, where)})


def _channels(value: Any, where: str) -> tuple[float, float, float]:
    values = (value,) * 3 if isinstance(value, (int, float)) else tuple(value)
    if len(values) != 3:
        raise InputError(f"{where}: a mean or std of {len(values)} channels; images have three")
    return (float(values[0]), float(values[1]), float(values[2]))
