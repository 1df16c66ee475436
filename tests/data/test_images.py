"""Decoding what the web holds: every oddity has one meaning, every rejection a reason."""

import functools
import gzip
import hashlib
import io
import pathlib
import struct
import subprocess
import sys
import warnings
import zlib

import hypothesis
import numpy as np
import pytest
import simplejpeg
from hypothesis import strategies
from PIL import Image, ImageOps

from clip_italian.data.images.images import ImageLimits, ImageRejected, decode

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
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(gradient()), "JPEG", quality=95, exif=exif)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    assert np.array_equal(decode(content, LIMITS), expected)


def turned(orientation: int) -> np.ndarray:
    """The gradient as a camera stores it whose EXIF block says so: what shows upright is always the gradient."""
    turns = [
        None,
        *(
            getattr(Image.Transpose, name)
            for name in ("FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_90", "TRANSVERSE", "ROTATE_270")
        ),
    ]
    image = Image.fromarray(gradient())
    return np.asarray(image if orientation == 1 else image.transpose(turns[orientation - 1]))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_eight_orientations_of_one_picture_are_one_picture(kind):
    upright = []
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"lossless": True} if kind == "WEBP" else {}
        upright.append(decode(encoded(Image.fromarray(turned(orientation)), kind, exif=exif, **options), LIMITS))
    assert all(np.array_equal(pixels, gradient()) for pixels in upright)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(decode(encoded(Image.fromarray(gradient()), "PNG", exif=exif), LIMITS), gradient())


def test_a_broken_exif_block_does_not_make_the_picture_worse():
    plain = encoded(Image.fromarray(gradient()), "JPEG", quality=95)
    block = b"Exif\0\0MM\0*" + b"\xff" * 20
    broken = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain[2:]
    assert np.array_equal(decode(broken, LIMITS), decode(plain, LIMITS))


def test_a_jpeg_that_need_not_be_whole_comes_reduced_and_shows_the_same():
    exif = Image.Exif()
    exif[0x0112] = 6
    large = Image.fromarray(gradient(400, 600))
    for options, shape in (({}, (400, 600)), ({"exif": exif}, (600, 400))):
        content = encoded(large, "JPEG", quality=95, **options)
        whole, reduced = decode(content, LIMITS), decode(content, LIMITS, least=100)
        assert whole.shape[:2] == shape and reduced.shape[:2] == (shape[0] // 4, shape[1] // 4)
        means = whole.reshape(shape[0] // 4, 4, shape[1] // 4, 4, 3).mean(axis=(1, 3))
        assert np.abs(reduced - means).mean() < 1
        assert np.array_equal(decode(content, LIMITS, least=1000).shape, whole.shape)


def pillows(content: bytes) -> np.ndarray | None:
    """What Pillow reads, upright, or None where it does not read the file whole."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            return np.asarray(ImageOps.exif_transpose(image.convert("RGB") if image.mode == "CMYK" else image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, struct.error):
        return None


def ours(content: bytes, least: int = 0) -> np.ndarray | None:
    try:
        return decode(content, LIMITS, least)
    except ImageRejected:
        return None


def segments(content: bytes) -> list[int]:
    """Where each marker of a JPEG's header starts, and that of its end."""
    starts, place = [], 2
    while content[place + 1] != 0xDA:
        starts.append(place)
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return [*starts, place, len(content) - 2]


PLAIN = encoded(Image.fromarray(gradient(64, 96)), "JPEG", quality=90)


@pytest.mark.parametrize("stray", [b"\0", b"\x12\x34", b"\0" * 5, b"\xff", bytes(range(1, 200))])
@pytest.mark.parametrize("least", [0, 16])
def test_stray_bytes_before_any_marker_are_read_over_as_pillow_reads_over_them(stray, least):
    for start in segments(PLAIN)[1:]:  # before the first it would be no JPEG
        content = PLAIN[:start] + stray + PLAIN[start:]
        wanted = pillows(content)
        assert wanted is not None and ours(content, least) is not None
        assert np.array_equal(decode(content, LIMITS), wanted)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
@pytest.mark.parametrize("factors", [0x11, 0x12, 0x14, 0x21, 0x22, 0x24, 0x41, 0x42, 0x44, 0x13, 0x31])
def test_every_subsampling_that_pillow_reads_has_pillows_pixels(subsampling, factors):
    content = bytearray(encoded(Image.fromarray(gradient(64, 64)), "JPEG", quality=90, subsampling=subsampling))
    frame = content.index(b"\xff\xc0")
    content[frame + 11] = factors  # of the first component, luminance
    for least in (0, 16):
        assert (ours(bytes(content), least) is None) == (pillows(bytes(content)) is None)
    if (wanted := pillows(bytes(content))) is not None:
        assert np.array_equal(decode(bytes(content), LIMITS), wanted)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"optimize": True}])
