// A network: its layers, one after the other.

// ArrayBuffer of a .safetensors file, the shape that it must take and the number of its answers -> network
function readNetwork(buffer, input, outputs) {
  const { tensors, metadata } = readSafetensors(buffer)
  if (!metadata.network) throw damaged("a file without a network in its header")
  const network = JSON.parse(metadata.network)
  const last = network.layers[network.layers.length - 1]
  if (String(network.input) !== String(input) || last.shape[2] !== outputs)
    throw damaged(`a network that takes ${network.input.join(" × ")} numbers and answers with ${last.shape[2]}`)
  return { input: network.input, layers: network.layers.map((layer) => withTensors(layer, tensors)) }
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
