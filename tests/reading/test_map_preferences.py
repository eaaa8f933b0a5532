import numpy as np

from digitrec.datasets import load_dataset
from digitrec.networks.classifier import Activation, Classifier
from digitrec.reading.map_preferences import SHAPES, find_preferences

LEVEL, UPRIGHT = np.array([[1, 1, 1], [0, 0, 0], [-1, -1, -1]]), np.array([[1, 0, -1]] * 3)


class TwoFilters(Classifier):
    """A network of two filters: one for ink below paper, one for ink left of paper."""

    def __init__(self) -> None:
        """Needs no file."""

    def activations(self, image: np.ndarray) -> tuple[Activation, ...]:
        padded = np.pad(image / 255, 1)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        maps = [np.maximum(-(windows * one).sum(axis=(2, 3)), 0)[4:-4, 4:-4] for one in (LEVEL, -UPRIGHT)]
        return (Activation("Convolution 1", np.stack(maps, axis=-1).astype(np.float32)),)


def test_a_filter_for_an_edge_is_found_to_look_for_that_edge() -> None:
    uci = load_dataset("uci").test
    found = find_preferences(TwoFilters(), uci.images[:60], uci.labels[:60])
    assert [one.shape for one in found["Convolution 1"]] == ["upper edges", "right edges"]


def test_every_map_of_the_shipped_network_looks_for_something(classifier: Classifier) -> None:
    uci = load_dataset("uci").test
    found = find_preferences(classifier, uci.images[:60], uci.labels[:60])
    layers = {one.layer: one.values for one in classifier.activations(uci.images[0]) if one.values.ndim == 3}
    assert {layer: len(maps) for layer, maps in found.items()} == {name: v.shape[2] for name, v in layers.items()}
    preferences = [one for maps in found.values() for one in maps]
    assert {one.shape for one in preferences} <= set(SHAPES)
    assert len({one.shape for one in preferences}) > 8
    assert all(first != second for first, second in (one.digits for one in preferences))
