"""Training: recipe -> worker process -> run folder -> learning curves -> model folder.

TensorFlow is loaded in `worker` and `shipped` alone, which the app never imports. The names below are what the programs
of `keras_code` import; they stay, wherever the modules move.
"""

from digitrec.datasets.synthetic.composing import image_writers
from digitrec.datasets.synthetic.number_strips import compose_strips
from digitrec.networks.ctc import encode
from digitrec.training.augmentation import Augmentation, augment
from digitrec.training.recipe import Recipe
from digitrec.training.splits import split_for

__all__ = ["Augmentation", "Recipe", "augment", "compose_strips", "encode", "image_writers", "split_for"]
