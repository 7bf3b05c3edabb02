"use strict";
// Writes on after a prompt, and colours what was read by a memory cell.

/** Which codes a text has; an Error names what the model never read. */
function textCodes(task, text) {
  const places = new Map(Array.from(task.vocabulary, (symbol, code) => [symbol, code]));
  if (task.level === "word") {
    const pattern = task.tokens === "space" ? /[^\s]+|\n/g : /<unk>|[\p{L}\p{N}_]+(?:['’-][\p{L}\p{N}_]+)*|[^\p{L}\p{N}_\s]|\n/gu;
    const words = (task.lowercase ? text.toLowerCase() : text).match(pattern) ?? [];
    return words.map((word) => places.get(word) ?? 0);
  }
  const symbols = task.level === "byte" ? [...new TextEncoder().encode(text)] : Array.from(text);
  const unknown = task.level === "byte" ? Array.from(text).filter((c) => [...new TextEncoder().encode(c)].some((b) => !places.has(b))) : symbols.filter((c) => !places.has(c));
  if (unknown.length) throw new Error(`The model never read ${[...new Set(unknown)].join(" ")}: leave it out.`);
  return symbols.map((symbol) => places.get(symbol));
}

/** Codes to text, one after the other: a byte may end a character that others began. */
function textDecoder(task) {
  const bytes = new TextDecoder();
  let before = null;
  return (code) => {
    const symbol = task.vocabulary[code];
    if (task.level === "byte") return bytes.decode(Uint8Array.of(symbol), { stream: true });
    if (task.level === "character") return symbol;
    const marks = task.tokens === "word" && ("([{".includes(before) || ".,;:!?)]}'’".includes(symbol));
    const joined = before === null || [before, symbol].includes("\n") || marks;
    before = symbol;
    return joined ? symbol : ` ${symbol}`;
  };
}

/** Draws a symbol; temperature 0 takes the likeliest. */
function draw(logits, temperature, random = Math.random) {
  if (temperature === 0) return argmax(logits);
  const weights = softmax(logits.map((logit) => logit / temperature));
  let left = random();
  for (let code = 0; code < weights.length; code++) if ((left -= weights[code]) < 0) return code;
  return argmax(weights);
}

/** Cells in the order of how slowly they change, those that hardly move at all last. */
function slowCells(memories) {
  const cells = Array.from(memories[0], (_, k) => {
    const held = memories.map((memory) => Math.tanh(memory[k]));
    const mean = held.reduce((a, b) => a + b, 0) / held.length;
    const spread = held.reduce((sum, value) => sum + (value - mean) ** 2, 0) / held.length;
    let change = 0;
    for (let t = 1; t < held.length; t++) change += (held[t] - held[t - 1]) ** 2 / held.length;
    return { k, slowness: spread < 0.02 ? -1 : spread / (change + 1e-3) };
  });
  return cells.sort((a, b) => b.slowness - a.slowness).map(({ k }) => k);
}

demos.text = (root, task, [model]) => {
  const MOST = 2000; // symbols written at once
  const FRAME = 6; // symbols a frame of the screen at most: slow enough to read along
  const STRENGTH = 0.6; // of the colours, below the text
  const widths = model.fields.features;
  const read = []; // {span, memories: one c a layer} of every symbol
  let carry, logits, decode, temperature = 0.7, layer = 0, cell = 0, running = false, slow = 0;

  const prompt = element("textarea", { value: task.prompt, rows: 2, spellcheck: false });
  const out = element("div", { className: "text", tabIndex: 0, role: "region", ariaLabel: "The text" });
  const told = element("p", { className: "wrong", role: "alert", hidden: true });
  const number = element("input", { type: "number", min: 1, max: widths[0], value: 1 });
  const write = button("Write", () => (running ? stop() : begin()), { className: "first" });
  const more = button("Go on", () => go(), { disabled: true });

  const paint = ({ span, memories }) => {
    span.style.background = colour(Math.tanh(memories[layer][cell]), STRENGTH);
  };
  const show = (code, given) => {
    const step = model.step(code, carry);
    ({ carry, logits } = step);
    const span = element("span", given ? { className: "read" } : {}, decode(code));
    read.push({ span, memories: carry.map(({ c }) => c) });
    paint(read.at(-1));
    out.append(span);
  };
  const choose = (chosen) => {
    cell = Math.min(Math.max(chosen, 0), widths[layer] - 1);
    read.forEach(paint);
  };
  const stop = () => {
    running = false;
    write.textContent = "Write";
    more.disabled = !read.length;
  };
  const take = () => {
    stop();
    read.length = 0;
    out.replaceChildren();
    carry = undefined;
    decode = textDecoder(task);
    told.hidden = true;
    try {
      const codes = textCodes(task, prompt.value);
      if (!codes.length) throw new Error("Write at least one character to start from.");
      codes.forEach((code) => show(code, true));
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
      more.disabled = true;
    }
    return told.hidden;
  };
  const begin = () => take() && go();
  const go = () => {
    running = true;
    write.textContent = "Stop";
    more.disabled = true;
    let left = MOST;
    const frame = () => {
      const until = performance.now() + 12;
      for (let k = 0; k < FRAME && running && left && performance.now() < until; k++, left--)
        show(draw(logits, temperature), false);
      out.scrollTop = out.scrollHeight;
      if (running && left) requestAnimationFrame(frame);
      else stop();
    };
    requestAnimationFrame(frame);
  };
  number.addEventListener("input", () => number.value && choose(Number(number.value) - 1));
  const slowly = button("A slow cell", () => {
    if (read.length < 2) return;
    const order = slowCells(read.map(({ memories }) => memories[layer]));
    number.value = 1 + order[slow++ % Math.min(8, order.length)];
    choose(Number(number.value) - 1);
  });
  const layers = choice("Layer", widths.map((_, k) => k + 1), (chosen) => {
    layer = chosen;
    number.max = widths[layer];
    choose(cell);
  });
  const legend = element("span", { className: "legend" }, "negative", element("i"), "positive");
  root.append(
    labelled("Beginning", prompt, { wide: true }),
    told,
    element("div", { className: "controls" },
      write, more,
      slider("Temperature", { min: 0, max: 1.5, step: 0.05, value: temperature, show: (value) => value.toFixed(2), change: (value) => (temperature = value) })),
    out,
    element("div", { className: "controls" },
      widths.length > 1 ? layers : [],
      labelled(`Memory cell, 1 to ${Math.max(...widths)}`, number), slowly, legend),
  );
  prompt.addEventListener("change", take);
  take();
};
