"""Bytes from the web to pixels, or a reason why not.

Nothing here trusts a file name, a header or a length: the format is read off the first bytes, the size is checked
before any pixel is decoded, and whatever a decoder raises becomes a rejection.
"""

import io
import warnings

import numpy as np
import simplejpeg
from jaxtyping import UInt8
from PIL import Image

from clip_italian.config import Settings

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")  # what the four sources hold; TIFF, EPS and SVG decoders stay closed
ORIENTATION = 0x0112  # EXIF 2.3, table 4
WHITE = (255, 255, 255, 255)

Pixels = UInt8[np.ndarray, "height width 3"]


class ImageLimits(Settings):
    """Which pictures are taken; key `limits` of section `images`."""

    max_bytes: int  # of the file
    max_pixels: int  # width x height, checked before decoding
    min_side: int  # pixels
    max_aspect: float  # long side / short side


class ImageRejected(Exception):
    """The picture is not used; the message is the reason, from a fixed vocabulary so that reasons can be counted."""


def decode(content: bytes, limits: ImageLimits) -> Pixels:
    """Returns the picture's RGB pixels, upright: alpha over white, the first frame, 16 bits scaled to 8.

    Raises ImageRejected with the reason.
    """
    kind = _format(content, limits)
    if kind == "JPEG" and b"Exif\0\0" not in content[: 1 << 16]:
        return _decode_plain_jpeg(content, limits)
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


def _decode_plain_jpeg(content: bytes, limits: ImageLimits) -> Pixels:
    """The fast way, for the grey and colour JPEGs that need no turning; CMYK goes the other way."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
    except ValueError:
        raise ImageRejected("damaged image") from None
    _check_size(height, width, limits)
    if colours not in ("YCbCr", "RGB", "Gray"):
        return _decode_with_pillow(content, limits)
    try:
        return simplejpeg.decode_jpeg(content, "RGB")
    except ValueError:
        raise ImageRejected("damaged image") from None


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
    """The RGB pixels of an open picture as `decode` gives them; raises what Pillow raises."""
    return _upright(_to_rgb(image), _orientation(image))


def _to_rgb(image: Image.Image) -> Pixels:
    image.load()
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion has changed between versions
        grey = np.asarray(image).astype(np.int64).clip(0, 65535) // 257
        return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image)
    return np.array(image.convert("RGB"))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8; 1 where the EXIF block is absent or unreadable."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a broken EXIF block does not make the picture worse
        return 1
    return value if value in range(1, 9) else 1


def _upright(pixels: Pixels, orientation: int) -> UInt8[np.ndarray, "rows columns 3"]:
    if orientation >= 5:  # 5..8 are 1..4 of the transposed picture, in this order
        pixels, orientation = pixels.swapaxes(0, 1), {5: 1, 6: 2, 7: 3, 8: 4}[orientation]
    if orientation in (2, 3):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
