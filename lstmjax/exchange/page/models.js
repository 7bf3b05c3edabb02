"use strict";
// The architectures of lstmjax: each a function (params, fields, inputs) -> {outputs, ...}, whose
// names and settings are those of the Python classes. `outputs` is a list with one array a step, or
// one array where the model answers once. `layers` holds the steps of every LSTM, for looking inside.

/** A model from its JSON: {kind, fields, params}. */
function loadModel({ kind, fields, params }) {
  const weights = unpack(params);
  const model = { kind, fields, params: weights };
  model.run = (inputs) => families[kind](weights, fields, inputs);
  if (kind === "Generative") model.step = (symbol, carry) => generativeStep(weights, fields, symbol, carry);
  if (kind === "EncoderDecoder") {
    model.start = (source) => encode(weights, fields, source);
    model.step = (symbol, state) => decode(weights, fields, symbol, state);
  }
  return model;
}

/** The dense layer on every step's output, or on what is left at the end. */
function answer(params, fields, outputs, ends) {
  if (fields.every_step) return outputs.map((h) => dense(params, h));
  return dense(params, concatenate(...ends.map((carry) => carry.h)));
}

/** A source's vectors: those of symbols, or the vectors as they are. */
function readSource(params, fields, source) {
  return source.map((symbol) => {
    if (typeof symbol !== "number") return symbol;
    if (fields.embedding) return embed(params.embed_source, symbol);
    return oneHot(symbol, fields.source_symbols ?? fields.outputs);
  });
}

const families = {
  Vanilla(params, fields, inputs) {
    const layer = lstm(params.LSTM_0, inputs);
    return { outputs: answer(params.Dense_0, fields, layer.outputs, [layer.carry]), layers: [layer] };
  },

  Stacked(params, fields, inputs) {
    const layers = [];
    let hidden = inputs;
    for (let k = 0; k < fields.features.length; k++) {
      layers.push(lstm(params[`LSTM_${k}`], hidden));
      hidden = layers[k].outputs;
    }
    return { outputs: answer(params.Dense_0, fields, hidden, [layers.at(-1).carry]), layers };
  },

  /** Frames are {size, data}, as `convolutionPool` takes them. */
  CnnLstm(params, fields, frames) {
    const read = frames.map((frame) => {
      fields.filters.forEach((_, k) => {
        frame = convolutionPool(params[`convolution_${k}`], frame, fields.pool);
      });
      return frame.data;
    });
    return families.Vanilla(params, fields, read);
  },

  Bidirectional(params, fields, inputs) {
    const names = fields.direction === "both" ? ["forward", "backward"] : [fields.direction];
    const layers = names.map((name) => lstm(params[name], inputs, { reverse: name === "backward" }));
    const merge = (parts) => {
      if (parts.length === 1) return parts[0];
      if (fields.merge === "concat") return concatenate(...parts);
      const [a, b] = parts;
      if (fields.merge === "mul") return a.map((value, k) => value * b[k]);
      return a.map((value, k) => (value + b[k]) / (fields.merge === "ave" ? 2 : 1));
    };
    const steps = (of) => (fields.every_step ? of.outputs : [of.carry.h]);
    const outputs = steps(layers[0]).map((_, t) =>
      dense(params.Dense_0, merge(layers.map((layer) => steps(layer)[t]))),
    );
    return { outputs: fields.every_step ? outputs : outputs[0], layers };
  },

  StackedBidirectional(params, fields, inputs) {
    const layers = [];
    let read = { outputs: inputs };
    fields.features.forEach((_, k) => {
      read = bothWays(params[`forward_${k}`], params[`backward_${k}`], read.outputs);
      layers.push(...read.directions);
    });
    return { outputs: answer(params.Dense_0, fields, read.outputs, read.carries), layers };
  },

  /** Inputs are {words: [code], characters: [[code]]}. */
  Tagger(params, fields, { words, characters }) {
    const vectors = words.map((word, t) => {
      const spelled = characters[t].map((code) => embed(params.characters_embedding, code));
      const { carries } = bothWays(params.spelling_forward, params.spelling_backward, spelled);
      return concatenate(embed(params.words_embedding, word), ...carries.map((carry) => carry.h));
    });
    const layers = [];
    let hidden = vectors;
    fields.features.forEach((_, k) => {
      const read = bothWays(params[`layer_${k}_forward`], params[`layer_${k}_backward`], hidden);
      hidden = read.outputs;
      layers.push(...read.directions);
    });
    return { outputs: hidden.map((h) => dense(params.Dense_0, h)), layers };
  },

  /** Inputs are {source: symbols or vectors, length: steps to write}. */
  RepeatVector(params, fields, { source, length }) {
    const { carry } = lstm(params.encoder, readSource(params, fields, source));
    const layer = lstm(params.decoder, new Array(length).fill(carry.h));
    return { outputs: layer.outputs.map((h) => dense(params.Dense_0, h)), layers: [layer] };
  },

  /** The same inputs; every step reads the likeliest symbol of the one before. */
  EncoderDecoder(params, fields, { source, length }) {
    let state = encode(params, fields, source);
    let symbol = -1;
    const outputs = [];
    const attention = [];
    for (let k = 0; k < length; k++) {
      const written = decode(params, fields, symbol, state);
      state = written.state;
      outputs.push(written.logits);
      attention.push(written.attention);
      symbol = argmax(written.logits);
    }
    return { outputs, attention };
  },

  Generative(params, fields, symbols) {
    let carry;
    const steps = symbols.map((symbol) => {
      const read = generativeStep(params, fields, symbol, carry);
      carry = read.carry;
      return read;
    });
    return { outputs: steps.map((read) => read.logits), carry };
  },
};

