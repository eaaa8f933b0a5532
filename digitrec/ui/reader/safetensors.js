// Reads the numbers of a network from a .safetensors file: eight bytes with the length of a header, the header as JSON,
// and then nothing but numbers, where the header says.

const NUMBERS = { F16: readHalves, F32: (buffer, from, to) => new Float32Array(buffer.slice(from, to)) }
const BYTES = { F16: 2, F32: 4 }

// ArrayBuffer -> { tensors: name -> { shape, values: Float32Array }, metadata: name -> text }
function readSafetensors(buffer) {
  const start = buffer.byteLength < 8 ? 0 : 8 + Number(new DataView(buffer).getBigUint64(0, true))
  if (start < 8 || start > buffer.byteLength) throw damaged(`${buffer.byteLength} bytes, which have no header`)
  const { __metadata__: metadata = {}, ...entries } = readHeader(buffer, start)
  const tensors = {}
  for (const [name, entry] of Object.entries(entries)) tensors[name] = readTensor(buffer, start, name, entry)
  return { tensors, metadata }
}

function readHeader(buffer, start) {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, start - 8)))
  } catch {
    throw damaged("a header that is not JSON")
  }
}

function readTensor(buffer, start, name, { dtype, shape, data_offsets: [from, to] = [] }) {
  if (!NUMBERS[dtype]) throw damaged(`"${name}" with numbers of type ${dtype}`)
  const count = shape.reduce((product, length) => product * length, 1)
  if (!(from >= 0) || start + to > buffer.byteLength || to - from !== count * BYTES[dtype])
    throw damaged(`the tensor "${name}", whose ${count} numbers are not all there`)
  return { shape, values: NUMBERS[dtype](buffer, start + from, start + to) }
}

// A float16 has one bit for the sign, five for the exponent and ten for the fraction.
function readHalves(buffer, from, to) {
  return Float32Array.from(new Uint16Array(buffer.slice(from, to)), (bits) => {
    const sign = bits >> 15 ? -1 : 1
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    if (exponent === 31) return fraction ? NaN : sign * Infinity
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024))
  })
}

// Refuses a file that is not the one on the model's card. Browsers compute hashes only on secure pages.
async function checkHash(buffer, expected) {
  if (!expected || !globalThis.crypto?.subtle) return
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer))
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")
  if (found !== expected) throw damaged(`a file with the SHA-256 ${found.slice(0, 12)}…, not ${expected.slice(0, 12)}…`)
}

function damaged(received) {
  return new Error(
    `Expected the weights of a network as a .safetensors file. Received: ${received}. Load the page again; if that does not help, write the file again with \`digitrec weights\`.`
  )
}
