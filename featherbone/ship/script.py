"""The script beside an export: some twenty lines that name what is on images, with NumPy, Pillow and the runtime.

Nothing of the network is written into it: names of classes and numbers stand in ``export.json``, which it reads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from featherbone.data.decode import load_image
from featherbone.errors import FeatherboneError
from featherbone.nn import Preprocessing
from featherbone.scratch import scratch
from featherbone.ship.exported import RECORD, ExportedNetwork
from featherbone.ship.promise import log_probabilities
from featherbone.ship.reference import outputs_of
from featherbone.ship.target import INT8, ExportForm, Script

NAME = "predict.py"
TIME = 300  # seconds that it may take
FLOATS_ALIKE, INTEGERS_ALIKE = 1e-3, 5e-2  # of a probability: a pixel may be rounded to another integer

TEXT = '''"""Names what is on images: python {name} IMAGE...   It needs: pip install numpy pillow {packages}"""
import json
import sys
from pathlib import Path

import numpy as np
{imports}
from PIL import Image, ImageOps

HERE = Path(__file__).resolve().parent
ABOUT = json.loads((HERE / "{record}").read_text(encoding="utf-8"))
SEEN = ABOUT["preprocessing"]
SIDE = SEEN["resolution"]
{lines}


def pixels(path):
    """The centre square of an upright image, on white: uint8 (1, SIDE, SIDE, channels)."""
    picture = Image.open(path)
    if picture.format == "JPEG":
        picture.draft(None, (2 * round(SIDE / SEEN["crop"]),) * 2)
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert("L" if SEEN["channels"] == 1 else "RGB")
    side = min(picture.size)
    kept = side * SEEN["crop"]
    left, top = ((length - side) // 2 + (side - kept) / 2 for length in picture.size)
    how = getattr(Image.Resampling, SEEN["interpolation"].upper())
    square = picture.resize((SIDE, SIDE), how, box=(left, top, left + kept, top + kept))
    return np.asarray(square).reshape(1, SIDE, SIDE, SEEN["channels"])


{probabilities}


for path in sys.argv[1:]:
    shares = probabilities(pixels(path))
    best = int(shares.argmax())
    print(json.dumps({{"path": path, "class": ABOUT["classes"][best], "probability": float(shares[best])}}))
'''
OF_IMAGES = """def probabilities(images):
    return answer(images)[0]"""
OF_TENSORS = """def probabilities(images):
    tensors = ((images / 255 - SEEN["mean"]) / SEEN["std"]).astype(np.float32).transpose(0, 3, 1, 2)
    logits = np.float64(answer(np.ascontiguousarray(tensors))[0])
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()"""


def script_text(script: Script, form: ExportForm) -> str:
    """The script of a target's file.

    >>> from featherbone.ship.targets import find_target
    >>> text = script_text(find_target("onnx").script, ExportForm(input="image"))
    >>> "featherbone" in text, "import onnxruntime" in text
    (False, True)
    """
    return TEXT.format(
        name=NAME,
        packages=" ".join(script.packages),
        imports=script.imports,
        record=RECORD,
        lines=script.lines,
        probabilities=OF_IMAGES if form.takes_images else OF_TENSORS,
    )


def check_script(exported: ExportedNetwork) -> None:
    """Run the script beside an export in a fresh process, and compare its answers with ours, on pictures of all kinds.

    Raises:
        FeatherboneError: it fails, or names another class or probability.
    """
    record = exported.record
    with scratch() as folder:
        paths = made_up_pictures(folder)
        found = _answers(exported.folder / NAME, paths)
        for path, told in zip(paths, found, strict=True):
            ours = _ours(exported, path)
            alike = INTEGERS_ALIKE if record.precision == INT8 else FLOATS_ALIKE
            place = record.classes.index(told["class"])
            if abs(ours[place] - told["probability"]) > alike or ours[place] < ours.max() - alike:
                raise FeatherboneError(
                    f"the script {NAME} says {told['class']!r} with {told['probability']:.4f} of {path.name}; this "
                    f"featherbone says {record.classes[int(ours.argmax())]!r} with {ours.max():.4f}",
                    hint="report it, with the model",
                )


def _answers(script: Path, paths: Sequence[Path]) -> list[dict[str, object]]:
    command = [sys.executable, str(script), *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=TIME, check=False)
    except subprocess.TimeoutExpired as error:
        raise FeatherboneError(f"the script {script} did not end within {TIME} seconds") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["without a word"]
        raise FeatherboneError(f"the script {script} fails: {last[0][:200]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def _ours(exported: ExportedNetwork, path: Path) -> np.ndarray:
    """The probabilities of a picture as ``featherbone predict`` says them, (classes,)."""
    record, seen = exported.record, exported.record.preprocessing
    image = load_image(path, resolution=seen.resolution, channels=seen.channels, view=seen.view)
    found = outputs_of(exported.open(), record.form, seen, image[None])
    shares: np.ndarray = found[0] if record.form.takes_images else np.exp(log_probabilities(found))[0]
    return shares


def made_up_pictures(folder: Path) -> list[Path]:
    """Pictures of all kinds: upright and turned, with and without colour and transparency, PNG and JPEG."""
    wide, tall = (Image.fromarray(image) for image in (made_up(1, 90, 140, 3)[0], made_up(1, 400, 300, 3)[0]))
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = wide.convert("RGBA")
    clear.putalpha(Image.fromarray(made_up(1, 90, 140, 1)[0, :, :, 0]))
    paths = [folder / name for name in ("it's wide.png", "turned.jpg", "clear.png", 'grey "one".png')]
    wide.save(paths[0])
    tall.save(paths[1], exif=turned)
    clear.save(paths[2])
    wide.convert("L").save(paths[3])
    return paths


def made_up(count: int, height: int, width: int, channels: int, *, seed: int = 0) -> np.ndarray:
    """Images without a subject, uint8 (N, H, W, C): smooth colours with a little noise, from dark to light.

    >>> made_up(2, 4, 6, 3).shape
    (2, 4, 6, 3)
    """
    draw = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width] / max(height, width)
    images = np.empty((count, height, width, channels))
    for place in np.ndindex(count, channels):
        waves = draw.uniform(-12, 12, (4, 2))
        turns = draw.uniform(0, 2 * np.pi, 4)
        field = sum(np.sin(a * rows + b * columns + turn) for (a, b), turn in zip(waves, turns, strict=True))
        images[place[0], :, :, place[1]] = draw.uniform(60, 195) + draw.uniform(10, 40) * field
    images += draw.normal(0, 8, images.shape)
    return np.clip(images, 0, 255).astype(np.uint8)


def made_up_images(seen: Preprocessing, count: int) -> np.ndarray:
    """Images of a network's size, uint8 (N, H, W, C), for checks without a data set."""
    return made_up(count, seen.resolution, seen.resolution, seen.channels)
