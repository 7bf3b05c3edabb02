"use strict";
// Reads digits, and shows what the gates do with each.

const GATES = [
  ["i", "Input gate", "stores"],
  ["f", "Forget gate", "keeps"],
  ["o", "Output gate", "shows"],
  ["c", "Memory", "holds"],
];

demos.echo = (root, task, [model]) => {
  const input = element("input", { type: "text", inputMode: "numeric", value: task.example, maxLength: 20, autocomplete: "off", className: "mono" });
  const out = element("div");
  const said = element("p", { className: "answer", ariaLive: "polite" });
  const draw = () => {
    const digits = Array.from(input.value).map((c) => task.symbols.indexOf(c)).filter((k) => k >= 0);
    out.replaceChildren();
    said.textContent = "";
    if (!digits.length) return;
    const { layers } = model.run(digits.map((digit) => oneHot(digit, task.symbols.length)));
    const { steps } = layers[0];
    const beliefs = steps.map(({ h }) => softmax(dense(model.params.Dense_0, h)));
    const last = beliefs.at(-1);
    const best = argmax(last);
    const wanted = digits[task.position];
    const verdict = wanted === undefined ? `; digit ${task.position + 1} is still to come` : wanted === best ? ", right" : `, wrong: ${task.symbols[wanted]}`;
    const length = digits.length === task.length ? "" : ` It learned on ${task.length} digits.`;
    said.textContent = `After ${digits.length} digits it answers ${task.symbols[best]} (${percent(last[best])})${verdict}.${length}`;
    const size = { width: 26, height: 10 };
    const panel = (title, note, columns, height, told, rows = null) => {
      const left = rows ? 18 : 4;
      const heads = digits.map((digit, t) => `<text x="${left + (t + 0.5) * size.width}" y="14" text-anchor="middle">${task.symbols[digit]}</text>`);
      const tall = columns[0].length * height;
      const map = cells(columns, { x: left, y: 20, width: size.width, height, title: told });
      const sides = (rows ?? []).map((row, k) => `<text class="faint" x="2" y="${31 + k * height}">${row}</text>`);
      const frame = digits.length > task.position ? `<rect class="frame" x="${left + task.position * size.width}" y="20" width="${size.width}" height="${tall}"/>` : "";
      const made = drawing(left + digits.length * size.width + 4, 24 + tall, `${title}, ${note}, after each digit`, [...heads, map, ...sides, frame].join(""));
      return element("figure", { style: `width:${left + digits.length * size.width + 4}px` }, element("figcaption", {}, element("b", {}, title), element("br"), note), made);
    };
    const panels = GATES.map(([name, title, note]) => {
      const columns = steps.map((step) => (name === "c" ? step.c.map(Math.tanh) : step[name]));
      return panel(title, note, columns, size.height, (t, k, value) => `unit ${k + 1}, digit ${task.symbols[digits[t]]}: ${value.toFixed(2)}`);
    });
    const told = (t, k, value) => `${task.symbols[k]} after ${t + 1} digits: ${percent(value)}`;
    panels.push(panel("Answer", "if asked now", beliefs, 25, told, task.symbols));
    out.replaceChildren(element("div", { className: "panels" }, panels));
  };
  input.addEventListener("input", draw);
  const random = button("Other digits", () => {
    input.value = Array.from({ length: task.length }, () => task.symbols[Math.floor(Math.random() * task.symbols.length)]).join("");
    draw();
  });
  root.append(element("div", { className: "controls" }, labelled("Digits", input), random), said, out);
  draw();
};
