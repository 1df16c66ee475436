"""Decoding what the web holds: every oddity has one meaning, every rejection a reason."""
import io

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from clip_italian.data.images import ImageLimits, ImageRejected, decode

LIMITS = ImageLimits(max_bytes=1 << 20, max_pixels=1_000_000, min_side=32, max_aspect=20.0)
RNG = np.random.default_rng(0)


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    """A picture without symmetry, smooth enough to survive JPEG."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) * 2], axis=-1).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def reason_of(content: bytes, limits: ImageLimits = LIMITS) -> str:
    with pytest.raises(ImageRejected) as caught:
        decode(content, limits)
    return str(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_allowed_format_gives_the_picture_it_holds(kind):
    options = {"quality": 95} if kind in ("JPEG", "WEBP") else {}
    pixels = decode(encoded(Image.fromarray(gradient()), kind, **options), LIMITS)
    assert np.abs(pixels.astype(int) - gradient()).mean() < 4


def test_the_fast_decoder_gives_the_pixels_that_pillow_gives():
    content = encoded(Image.fromarray(gradient()), "JPEG", quality=90)
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(decode(content, LIMITS), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_as_exif_transpose_turns_it(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(gradient()), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(decode(content, LIMITS), expected)


def test_alpha_is_laid_over_white_whatever_lies_beneath_it():
    transparent = np.zeros((40, 40, 4), np.uint8)
    half = transparent + np.array([0, 0, 0, 128], np.uint8)
    assert (decode(encoded(Image.fromarray(transparent), "PNG"), LIMITS) == 255).all()
    assert set(np.unique(decode(encoded(Image.fromarray(half), "PNG"), LIMITS))) == {127}


def test_a_transparent_palette_colour_is_white():
    palette = Image.new("P", (40, 40))
    palette.putpalette([10, 20, 30])
    assert (decode(encoded(palette, "PNG", transparency=0), LIMITS) == 255).all()
    assert (decode(encoded(palette, "PNG"), LIMITS) == [10, 20, 30]).all()


def test_sixteen_bit_grey_is_divided_by_257():
    grey = np.full((40, 40), 257 * 100, np.uint16)
    assert (decode(encoded(Image.fromarray(grey), "PNG"), LIMITS) == 100).all()


@pytest.mark.parametrize(("mode", "colour", "expected"), [("L", 7, 7), ("LA", (7, 255), 7), ("1", 1, 255)])
def test_grey_and_black_and_white_become_equal_channels(mode, colour, expected):
    assert (decode(encoded(Image.new(mode, (40, 40), colour), "PNG"), LIMITS) == expected).all()


def test_cmyk_becomes_the_colour_that_is_printed():
    pixels = decode(encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "JPEG", quality=95), LIMITS)
    assert np.abs(pixels.astype(int) - [255, 0, 0]).max() < 8


def test_of_an_animation_the_first_frame_is_taken():
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert (decode(content, LIMITS) == [255, 0, 0]).all()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty file"),
        (b"<html><body>404</body></html>", "a web page, not an image"),
        (b"  \n<!DOCTYPE html>", "a web page, not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "format not allowed"),
        (b"II*\x00" + bytes(100), "format not allowed"),
        (b"\xff\xd8\xff" + bytes(100), "damaged image"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged image"),
        (bytes(2 << 20), "file too large"),
    ],
)
def test_what_is_no_picture_is_rejected_with_its_reason(content, reason):
    assert reason_of(content) == reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_cut_anywhere_is_rejected_and_never_crashes(kind):
    content = encoded(Image.fromarray(RNG.integers(0, 255, (40, 60, 3), dtype=np.uint8)), kind)
    for length in range(0, len(content) * 9 // 10, len(content) // 25):
        assert reason_of(content[:length]) in ("empty file", "format not allowed", "damaged image")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_random_damage_ends_in_pixels_or_a_reason(kind):
    content = encoded(Image.fromarray(gradient()), kind)
    for _ in range(150):
        mutated = bytearray(content)
        for position in RNG.integers(0, len(content), 4):
            mutated[position] = RNG.integers(256)
        try:
            assert decode(bytes(mutated), LIMITS).dtype == np.uint8
        except ImageRejected as reason:
            assert str(reason)


def test_the_size_is_checked_before_a_pixel_is_decoded():
    # 10,000 x 10,000 bilevel pixels in a few kilobytes: decoded, they would be 300 MB.
    bomb = encoded(Image.new("1", (10_000, 10_000)), "PNG")
    assert len(bomb) < 1 << 16
    assert reason_of(bomb) == "too many pixels"
    beyond_pillows_own_limit = bytearray(bomb)
    beyond_pillows_own_limit[16:24] = b"\x00\x00\xff\xff\x00\x00\xff\xff"
    assert reason_of(bytes(beyond_pillows_own_limit)) in ("too many pixels", "damaged image")


@pytest.mark.parametrize(
    ("size", "reason"), [((1, 1), "too small"), ((31, 40), "too small"), ((32, 641), "too elongated")]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_pictures_too_small_or_too_long_are_rejected(size, reason, kind):
    assert reason_of(encoded(Image.new("RGB", size), kind)) == reason


def test_a_grey_jpeg_takes_the_fast_way_to_three_channels():
    grey = simplejpeg.encode_jpeg(np.full((40, 40, 1), 90, np.uint8), colorspace="GRAY")
    assert np.abs(decode(grey, LIMITS).astype(int) - 90).max() <= 1