def test_a_damaged_jpeg_is_read_if_pillow_reads_it_and_has_pillows_pixels(options):
    plain = encoded(Image.fromarray(gradient(64, 96)), "JPEG", quality=90, **options)
    draws, read = np.random.default_rng(3), 0
    for _ in range(200):
        content = bytearray(plain)
        start = segments(plain)[-2] if draws.random() < 0.7 else 2  # mostly in the coded pixels
        content[draws.integers(start, len(content))] = draws.integers(256)
        if (wanted := pillows(bytes(content))) is not None and wanted.shape == (64, 96, 3):
            assert np.array_equal(decode(bytes(content), LIMITS), wanted)
            read += 1
        elif wanted is None:
            assert ours(bytes(content)) is None
    assert read > 100


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("least", [0, 16])
def test_a_jpeg_that_was_cut_short_is_refused(options, least):
    content = encoded(Image.fromarray(RNG.integers(0, 255, (64, 96, 3), dtype=np.uint8)), "JPEG", **options)
    assert not [length for length in range(0, len(content) - 2, 97) if ours(content[:length], least) is not None]


@pytest.mark.parametrize("where", ["behind 64 KiB", "in XMP alone"])
def test_an_orientation_counts_wherever_it_stands(where):
    exif = Image.Exif()
    exif[0x0112] = 6
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    if where == "in XMP alone":
        content = encoded(Image.fromarray(gradient()), "JPEG", xmp=xmp)
    else:
        block = b"\xff\xed" + struct.pack(">H", 65000) + bytes(64998)
        content = encoded(Image.fromarray(gradient()), "JPEG", exif=exif)
        content = content[:2] + block * 2 + content[2:]
    assert decode(content, LIMITS).shape == (60, 40, 3)
    assert np.array_equal(decode(content, LIMITS), pillows(content))


def test_a_colour_profile_is_left_aside():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP"):
        plain, profiled = (encoded(Image.fromarray(gradient()), kind, **options) for options in ({}, {"icc_profile": profile}))
        assert np.array_equal(decode(plain, LIMITS), decode(profiled, LIMITS))


def frames(mode: str = "RGB") -> list[Image.Image]:
    first = Image.fromarray(gradient()).convert(mode)
    return [first, ImageOps.flip(first), ImageOps.mirror(first)]


def animated(kind: str, **options: object) -> bytes:
    return encoded(frames()[0], kind, save_all=True, append_images=frames()[1:], **options)


def with_alpha(mode: str) -> Image.Image:
    image = Image.fromarray(gradient()).convert(mode)
    image.putalpha(Image.fromarray(gradient()[..., 0]))
    return image


def palette(transparency: int | bytes) -> bytes:
    image = Image.fromarray(gradient()).quantize(8, method=Image.Quantize.MEDIANCUT)
    return encoded(image, "PNG", transparency=transparency)


