import pytest

from digitrec.architectures import ARCHITECTURES, Convolution, Dense, Dropout, Flatten, Layer, MaxPooling, Rescale
from digitrec.classifier import Classifier


def shapes_and_parameters(layers: tuple[Layer, ...]) -> tuple[list[tuple[int, ...]], int]:
    shape, shapes, parameters = (28, 28, 1), [], 0
    for layer in layers:
        match layer:
            case Convolution(filters, size, padding):
                lost = 0 if padding == "same" else size - 1
                parameters += size * size * shape[-1] * filters + 4 * filters  # and four to normalise each
                shape = (shape[0] - lost, shape[1] - lost, filters)
            case MaxPooling(size):
                shape = (shape[0] // size, shape[1] // size, shape[2])
            case Flatten():
                shape = (shape[0] * shape[1] * shape[2],)
            case Dense(units):
                parameters += (shape[0] + 1) * units
                shape = (units,)
            case Rescale() | Dropout():
                pass
        shapes.append(shape)
    return shapes, parameters


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_can_be_built_and_ends_in_ten_probabilities(name: str) -> None:
    layers = ARCHITECTURES[name]
    shapes, _ = shapes_and_parameters(layers)
    assert all(min(shape) >= 1 for shape in shapes)
    assert layers[-1] == Dense(10, "softmax")
    assert sum(isinstance(layer, Flatten) for layer in layers) == 1


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_network_begins_with_greys_from_0_to_1(name: str) -> None:
    assert ARCHITECTURES[name][0] == Rescale(1 / 255)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_networks_are_plain_data(name: str) -> None:
    assert isinstance(hash(ARCHITECTURES[name]), int)
    assert all(0 < layer.share < 1 for layer in ARCHITECTURES[name] if isinstance(layer, Dropout))


def test_the_shipped_model_is_the_network_that_its_card_names(classifier: Classifier) -> None:
    _, parameters = shapes_and_parameters(ARCHITECTURES[classifier.card.network])
    assert classifier.card.parameters == parameters


def test_activations_have_the_shapes_that_the_catalogue_gives(classifier: Classifier, ink: object) -> None:
    layers = ARCHITECTURES[classifier.card.network]
    shapes, _ = shapes_and_parameters(layers)
    expected = [
        shape
        for layer, shape in zip(layers, shapes, strict=True)
        if isinstance(layer, Convolution | MaxPooling | Dense)
    ]
    answers = classifier.activations(classifier.read(ink).preprocessed.image)
    seen = [answer.values.shape for answer in answers if not answer.layer.startswith("Softmax")]
    assert seen == expected
