"use strict";
// Writes the answer to a source, and shows where the decoder looked.

/** The symbols of a side: tokens, characters, or the letters that these are composed of. */
function splitSymbols(text, level) {
  if (level === "token") return text.split(/\s+/).filter(Boolean);
  return Array.from(level === "letter" ? text.normalize("NFD") : text);
}

/** The text of a side's symbols; letters are composed again. */
function joinSymbols(symbols, level) {
  const text = symbols.join(level === "token" ? " " : "");
  return level === "letter" ? text.normalize("NFC") : text;
}

/** The likeliest sequences that a beam of partial ones leads to; a beam of one is greedy. */
function beamSearch(model, source, { beam, longest, stop }) {
  let kept = [{ last: -1, total: 0, symbols: [], attention: [], state: model.start(source), ended: false }];
  for (let k = 0; k < longest && !kept.every(({ ended }) => ended); k++) {
    const candidates = kept.flatMap((before) => {
      if (before.ended) return [{ before, total: before.total, symbol: null }];
      const read = model.step(before.last, before.state);
      return logSoftmax(read.logits).map((score, symbol) => ({ before, total: before.total + score, symbol, read }));
    });
    candidates.sort((a, b) => b.total - a.total);
    kept = candidates.slice(0, beam).map(({ before, total, symbol, read }) => {
      if (symbol === null) return before;
      const symbols = [...before.symbols, symbol];
      const attention = [...before.attention, read.attention];
      return { last: symbol, total, symbols, attention, state: read.state, ended: symbol === stop };
    });
  }
  return kept;
}

/** The answers to a text, likeliest first, each {text, names, attention, total}; and what was read. */
function pairsAnswers(task, model, text) {
  const places = new Map(task.sourceVocabulary.map((symbol, code) => [symbol, code]));
  let read = splitSymbols(text, task.source);
  if (task.reverseSource) read = read.reverse();
  if (task.padTo) read = [...Array(Math.max(task.padTo - read.length, 0)).fill(" "), ...read];
  const unknown = task.unknown === null ? read.find((symbol) => !places.has(symbol)) : undefined;
  if (unknown !== undefined) throw new Error(`The model does not read ${unknown}.`);
  if (!read.length) return { read, answers: [] };
  const source = read.map((symbol) => places.get(symbol) ?? task.unknown);
  const found = model.start ? beamSearch(model, source, task) : [runOnce(task, model, source)];
  const answers = found.map(({ symbols, attention, total }) => {
    const names = symbols.filter((symbol) => symbol !== task.stop).map((symbol) => task.targetVocabulary[symbol]);
    const ordered = task.reverseAnswer ? [...names].reverse() : names;
    return { text: joinSymbols(ordered, task.target).trim(), names, attention, total };
  });
  return { read, answers };
}

/** What a model without steps writes at once. */
function runOnce(task, model, source) {
  const { outputs } = model.run({ source, length: task.longest });
  const all = outputs.map((logits) => argmax(logits));
  const end = task.stop === null ? -1 : all.indexOf(task.stop);
  const symbols = end < 0 ? all : all.slice(0, end);
  const total = symbols.reduce((sum, symbol, k) => sum + logSoftmax(outputs[k])[symbol], 0);
  return { symbols, attention: [], total };
}

/** How much each symbol written looked at each symbol read. */
function attentionMap(read, names, attention, stop) {
  const rows = attention.map((_, k) => names[k] ?? stop);
  const width = Math.max(26, ...read.map((symbol) => 8 * symbol.length + 10));
  const left = 12 + 8 * Math.max(...rows.map((name) => name.length));
  const heads = read.map((name, t) => {
    const at = `x="${left + (t + 0.5) * width}" y="16" text-anchor="middle"`;
    return `<text ${at}>${escaped(name === " " ? "␣" : name)}</text>`;
  });
  const sides = rows.map((name, k) => `<text x="${left - 6}" y="${42 + 26 * k}" text-anchor="end">${escaped(name === " " ? "␣" : name)}</text>`);
  const columns = read.map((_, t) => attention.map((weights) => weights[t]));
  const title = (t, k, value) => `${rows[k]} looks at ${read[t]}: ${percent(value)}`;
  const map = cells(columns, { x: left, y: 24, width, height: 26, title });
  const size = [left + width * read.length + 2, 26 + 26 * rows.length];
  const label = `Attention: for each of ${rows.join(" ")}, how much it looks at each of ${read.join(" ")}`;
  const made = drawing(...size, label, heads.join("") + sides.join("") + map);
  made.firstChild.style.minWidth = `${Math.min(size[0], 900)}px`;
  return made;
}

demos.pairs = (root, task, [model]) => {
  const input = element("input", { type: "text", value: task.examples[0] ?? "", spellcheck: false, autocomplete: "off", className: "mono" });
  const out = element("div", { ariaLive: "polite" });
  const sum = (text) => {
    const terms = text.split("+").map((term) => term.trim());
    if (terms.some((term) => !/^\d+$/.test(term))) return null;
    const numbers = terms.map(Number);
    const { smallest, largest } = task.sum;
    const learned = numbers.length === task.sum.terms && numbers.every((n) => n >= smallest && n <= largest);
    return { total: numbers.reduce((a, b) => a + b, 0), learned };
  };
  const verdict = (text, said) => {
    const truth = task.sum && sum(text);
    if (!truth) return [];
    const right = String(truth.total) === said;
    const words = [right ? ", right" : `, wrong: it is ${truth.total}`];
    if (!truth.learned) words.push(`. It learned sums of ${task.sum.terms} numbers from ${task.sum.smallest} to ${task.sum.largest} only.`);
    return element("small", { className: right ? "right" : "wrong" }, words.join(""));
  };
  const answer = () => {
    let found;
    try {
      found = pairsAnswers(task, model, input.value.trim());
    } catch (error) {
      out.replaceChildren(element("p", { className: "wrong" }, error.message));
      return;
    }
    const [best, ...others] = found.answers;
    if (!best) return out.replaceChildren();
    const share = percent(Math.exp(best.total));
    const parts = [
      element("p", { className: "answer" }, element("b", { className: "mono" }, best.text || "(nothing)"),
        element("small", { className: "muted" }, ` with probability ${share}`), verdict(input.value, best.text)),
    ];
    if (others.length) {
      const told = others.map(({ text, total }) => `${text} (${percent(Math.exp(total))})`);
      parts.push(element("p", { className: "muted" }, `Next: ${told.join(", ")}`));
    }
    if (best.attention[0]) {
      const order = task.reverseAnswer ? ", the last first" : "";
      parts.push(element("p", { className: "muted" }, `Where it looks: a row for each symbol that it writes${order}, a column for each that it read.`));
      parts.push(attentionMap(found.read, best.names, best.attention, "end"));
    }
    out.replaceChildren(...parts);
  };
  input.addEventListener("input", answer);
  const examples = task.examples.map((text) => button(text, () => ((input.value = text), answer())));
  root.append(
    labelled(task.sum ? "Sum" : "Source", input, { wide: true }),
    element("div", { className: "controls", role: "group", ariaLabel: "Examples" }, examples),
    out,
  );
  answer();
};
