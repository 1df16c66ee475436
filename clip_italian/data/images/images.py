"""Bytes from the web to pixels, or a reason why not.

Nothing here trusts a file name, a header or a length: the format is read off the first bytes, the size is checked before any pixel
is decoded, and whatever a decoder raises becomes a rejection.

What Pillow reads whole is read, with Pillow's pixels; the faster decoder of JPEGs is a short cut.

What is not plain RGB has one meaning: alpha lies over white, also a palette's; of an animation the first frame counts; EXIF, or
else XMP, turns the image; 16 bits of grey become 8 by division by 257, and of 16 bits of colour the upper 8 are kept; CMYK
becomes RGB as Pillow converts it; colour profiles (ICC, gamma) are left aside, as they were in 2021.
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
# Of a JPEG: each scan of a progressive one visits every block, so that a few bytes cost the time of a whole image. Encoders make
# some ten.
MAX_SCANS = 64

Pixels = UInt8[np.ndarray, "height width 3"]


class ImageLimits(Settings):
    """Which images are taken; key `limits` of section `images`."""

    max_bytes: int  # of the file
    max_pixels: int  # width x height, checked before decoding
    min_side: int  # pixels
    max_aspect: float  # long side / short side


class ImageRejected(Exception):
    """The image is not used; the message is the reason, from a fixed vocabulary so that reasons can be counted."""


def decode(content: bytes, limits: ImageLimits, least: int = 0) -> Pixels:
    """Returns the image's RGB pixels, upright.

    With `least`, a JPEG that is at least twice as large may come reduced, to no less than so many pixels along either side, and any
    JPEG by a faster and coarser transform: not pixel for pixel as other libraries decode it. Raises ImageRejected with the reason.
    """
    kind = _format(content, limits)
    if kind == "JPEG":
        return _decode_jpeg(content, limits, least)
    if kind == "WEBP":  # whose decoder makes room for the whole canvas when it opens the file
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
    """The size that an extended WEBP states (RFC 9649, section 2.7); the other kinds have no canvas beside their image."""
    if content[12:16] == b"VP8X" and len(content) >= 30:
        width, height = (int.from_bytes(content[start : start + 3], "little") + 1 for start in (24, 27))
        _check_size(height, width, limits)


def _decode_jpeg(content: bytes, limits: ImageLimits, least: int) -> Pixels:
    """Grey and colour JPEGs by simplejpeg, which is faster; CMYK, and whatever simplejpeg does not read, by Pillow."""
    if content.count(b"\xff\xda") > MAX_SCANS:  # between two scans' data these bytes mean the start of the next
        raise ImageRejected("too many scans")
    pixels = _decode_fast(content, limits, least)
    if pixels is None:
        return _decode_with_pillow(content, limits)
    return _upright(pixels, _orientation_of_jpeg(content))


def _decode_fast(content: bytes, limits: ImageLimits, least: int) -> Pixels | None:
    """The pixels as they are stored, or None.

    simplejpeg raises ValueError for what libjpeg only warns of, and its header reader KeyError for a subsampling it does not know.
    """
    fast = bool(least)
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(content)
        _check_size(height, width, limits)
        if colours not in ("YCbCr", "RGB", "Gray"):
            return None
        # Factors below 2 take longer than the whole image, and are coarser.
        return simplejpeg.decode_jpeg(content, "RGB", fast, fast, least, least, 2.0 if fast else 1.0)
    except (ImageRejected, MemoryError):
        raise
    except Exception:
        return None


def _orientation_of_jpeg(content: bytes) -> int:
    if b"Exif\0\0" not in content and b"tiff:Orientation" not in content:  # in EXIF or XMP, wherever that lies in the file
        return 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
                return _orientation(image)
    except Exception:  # as in _orientation: the pixels are there
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
    """The RGB pixels of an open image as `decode` gives them; raises what Pillow raises."""
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
    """The orientation 1..8 of EXIF, or else of XMP; 1 where both are absent or unreadable."""
    try:
        value = image.getexif().get(ORIENTATION, 1)
    except Exception:  # a broken EXIF block does not make the image worse
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
