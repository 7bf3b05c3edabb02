"use strict";
// The layers of lstmjax in plain JavaScript, in float32. An array of numbers is a Float32Array, a
// sequence is a list of those. Weights are a tree whose leaves are {shape, data}; a layer `cell`
// is {input (width, 4 units), recurrent (units, 4 units), bias}, its columns the gates i f g o.

/** Weights from their packed form: {type, data: base64, leaves: [[path, shape], ...]}. */
function unpack({ type, data, leaves }) {
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = text.charCodeAt(k);
  const all = type === "float16" ? widen(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
  const tree = {};
  let start = 0;
  for (const [path, shape] of leaves) {
    const size = shape.reduce((a, b) => a * b, 1);
    const names = path.split("/");
    let node = tree;
    for (const name of names.slice(0, -1)) node = node[name] ??= {};
    node[names.at(-1)] = { shape, data: all.subarray(start, start + size) };
    start += size;
  }
  return tree;
}

/** Half precision as float32. */
function widen(halves) {
  const all = new Float32Array(halves.length);
  for (let k = 0; k < all.length; k++) {
    const bits = halves[k];
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let value = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
    if (exponent === 31) value = fraction ? NaN : Infinity;
    all[k] = bits & 0x8000 ? -value : value;
  }
  return all;
}

/** Adds x times a matrix (x.length, sum.length) to `sum`; zeros of x, as in one-hot, cost nothing. */
function addProduct(sum, x, matrix) {
  const width = sum.length;
  for (let j = 0; j < x.length; j++) {
    const value = x[j];
    if (value === 0) continue;
    const row = j * width;
    for (let k = 0; k < width; k++) sum[k] += value * matrix[row + k];
  }
}

function dense({ kernel, bias }, x) {
  const sum = bias ? Float32Array.from(bias.data) : new Float32Array(kernel.shape[1]);
  addProduct(sum, x, kernel.data);
  return sum;
}

function oneHot(symbol, symbols, value = 1) {
  const x = new Float32Array(symbols);
  if (symbol >= 0) x[symbol] = value; // START, -1, is all zeros
  return x;
}

function embed({ embedding }, symbol) {
  const width = embedding.shape[1];
  return symbol < 0 ? new Float32Array(width) : embedding.data.subarray(symbol * width, (symbol + 1) * width);
}

function concatenate(...parts) {
  const joined = new Float32Array(parts.reduce((size, part) => size + part.length, 0));
  let start = 0;
  for (const part of parts) {
    joined.set(part, start);
    start += part.length;
  }
  return joined;
}

const sigmoid = (z) => 1 / (1 + Math.exp(-z));

/** Reads one step: the memory c and the output h after it, and what the gates i f o and g were. */
function lstmStep({ cell }, x, before) {
  const units = before.h.length;
  const sum = Float32Array.from(cell.bias.data);
  addProduct(sum, x, cell.input.data);
  addProduct(sum, before.h, cell.recurrent.data);
  const after = {};
  for (const name of "ifgoch") after[name] = new Float32Array(units);
  for (let k = 0; k < units; k++) {
    const i = (after.i[k] = sigmoid(sum[k]));
    const f = (after.f[k] = sigmoid(sum[units + k]));
    const g = (after.g[k] = Math.tanh(sum[2 * units + k]));
    const o = (after.o[k] = sigmoid(sum[3 * units + k]));
    const c = (after.c[k] = f * before.c[k] + i * g);
    after.h[k] = o * Math.tanh(c);
  }
  return after;
}

function zeroCarry({ cell }) {
  const units = cell.recurrent.shape[0];
  return { c: new Float32Array(units), h: new Float32Array(units) };
}

/** Reads a sequence: its steps in the input's order, whichever way they are read, and the last. */
function lstm(layer, inputs, { carry = zeroCarry(layer), reverse = false } = {}) {
  const steps = new Array(inputs.length);
  for (let k = 0; k < inputs.length; k++) {
    const place = reverse ? inputs.length - 1 - k : k;
    carry = steps[place] = lstmStep(layer, inputs[place], carry);
  }
  return { steps, outputs: steps.map((step) => step.h), carry };
}

/** A forward and a backward layer side by side: outputs, and both last carries. */
function bothWays(forward, backward, inputs) {
  const ahead = lstm(forward, inputs);
  const back = lstm(backward, inputs, { reverse: true });
  return {
    outputs: ahead.outputs.map((h, t) => concatenate(h, back.outputs[t])),
    carries: [ahead.carry, back.carry],
    directions: [ahead, back],
  };
}

/**
 * Convolution, relu and max pooling of a frame {size: [height, width, channels], data}, or with one
 * dimension {size: [width, channels], data}: stride 1, valid padding.
 */
function convolutionPool({ kernel, bias }, frame, pool) {
  const flat = frame.size.length === 2;
  const [height, width, channels] = flat ? [1, ...frame.size] : frame.size;
  const [tall, wide, , filters] = flat ? [1, ...kernel.shape] : kernel.shape;
  const poolTall = flat ? 1 : pool;
  const rows = Math.floor((height - tall + 1) / poolTall);
  const columns = Math.floor((width - wide + 1) / pool);
  const out = new Float32Array(rows * columns * filters); // relu: never below zero
  const sum = new Float32Array(filters);
  for (let y = 0; y < rows * poolTall; y++)
    for (let x = 0; x < columns * pool; x++) {
      sum.set(bias.data);
      for (let dy = 0; dy < tall; dy++)
        for (let dx = 0; dx < wide; dx++)
          for (let channel = 0; channel < channels; channel++) {
            const pixel = frame.data[((y + dy) * width + x + dx) * channels + channel];
            if (pixel === 0) continue;
            const row = ((dy * wide + dx) * channels + channel) * filters;
            for (let k = 0; k < filters; k++) sum[k] += pixel * kernel.data[row + k];
          }
      const place = (Math.floor(y / poolTall) * columns + Math.floor(x / pool)) * filters;
      for (let k = 0; k < filters; k++) if (sum[k] > out[place + k]) out[place + k] = sum[k];
    }
  return { size: flat ? [columns, filters] : [rows, columns, filters], data: out };
}

function softmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = Float32Array.from(scores, (score) => Math.exp(score - largest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

function logSoftmax(scores) {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = scores.reduce((sum, score) => sum + Math.exp(score - largest), 0);
  return Array.from(scores, (score) => score - largest - Math.log(total));
}

function argmax(values) {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[best]) best = k;
  return best;
}

/** How much a decoder's output h looks at each of the encoder's outputs. */
function attend(params, kind, h, memory) {
  if (kind === "dot")
    return softmax(memory.map((key) => key.reduce((sum, value, k) => sum + value * h[k], 0)));
  const query = dense(params.score_query, h);
  return softmax(
    memory.map((row) => {
      const key = dense(params.score_memory, row).map((value, k) => Math.tanh(value + query[k]));
      return dense(params.score, key)[0];
    }),
  );
}

function weightedSum(weights, rows) {
  const sum = new Float32Array(rows[0].length);
  rows.forEach((row, t) => {
    for (let k = 0; k < sum.length; k++) sum[k] += weights[t] * row[k];
  });
  return sum;
}