SIXTEEN = (np.arange(40 * 60, dtype=np.uint32) * 27).astype(np.uint16).reshape(40, 60)
ODD = {  # and of their pixels, the start of the SHA-256
    "CMYK jpeg": (lambda: encoded(Image.fromarray(gradient()).convert("CMYK"), "JPEG", quality=95), "b25dd0394857"),
    "L png": (lambda: encoded(Image.fromarray(gradient()).convert("L"), "PNG"), "12e5ac06b9d9"),
    "L jpeg": (lambda: encoded(Image.fromarray(gradient()).convert("L"), "JPEG", quality=95), "543f4ab8c02c"),
    "LA png": (lambda: encoded(with_alpha("L"), "PNG"), "3b4dc4eb5ea1"),
    "RGBA png": (lambda: encoded(with_alpha("RGB"), "PNG"), "8ad6c10303e8"),
    "RGBA webp": (lambda: encoded(with_alpha("RGB"), "WEBP", lossless=True), "8ad6c10303e8"),
    "P png": (lambda: encoded(Image.fromarray(gradient()).quantize(8, method=Image.Quantize.MEDIANCUT), "PNG"), "b7ea1a11281c"),
    "P png, one colour transparent": (lambda: palette(3), "d1a5c5724b5a"),
    "P png, each colour with its alpha": (lambda: palette(bytes(range(0, 256, 32))), "2ada643927c8"),
    "1-bit png": (lambda: encoded(Image.fromarray(gradient()).convert("1"), "PNG"), "f82de55a043c"),
    "16-bit grey png": (lambda: encoded(Image.fromarray(SIXTEEN), "PNG"), "250456fb69db"),
    "animated gif": (lambda: animated("GIF"), "70affce18388"),
    "animated webp": (lambda: animated("WEBP", lossless=True), "03bbd580670e"),
    "animated png": (lambda: animated("PNG"), "03bbd580670e"),
    "animated png behind another picture": (lambda: animated("PNG", default_image=True), "03bbd580670e"),
}