/** Reads one symbol: the logits of the next, and the carry, one {c, h, i, f, g, o} a layer. */
function generativeStep(params, fields, symbol, before) {
  const count = fields.features.length;
  let hidden = fields.embedding
    ? embed(params.embed, symbol)
    : oneHot(symbol, fields.outputs, Math.sqrt(fields.outputs));
  const carry = [];
  for (let k = 0; k < count; k++) {
    const layer = params[`layers_${k}`];
    carry.push(lstmStep(layer, hidden, before ? before[k] : zeroCarry(layer)));
    hidden = carry[k].h;
  }
  if (!fields.tied) return { logits: dense(params.head, hidden), carry };
  const scale = fields.embedding_bound === null ? Math.sqrt(fields.embedding) : 1;
  const logits = Float32Array.from({ length: fields.outputs }, (_, code) =>
    embed(params.embed, code).reduce((sum, value, k) => sum + (value * hidden[k]) / scale, 0),
  );
  return { logits, carry };
}

/** Reads a source: the state from which `decode` writes. */
function encode(params, fields, source) {
  let hidden = readSource(params, fields, source);
  const carries = fields.features.map((width, k) => {
    if (!fields.bidirectional) {
      const layer = lstm(params[`encoder_${k}`], hidden);
      hidden = layer.outputs;
      return layer.steps.length ? layer.carry : zeroCarry(params[`encoder_${k}`]);
    }
    const read = bothWays(params[`encoder_${k}`], params[`backward_${k}`], hidden);
    hidden = read.outputs;
    const [ahead, back] = read.carries;
    return { c: concatenate(ahead.c, back.c), h: concatenate(ahead.h, back.h) };
  });
  return { carries, memory: hidden };
}

/** Reads the symbol written last: the logits of the next, the state, and where it looked. */
function decode(params, fields, symbol, { carries, memory }) {
  let hidden = fields.embedding ? embed(params.embed_target, symbol) : oneHot(symbol, fields.outputs);
  const after = carries.map((before, k) => {
    const step = lstmStep(params[`decoder_${k}`], hidden, before);
    hidden = step.h;
    return step;
  });
  let attention = null;
  if (fields.attention !== "none") {
    attention = attend(params, fields.attention, hidden, memory);
    const context = weightedSum(attention, memory);
    hidden = dense(params.combine, concatenate(context, hidden)).map(Math.tanh);
  }
  return { logits: dense(params.head, hidden), state: { carries: after, memory }, attention };
}
