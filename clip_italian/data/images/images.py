"""Decodes untrusted image files to RGB pixels, or rejects them with a reason.

File names, headers and lengths are not trusted: the format is determined from the first bytes, the size is checked before any
pixel is decoded, and every exception of a decoder becomes a rejection.

Every image that Pillow reads completely is accepted, with Pillow's pixels. JPEGs are decoded by simplejpeg where it can, because it
is faster.

Images are converted to RGB as follows. Transparency, also of a palette, is blended with white. The first frame of an animation is
used. EXIF, or else XMP, gives the orientation. 16-bit grey is divided by 257; 16-bit colour keeps its upper 8 bits. Pillow converts
CMYK. Colour profiles (ICC, gamma) are ignored, as in 2021.
"""

import io
import warnings

import numpy as np
import simplejpeg
from jaxtyping import UInt8
from PIL import Image

from clip_italian.config import Settings

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # the formats of the four sources; no others, such as TIFF or EPS, are decoded
ORIENTATION = 0x0112  # EXIF 2.3, table 4
WHITE = (255, 255, 255, 255)
# Of a progressive JPEG. Each scan visits every block, so a few bytes can take as long as a whole image. Encoders write some 10.
MAX_SCANS = 64

Pixels = UInt8[np.ndarray, "height width 3"]


class ImageLimits(Settings):
    """Limits of accepted images; key `limits` of section `images`."""

    max_bytes: int  # of the file
    max_pixels: int  # width x height, checked before decoding
    min_side: int  # pixels
    max_aspect: float  # long side / short side


class ImageRejected(Exception):
    """Raised for an image that is not used. The message is the reason, from a fixed vocabulary, so that reasons can be counted."""


def decode(content: bytes, limits: ImageLimits, least: int = 0) -> Pixels:
    """Returns the image's RGB pixels, upright; raises ImageRejected with the reason.

    With `least` above 0, JPEGs are decoded faster and less exactly: at a reduced size if both sides keep at least `least` pixels,
    and by a coarser transform. Other libraries then decode other pixels.
    """
    kind = _format(content, limits)
    if kind == "JPEG":
        return _decode_jpeg(content, limits, least)
    if kind == "WEBP":  # its decoder allocates the whole canvas when it opens the file
        _check_canvas(content, limits)
    return _decode_with_pillow(content, limits)


def _format(content: bytes, limits: ImageLimits) -> str:
    if not content:
        raise ImageRejected("empty file")
    if len(content) > limits.max_bytes:
        raise ImageRejected("file too large")
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise ImageRejected("a web page, not an image" if content.lstrip()[:1] == b"<" else "format not allowed")


def _check_size(height: int, width: int, limits: ImageLimits) -> None:
    short, long = sorted((height, width))
    if short * long > limits.max_pixels:
        raise ImageRejected("too many pixels")
    if short < limits.min_side:
        raise ImageRejected("too small")
    if long > limits.max_aspect * short:
        raise ImageRejected("too elongated")


def _check_canvas(content: bytes, limits: ImageLimits) -> None:
    """Checks the canvas size of an extended WEBP (RFC 9649, section 2.7); other WEBPs have no separate canvas."""
    if content[12:16] == b"VP8X" and len(content) >= 30:
        width, height = (int.from_bytes(content[start : start + 3], "little") + 1 for start in (24, 27))
        _check_size(height, width, limits)


def _decode_jpeg(content: bytes, limits: ImageLimits, least: int) -> Pixels:
    """Decodes grey and colour JPEGs by simplejpeg, which is faster; CMYK, and files that simplejpeg rejects, by Pillow."""
    if content.count(b"\xff\xda") > MAX_SCANS:  # between two scans' data these bytes mean the start of the next
        raise ImageRejected("too many scans")
    pixels = _decode_fast(content, limits, least)
    if pixels is None:
        return _decode_with_pillow(content, limits)
    return _upright(pixels, _orientation_of_jpeg(content))


def _decode_fast(content: bytes, limits: ImageLimits, least: int) -> Pixels | None:
    """The pixels without rotation, or None where simplejpeg cannot decode the file.

    simplejpeg raises ValueError where libjpeg only warns, and KeyError for an unknown subsampling.
    """
    fast = bool(least)
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
        _check_size(height, width, limits)
        if colours not in ("YCbCr", "RGB", "Gray"):
            return None
        # Reducing by a factor below 2 takes longer than decoding the whole image, and is coarser.
        return simplejpeg.decode_jpeg(content, "RGB", fast, fast, least, least, 2.0 if fast else 1.0)
    except (ImageRejected, MemoryError):
        raise
    except Exception:
        return None


def _orientation_of_jpeg(content: bytes) -> int:
    if b"Exif\0\0" not in content and b"tiff:Orientation" not in content:  # neither EXIF nor XMP states one
        return 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
                return _orientation(image)
    except Exception:  # as in _orientation: the pixels are decoded already
        return 1


def _decode_with_pillow(content: bytes, limits: ImageLimits) -> Pixels:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow only warns where _check_size rejects
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                _check_size(image.height, image.width, limits)
                return upright(image)
    except (ImageRejected, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise ImageRejected("too many pixels") from None
    except Exception:  # decoders raise OSError, SyntaxError, ValueError, struct.error, ...: all mean one thing
        raise ImageRejected("damaged image") from None


def upright(image: Image.Image) -> UInt8[np.ndarray, "rows columns 3"]:
    """The RGB pixels of an open Pillow image, upright, as `decode` returns them; raises what Pillow raises."""
    return _upright(_to_rgb(image), _orientation(image))


def _to_rgb(image: Image.Image) -> Pixels:
    image.load()
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion has changed between versions
        grey = (np.asarray(image).clip(0, 65535) // 257).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)
    return np.array(image.convert("RGB"))


def _orientation(image: Image.Image) -> int:
    """The orientation, 1 to 8, from EXIF or else XMP; 1 where both are missing or unreadable."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # an image with a broken EXIF block is still good
        return 1
    return value if value in range(1, 9) else 1


def _upright(pixels: Pixels, orientation: int) -> UInt8[np.ndarray, "rows columns 3"]:
    if orientation >= 5:  # 5..8 are 1..4 of the transposed image, in this order
        pixels, orientation = pixels.swapaxes(0, 1), {5: 1, 6: 2, 7: 3, 8: 4}[orientation]
    if orientation in (2, 3):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
