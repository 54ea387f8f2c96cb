"""Whatever an image file holds becomes the right 8-bit pixels, or one reason."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from featherbone.data import decode as decode_module
from featherbone.data.decode import BadImage, Header, decode, load_image, read_header
from featherbone.errors import FeatherboneError
from featherbone.view import View

Encode = Callable[..., bytes]
RAMP = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_formats_keep_every_pixel(encode: Encode, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(decode(encode(RAMP, kind, **options), resolution=4, channels=3), RAMP)


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_lossy_formats_come_close(encode: Encode, kind: str) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), dtype=np.uint8)
    pixels = decode(encode(flat, kind), resolution=16, channels=3).astype(int)
    assert np.abs(pixels - flat).max() <= 3


def test_grey_is_copied_to_three_channels_and_colour_is_reduced_to_luma(encode: Encode) -> None:
    grey = np.arange(16, dtype=np.uint8).reshape(4, 4)
    assert np.array_equal(decode(encode(grey), resolution=4, channels=3), np.stack([grey] * 3, axis=2))
    assert np.array_equal(decode(encode(grey), resolution=4, channels=1)[:, :, 0], grey)
    red = np.full((2, 2, 3), (255, 0, 0), dtype=np.uint8)
    assert decode(encode(red), resolution=2, channels=1).ravel().tolist() == [76] * 4  # 0.299 · 255


def test_sixteen_bits_are_scaled_and_not_clipped(encode: Encode) -> None:
    deep = np.array([[0, 257], [32896, 65535]], dtype=np.uint16)
    for kind in ("PNG", "TIFF"):
        content = encode(deep, kind)
        assert decode(content, resolution=2, channels=1)[:, :, 0].tolist() == [[0, 1], [128, 255]]
        assert read_header(content).grey


def test_sixteen_bit_ppm_is_scaled() -> None:
    content = b"P5 2 1 65535 " + struct.pack(">2H", 65535, 32896)
    assert decode(content + b"", resolution=1, channels=1).ravel().tolist() == [255]


def test_sixteen_bit_colour_is_scaled() -> None:
    row = b"\0" + struct.pack(">3H", 65535, 32896, 257)
    content = _png(1, 1, depth=16, colour=2, data=zlib.compress(row))
    assert decode(content, resolution=1, channels=3).ravel().tolist() == [255, 128, 1]


def test_values_without_an_agreed_range_are_refused(encode: Encode) -> None:
    with pytest.raises(BadImage, match="floating-point"):
        decode(encode(np.ones((2, 2), dtype=np.float32), "TIFF"), resolution=2, channels=1)
    with pytest.raises(BadImage, match="from -5 to -5"):
        decode(encode(np.full((2, 2), -5, dtype=np.int32), "TIFF"), resolution=2, channels=1)


def test_cmyk_becomes_rgb(encode: Encode) -> None:
    content = encode(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")
    assert np.abs(decode(content, resolution=8, channels=3)[4, 4].astype(int) - (255, 0, 0)).max() <= 3
    assert not read_header(content).grey


def test_palette_becomes_rgb(encode: Encode) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([0, 1])
    assert decode(encode(image), resolution=1, channels=3).ravel().tolist() == [10, 20, 30]


def test_transparency_is_composited_on_white(encode: Encode) -> None:
    black = np.zeros((1, 3, 4), dtype=np.uint8)
    black[0, :, 3] = (0, 51, 255)
    pixels = [decode(encode(black[:, i : i + 1]), resolution=1, channels=3).ravel().tolist() for i in range(3)]
    assert pixels == [[255] * 3, [204] * 3, [0] * 3]
    grey = Image.fromarray(np.array([[[0, 51]]], dtype=np.uint8), "LA")
    assert decode(encode(grey), resolution=1, channels=1).ravel().tolist() == [204]


def test_transparent_palette_entry_is_white(encode: Encode) -> None:
    image = Image.new("P", (1, 1))
    image.putpalette([10, 20, 30])
    assert decode(encode(image, transparency=0), resolution=1, channels=3).ravel().tolist() == [255] * 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_is_used(encode: Encode, kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    with Image.open(io.BytesIO(content)) as check:
        assert check.n_frames == 2
    assert decode(content, resolution=8, channels=3)[4, 4].tolist() == [255, 0, 0]


def test_exif_rotation_is_applied(encode: Encode) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show rotated clockwise
    upright = decode(encode(RAMP, "PNG", exif=exif), resolution=4, channels=3)
    assert np.array_equal(upright, np.rot90(RAMP, k=-1))


def test_the_shorter_side_is_resized_and_the_centre_is_kept(encode: Encode) -> None:
    wide = np.zeros((4, 12, 3), dtype=np.uint8)
    wide[:, 4:8] = 255
    for image in (wide, wide.transpose(1, 0, 2)):
        assert decode(encode(image), resolution=4, channels=3).min() == 255
        assert decode(encode(image), resolution=2, channels=3).shape == (2, 2, 3)
        assert decode(encode(image), resolution=16, channels=3).shape == (16, 16, 3)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(256, 256), (384, 256), (256, 384), (96, 64), (20, 16)])
def test_a_view_is_resize_and_centre_crop(encode: Encode, size: tuple[int, int], interpolation: str) -> None:
    """The published way, in two steps: the shorter side becomes 32, and the centre 28 are cut out."""
    width = size[0]
    noise = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    smooth = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    short, long = min(size), round(32 * max(size) / min(size))
    whole = smooth.resize(
        (32, long) if width == short else (long, 32), getattr(Image.Resampling, interpolation.upper())
    )
    left, top = ((side - 28) / 2 for side in whole.size)
    expected = np.asarray(whole.crop((round(left), round(top), round(left) + 28, round(top) + 28))).astype(int)
    view = View(crop=0.875, interpolation=interpolation)
    found = decode(encode(np.asarray(smooth)), resolution=28, channels=3, view=view).astype(int)
    assert np.abs(found - expected).mean() < 0.6
    all_of_it = decode(encode(np.asarray(smooth)), resolution=28, channels=3).astype(int)
    assert np.abs(found - all_of_it).mean() > 5


def test_a_view_of_the_size_that_is_there_resamples_nothing(encode: Encode) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (32, 40, 3), dtype=np.uint8)
    for interpolation in ("bilinear", "bicubic"):
        view = View(crop=0.875, interpolation=interpolation)
        assert np.array_equal(decode(encode(noise), resolution=28, channels=3, view=view), noise[2:30, 6:34])


def test_a_view_of_a_single_pixel_is_that_pixel(encode: Encode) -> None:
    one = np.full((1, 1, 3), 77, dtype=np.uint8)
    assert decode(encode(one), resolution=3, channels=3, view=View(crop=0.2)).ravel().tolist() == [77] * 27


def test_resizing_is_antialiased(encode: Encode) -> None:
    stripes = np.zeros((64, 64), dtype=np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(decode(encode(stripes), resolution=8, channels=1).astype(int) - 127).max() <= 8


def test_a_thin_image_does_not_explode(encode: Encode) -> None:
    assert decode(encode(np.zeros((1, 60_000), dtype=np.uint8)), resolution=224, channels=1).shape == (224, 224, 1)


def test_a_large_jpeg_is_decoded_at_a_fraction_that_does_not_show(encode: Encode) -> None:
    wave = np.rint(127 + 100 * np.sin(np.arange(800) / 3)).astype(np.uint8)
    stripes = np.broadcast_to(wave[:, None], (800, 800))
    for resolution in (50, 150, 300):
        pixels = decode(encode(stripes, "JPEG", quality=95), resolution=resolution, channels=1)[:, :, 0].astype(int)
        small = Image.fromarray(stripes).resize((resolution, resolution), Image.Resampling.BILINEAR)
        assert np.abs(pixels - np.asarray(small)).mean() <= 5
    part = decode(encode(stripes, "JPEG", quality=95), resolution=150, channels=1, view=View(crop=0.4))[:, :, 0]
    small = Image.fromarray(stripes).resize((150, 150), Image.Resampling.BILINEAR, box=(240, 240, 560, 560))
    assert np.abs(part.astype(int) - np.asarray(small)).mean() <= 5


def test_huge_images_are_refused_before_anything_is_decoded() -> None:
    content = _png(30_000, 30_000, depth=8, colour=2, data=b"")
    assert len(content) < 100
    with pytest.raises(BadImage, match=r"30000×30000 \(900,000,000 pixels\), more than the limit of 80,000,000"):
        read_header(content)
    with pytest.raises(BadImage, match="30000×30000"):
        decode(content, resolution=8, channels=3)


def test_a_size_at_the_limit_passes() -> None:
    assert read_header(_png(10_000, 8_000, depth=8, colour=0, data=b"")) == Header(
        width=10_000, height=8_000, grey=True
    )
    with pytest.raises(BadImage, match="10000×8001"):
        read_header(_png(10_000, 8_001, depth=8, colour=0, data=b""))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"])
def test_truncated_files_are_refused(encode: Encode, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    content = encode(noise, kind)
    for kept in (len(content) // 2, 12):
        with pytest.raises(BadImage, match=r"is truncated|can't be decoded"):
            decode(content[:kept], resolution=64, channels=3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"notes about cats", "is not an image in one of the formats PNG, JPEG, BMP, GIF, WEBP, TIFF, PPM"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "is a sound or a video"),
        (b"\x89PNG\r\n\x1a\n" + b"garbage that is no chunk", "can't be decoded"),
    ],
)
def test_what_is_no_image_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(BadImage, match=reason):
        read_header(content)


def test_damaged_headers_of_any_kind_become_a_reason(encode: Encode) -> None:
    """Pillow raises many types on damaged data: none may escape."""
    draw = np.random.default_rng(1)
    for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "PPM"):
        content = bytearray(encode(RAMP, kind))
        for _ in range(60):
            damaged = bytearray(content)
            for place in draw.integers(0, len(damaged), 4):
                damaged[place] = draw.integers(0, 256)
            with contextlib.suppress(BadImage):
                assert decode(bytes(damaged), resolution=4, channels=3).shape == (4, 4, 3)


def test_load_image_reads_paths_and_bytes_alike(encode: Encode, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(RAMP))
    for source in (path, str(path), path.read_bytes()):
        assert np.array_equal(load_image(source, resolution=4, channels=3), RAMP)


def test_load_image_names_the_file_and_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeatherboneError, match=r"lost\.png: there is no such file"):
        load_image(tmp_path / "lost.png", resolution=4, channels=3)
    with pytest.raises(FeatherboneError, match="is not a regular file"):
        load_image(tmp_path, resolution=4, channels=3)
    (tmp_path / "big.png").write_bytes(bytes(20))
    monkeypatch.setattr(decode_module, "MAX_FILE_BYTES", 10)
    with pytest.raises(FeatherboneError, match="is 20 bytes, more than the limit of 10"):
        load_image(tmp_path / "big.png", resolution=4, channels=3)


def _png(width: int, height: int, *, depth: int, colour: int, data: bytes) -> bytes:
    """A PNG written by hand, so that its header may claim anything."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
