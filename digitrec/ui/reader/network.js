// A network: its layers, one after the other.

// ArrayBuffer of a .safetensors file, and the shapes of the blocks that the network must take and give -> network
function readNetwork(buffer, { input, output }) {
  const { tensors, metadata } = readSafetensors(buffer)
  if (!metadata.network) throw damaged("a file without a network in its header")
  const described = JSON.parse(metadata.network)
  const last = described.layers[described.layers.length - 1]
  if (String(described.input) !== String(input) || String(last.shape) !== String(output))
    throw damaged(`a network that takes ${described.input.join(" × ")} numbers and gives ${last.shape.join(" × ")}`)
  const network = { input, layers: described.layers.map((layer) => withTensors(layer, tensors)) }
  checkLayers(network)
  return network
}

// Runs the network once on a blank input: every layer must give as many numbers as it says.
function checkLayers(network) {
  const made = runNetwork(network, new Float32Array(network.input.reduce((product, length) => product * length)))
  made.forEach(({ name, shape, values }, i) => {
    if (String(shape) !== String(network.layers[i].shape) || !values.every(Number.isFinite))
      throw damaged(`a network whose layer "${name}" does not fit`)
  })
}

function withTensors(layer, tensors) {
  if (!LAYERS[layer.kind]) throw damaged(`a layer of the unknown kind "${layer.kind}"`)
  const filled = { ...layer }
  for (const part of ["kernel", "bias", "factor", "offset"]) {
    if (typeof layer[part] !== "string") continue
    filled[part] = tensors[layer[part]]
    if (!filled[part]) throw damaged(`a file without "${layer[part]}"`)
  }
  return filled
}

// Runs a network on its input, an array of numbers. Returns the output of every layer, { name, kind, shape, values };
// that of the last one is the answer.
function runNetwork(network, input) {
  let block = { shape: network.input, values: Float32Array.from(input) }
  return network.layers.map((layer) => {
    block = LAYERS[layer.kind](layer, block)
    return { name: layer.name, kind: layer.kind, ...block }
  })
}

function answer(network, input) {
  return runNetwork(network, input).pop().values
}
