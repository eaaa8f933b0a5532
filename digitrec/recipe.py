"""How a network is trained: every setting in one frozen value."""

from dataclasses import dataclass

from digitrec.augmentation import Augmentation


@dataclass(frozen=True)
class Recipe:
    """Settings of one training.

    Attributes
    ----------
    network : a name in `digitrec.architectures.ARCHITECTURES`.
    epochs, batch : passes over the data, and images a step.
    learning_rate : the highest; reached after `warmup` of all steps, then falling to zero along half a cosine.
    weight_decay : of AdamW (Loshchilov and Hutter, 2019).
    averaging : momentum of the running average of the weights, which is what is kept at the end.
    augmentation : what is done to the images, anew in each epoch.
    seed : of weights, order, dropout and augmentation.
    """

    network: str = "digitrec"
    epochs: int = 18
    batch: int = 128
    learning_rate: float = 3e-3
    warmup: float = 0.1
    weight_decay: float = 1e-2
    averaging: float = 0.999
    augmentation: Augmentation = Augmentation()
    seed: int = 17
