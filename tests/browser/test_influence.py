"""How much a map speaks for the verdict is what happens to the odds if the map is made a little stronger or weaker."""

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser

from digitrec.datasets.synthetic.samples import own_sample
from digitrec.ink.drawings import render
from digitrec.ink.preprocessing import preprocess
from digitrec.networks.classifier import Classifier
from tests.browser.reader import ReaderPage, as_json, open_reader, shipped_model

pytestmark = pytest.mark.browser
MAPS = 12  # of each layer that are tried

# The scores of all layers, and for some maps of each the change of the log odds, by running the rest of the network.
MEASURE = """
    const { networks: { ink: network } } = await loadModel(await json("model"))
    const layers = runNetwork(network, new Uint8Array(await bytes("image")))
    const digit = indexOfLargest(layers[layers.length - 1].values)
    const influence = measureInfluence(network, layers, digit)
    const end = layers.findIndex(({ kind }) => kind === "softmax")
    const logOdds = (logits) => {
      const others = [...logits].filter((_, i) => i !== digit)
      return logits[digit] - Math.log(others.reduce((sum, one) => sum + Math.exp(one), 0))
    }
    const oddsWith = (start, channel, factor) => {
      const { shape, values } = layers[start]
      let block = { shape, values: values.map((value, i) => (i % shape[2] === channel ? value * factor : value)) }
      for (let i = start + 1; i < end; i++) block = LAYERS[network.layers[i].kind](network.layers[i], block)
      return logOdds(block.values)
    }
    const found = []
    layers.forEach((layer, index) => {
      if (!influence[index] || !["conv", "pool"].includes(layer.kind)) return
      for (let map = 0; map < maps; map++) {
        const change = (oddsWith(index, map, 1 + step) - oddsWith(index, map, 1 - step)) / (2 * step)
        found.push([layer.name, influence[index][map], change])
      }
    })
    return found"""


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[ReaderPage]:
    with open_reader(browser) as page:
        page.hand_over("model", as_json(shipped_model()))
        yield page


def test_influence_is_the_change_of_the_odds(reader: ReaderPage) -> None:
    image = preprocess(render(own_sample(5, np.random.default_rng(0)).drawing)).image
    assert image is not None
    reader.hand_over("image", image.tobytes())
    found = reader.run(MEASURE, maps=MAPS, step=0.01)
    names = [name for name, *_ in found]
    scores, changes = np.array([numbers for _, *numbers in found]).T
    assert {"Convolution 1", "Pooling 2", "Convolution 6"} <= set(names)
    assert np.abs(changes).max() > 0.3
    np.testing.assert_allclose(scores, changes, atol=0.02 * np.abs(changes).max())
    assert np.corrcoef(scores, changes)[0, 1] > 0.999


def test_at_the_last_layer_it_is_what_its_weights_say(reader: ReaderPage, classifier: Classifier) -> None:
    image = preprocess(render(own_sample(3, np.random.default_rng(1)).drawing)).image
    assert image is not None
    reader.hand_over("image", image.tobytes())
    ours = reader.run(
        """const { networks: { ink: network } } = await loadModel(await json("model"))
        const layers = runNetwork(network, new Uint8Array(await bytes("image")))
        const end = layers.findIndex(({ kind }) => kind === "softmax")
        return [...measureInfluence(network, layers, 3)[end - 2]]"""
    )
    weights, biases = classifier.last_layer()
    features = classifier.features(image[None])[0]
    logits = features @ weights.T + biases
    others = np.exp(logits - logits.max()) * (np.arange(len(logits)) != 3)
    gradient = -others / others.sum()
    gradient[3] = 1
    theirs = features * (gradient @ weights)
    assert np.abs(np.array(ours) - theirs).max() < 0.1 * np.abs(theirs).max()  # the server calculates in 8 bits
