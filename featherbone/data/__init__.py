"""A folder of images by class → a checked index → a uint8 cache → batches.

`open_dataset` needs no torch; `featherbone.data.batches`, which makes tensors, does.
"""

from featherbone.data.dataset import Dataset, Split, open_dataset, open_photos
from featherbone.data.decode import load_image
from featherbone.data.named import NAMED

__all__ = ["NAMED", "Dataset", "Split", "load_image", "open_dataset", "open_photos"]
