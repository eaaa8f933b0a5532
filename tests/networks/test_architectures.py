import pytest

from digitrec.ink.strips import FRAMES
from digitrec.networks.architectures import (
    ARCHITECTURES,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Frames,
    MaxPooling,
    Sharing,
    count_parameters,
    outline,
)
from digitrec.networks.classifier import Classifier
from digitrec.networks.ctc import BLANK
from digitrec.training.published import recipe_for

# As published, or counted by hand from the published layers.
PARAMETERS = {
    "cnn-tiny": 4_518,
    "dense-128": 784 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10,
    "dense-300-100": 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10,
    "digitrec": 300_569,
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_can_be_built_and_ends_in_its_probabilities(name: str) -> None:
    layers = ARCHITECTURES[name].layers
    reads_numbers = ARCHITECTURES[name].reads == "number"
    rows = outline(layers, ARCHITECTURES[name].width)
    assert all(min(row.shape) >= 1 for row in rows)
    assert rows[-1].shape == ((FRAMES, BLANK + 1) if reads_numbers else (10,))
    ends = {(Frames(BLANK + 1),)} if reads_numbers else {(Dense(10, "softmax"),), (Dense(11, "softmax"), Sharing())}
    assert any(layers[-len(end) :] == end for end in ends)
    assert sum(isinstance(layer, Flatten) for layer in layers) == (not reads_numbers)
    assert all(0 < layer.rate < 1 for layer in layers if isinstance(layer, Dropout))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_are_plain_data_with_a_recipe(name: str) -> None:
    assert isinstance(hash(ARCHITECTURES[name]), int)
    assert ARCHITECTURES[name].about.endswith(".")
    assert recipe_for(name).network == name


@pytest.mark.parametrize(("name", "parameters"), PARAMETERS.items())
def test_parameters_are_those_published(name: str, parameters: int) -> None:
    assert count_parameters(ARCHITECTURES[name].layers) == parameters


def test_the_shipped_model_is_the_network_that_its_card_names(classifier: Classifier) -> None:
    assert classifier.card.parameters == count_parameters(ARCHITECTURES[classifier.card.network].layers)


def test_activations_have_the_shapes_that_the_catalogue_gives(classifier: Classifier, ink: object) -> None:
    layers = ARCHITECTURES[classifier.card.network].layers
    expected = [
        row.shape
        for layer, row in zip(layers, outline(layers), strict=True)
        if isinstance(layer, Convolution | MaxPooling | Dense | Sharing)
    ]
    answers = classifier.activations(classifier.read(ink).preprocessed.image)
    seen = [answer.values.shape for answer in answers if not answer.layer.startswith("Softmax")]
    assert seen == expected
