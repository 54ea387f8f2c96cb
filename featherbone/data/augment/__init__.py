"""Random changes to a batch of images, each image with its own draw, all images at once, wherever they are.

Drawing and changing are two steps: `draw` takes every random number of a pass over images from a generator on the CPU,
so that the seed alone decides how each is changed, whatever batch it comes in; the rest computes where the images are.
One file holds one idea:

- `settings`: what to do, as a value; `draws`: the random numbers of a pass; `apply`: all of it, in order.
- on uint8 pixels, before they are normalised: `resized_crop`; `operations` (in `warp`, `enhance`, `tables`, `hue`),
  which `policies` chooses for TrivialAugment, RandAugment and colour jitter.
- on normalised images: `affine`, `crop`, `erase`; `mix` for mixup and CutMix.
"""

from featherbone.data.augment.apply import change_images, change_pixels
from featherbone.data.augment.draws import Draws, draw
from featherbone.data.augment.mix import mixed
from featherbone.data.augment.settings import Augment

__all__ = ["Augment", "Draws", "change_images", "change_pixels", "draw", "mixed"]