@pytest.mark.parametrize("name", ODD)
def test_every_odd_kind_of_picture_has_the_pixels_it_always_had(name):
    make, expected = ODD[name]
    pixels = decode(make(), LIMITS)
    assert pixels.shape == (40, 60, 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest()[:12] == expected


def test_odd_kinds_have_the_pixels_that_their_definitions_give():
    grey = np.asarray(Image.fromarray(gradient()).convert("L"))
    alpha = gradient()[..., :1].astype(float) / 255
    over_white = {"LA png": grey[..., None] * alpha + 255 * (1 - alpha), "RGBA png": gradient() * alpha + 255 * (1 - alpha)}
    for name, expected in over_white.items():
        assert np.abs(decode(ODD[name][0](), LIMITS) - expected).max() <= 1
    assert np.array_equal(decode(ODD["16-bit grey png"][0](), LIMITS)[..., 1], SIXTEEN // 257)
    for name in ("animated webp", "animated png", "animated png behind another picture"):
        assert np.array_equal(decode(ODD[name][0](), LIMITS), gradient())


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
        (b"BM" + bytes(100), "format not allowed"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a web page, not an image"),
        (b'\n<?xml version="1.0"?><svg/>', "a web page, not an image"),
        (gzip.compress(bytes(100), mtime=0), "format not allowed"),
        (b"RIFF\x00\x00\x00\x00WAVE" + bytes(100), "format not allowed"),
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


@pytest.mark.parametrize("kind", ["TIFF", "EPS", "BMP", "PPM"])
def test_a_picture_in_another_format_is_rejected_under_any_name(kind):
    assert reason_of(encoded(Image.fromarray(gradient()), kind)) == "format not allowed"


FILES = {kind: encoded(Image.fromarray(gradient()), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF")}
EDITS = strategies.lists(strategies.tuples(strategies.floats(0, 1, exclude_max=True), strategies.binary(max_size=6)), max_size=4)
REASONS = {
    "empty file",
    "file too large",
    "format not allowed",
    "a web page, not an image",
    "too many pixels",
    "too small",
    "too elongated",
    "too many scans",
    "damaged image",
}


@hypothesis.settings(max_examples=300, deadline=5000, derandomize=True)
@hypothesis.given(strategies.sampled_from(sorted(FILES)), EDITS, strategies.floats(0.5, 1), strategies.sampled_from([0, 32]))
def test_any_damage_ends_in_pixels_or_in_one_of_the_reasons(kind, edits, kept, least):
    content = bytearray(FILES[kind])
    for place, inserted in edits:
        start = int(place * len(content))
        content[start : start + len(inserted)] = inserted
    try:
        pixels = decode(bytes(content[: int(kept * len(content))]), LIMITS, least)
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and min(pixels.shape[:2]) >= 32
    except ImageRejected as reason:
        assert str(reason) in REASONS


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


@pytest.mark.parametrize(("size", "reason"), [((1, 1), "too small"), ((31, 40), "too small"), ((32, 641), "too elongated")])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_pictures_too_small_or_too_long_are_rejected(size, reason, kind):
    assert reason_of(encoded(Image.new("RGB", size), kind)) == reason


def test_a_grey_jpeg_takes_the_fast_way_to_three_channels():
    grey = simplejpeg.encode_jpeg(np.full((40, 40, 1), 90, np.uint8), colorspace="GRAY")
    assert np.abs(decode(grey, LIMITS).astype(int) - 90).max() <= 1


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(*chunks: bytes, width: int = 64, height: int = 64, colour: int = 0) -> bytes:
    """A PNG of black pixels with these chunks before its data; colour type 0 is grey, 6 has alpha."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes((1 + width * (4 if colour == 6 else 1)) * height), 1))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + chunk(b"IEND", b"")


def with_canvas(side: int) -> bytes:
    content = bytearray(animated("WEBP"))
    start = content.index(b"VP8X") + 12
    content[start : start + 6] = (side - 1).to_bytes(3, "little") * 2
    return bytes(content)


def scanned(times: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times."""
    content = encoded(Image.fromarray(gradient(400, 600)), "JPEG", progressive=True)
    start, end = content.rindex(b"\xff\xda"), content.rindex(b"\xff\xd9")
    return content[:start] + content[start:end] * times + content[end:]


def header_of(width: int, height: int) -> bytes:
    """A GIF that states such a size."""
    content = bytearray(encoded(Image.new("P", (64, 64)), "GIF"))
    content[6:10] = struct.pack("<HH", width, height)
    return bytes(content)


@functools.cache
def zeros() -> bytes:
    return zlib.compress(bytes(100 << 20), 1)


BOMBS = {
    "pixels": (lambda: png(width=20_000, height=3_000), "too many pixels"),
    "gif": (lambda: header_of(65535, 65535), "too many pixels"),
    "webp canvas": (lambda: with_canvas(16383), "too many pixels"),
    "text": (lambda: png(chunk(b"zTXt", b"x\0\0" + zeros())), "damaged image"),
    "international text": (lambda: png(chunk(b"iTXt", b"x\0\1\0\0\0" + zeros())), "damaged image"),
    "profile": (lambda: png(chunk(b"iCCP", b"x\0\0" + zeros())), "damaged image"),
    "data": (lambda: png(chunk(b"IDAT", zeros())), None),  # what is beyond the picture is never inflated
    "gzip": (lambda: b"\x1f\x8b\x08" + zeros(), "format not allowed"),
    "scans": (lambda: scanned(5_000), "too many scans"),
    "the largest with alpha": (lambda: png(width=7_000, height=7_100, colour=6), None),
}
LIMITED = r"""
import pathlib, re, resource, sys, time
from clip_italian.data.images.images import ImageLimits, ImageRejected, decode

limits = ImageLimits(max_bytes=20 << 20, max_pixels=50_000_000, min_side=32, max_aspect=20.0)
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for path in sys.argv[1:]:
    start = time.process_time()
    try:
        reason = "-" if decode(pathlib.Path(path).read_bytes(), limits).size else "?"
    except ImageRejected as rejected:
        reason = str(rejected)
    # Not ru_maxrss: that begins with the parent's, whose memory this process had until it became another program.
    peak = int(re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]) >> 10
    print(pathlib.Path(path).name, reason, round(time.process_time() - start, 1), peak, sep="|")
"""


def test_bombs_are_rejected_within_the_memory_and_the_time_that_a_picture_may_take(tmp_path):
    for name, (make, _) in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    command = [sys.executable, "-c", LIMITED, *(str(tmp_path / name) for name in BOMBS)]
    root = pathlib.Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert {name: reason for name, reason, _, _ in rows} == {name: reason or "-" for name, (_, reason) in BOMBS.items()}
    assert max(float(seconds) for _, _, seconds, _ in rows) < 5
    assert max(int(peak) for *_, peak in rows) < 1024


def test_scans_are_counted_and_a_progressive_picture_has_few():
    assert decode(scanned(1), LIMITS).shape == (400, 600, 3)
    assert reason_of(scanned(60)) == "too many scans"


@pytest.mark.parametrize(
    ("size", "reason"),
    [
        ((1, 1), "too small"),
        ((10_000, 1), "too small"),
        ((1, 10_000), "too small"),
        ((10_000, 32), "too elongated"),
        ((32, 10_000), "too elongated"),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP", "JPEG"])
def test_slivers_are_rejected(size, reason, kind):
    assert reason_of(encoded(Image.new("RGB", size), kind)) == reason
