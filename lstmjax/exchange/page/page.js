"use strict";
// What the demonstrations share: elements, colours, heat maps, and the start of all of them.
// Colours are style sheet variables, so that light and dark need no drawing anew.

const demos = {}; // name -> (root, task, models)

/** Fills every demonstration on the page, one after the other, so that the page shows at once. */
function start() {
  const waiting = [...document.querySelectorAll(".demo")];
  const next = () => {
    const root = waiting.shift();
    if (!root) return;
    const { demo, task, models } = JSON.parse(root.querySelector("script").textContent);
    try {
      demos[demo](root, task, models.map((model) => ({ name: model.name, ...loadModel(model) })));
    } catch (error) {
      root.append(element("p", { class: "wrong", role: "alert" }, `This demonstration failed: ${error.message}`));
      console.error(error);
    }
    setTimeout(next);
  };
  next();
}

let identities = 0;

/** An element: attributes that are functions listen, `value` and the like are set as properties. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (name in made && !["list", "form"].includes(name)) made[name] = value;
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat());
  return made;
}

/** A control with its label, which is beside it or, if it is wide, above it. */
function labelled(text, control, { wide = false, after = null } = {}) {
  control.id ||= `control-${++identities}`;
  const parts = [element("label", { htmlFor: control.id }, text), control];
  if (after) parts.push(after);
  return element("div", { className: wide ? "field wide" : "field" }, parts);
}

function button(text, click, attributes = {}) {
  return element("button", { type: "button", click, ...attributes }, text);
}

/** A slider that shows its value; `change` is called with it. */
function slider(text, { min, max, step, value, change, show = String }) {
  const shown = element("output", {}, show(value));
  const control = element("input", { type: "range" });
  Object.assign(control, { min, max, step, value });
  control.addEventListener("input", () => {
    shown.textContent = show(Number(control.value));
    change(Number(control.value));
  });
  return labelled(text, control, { after: shown });
}

/** A choice of one of some names. */
function choice(text, names, change) {
  const options = names.map((name, k) => element("option", { value: k }, name));
  const control = element("select", { change: () => change(Number(control.value)) }, options);
  return labelled(text, control);
}

/** The colour of a number from -1 to 1: cool below zero, warm above, none at zero. */
function colour(value, strength = 1) {
  const share = Math.min(Math.abs(value), 1) * strength;
  return `rgb(var(--${value < 0 ? "cool" : "warm"}) / ${share.toFixed(3)})`;
}

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text) => String(text).replace(/[&<>"]/g, (mark) => escapes[mark]);

/** A drawing from SVG source; `label` says what there is to see. */
function drawing(width, height, label, source) {
  const holder = element("div", { className: "drawing" });
  holder.innerHTML =
    `<svg viewBox="0 0 ${width} ${height}" style="max-width:${width}px" role="img" ` +
    `aria-label="${escaped(label)}">${source}</svg>`;
  return holder;
}

/** Cells of a heat map as SVG source: `values` is a list of columns, each from top to bottom. */
function cells(values, { x = 0, y = 0, width, height, strength = 1, title = null }) {
  return values
    .map((column, t) =>
      Array.from(column, (value, k) => {
        const told = title ? `<title>${escaped(title(t, k, value))}</title>` : "";
        const place = `x="${x + t * width}" y="${y + k * height}" width="${width}" height="${height}"`;
        return `<rect class="cell" ${place} style="fill:${colour(value, strength)}">${told}</rect>`;
      }).join(""),
    )
    .join("");
}

/** A path through points [x, y]. */
function path(points, attributes) {
  const steps = points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}`);
  return `<path d="${steps.join("")}" ${attributes}/>`;
}

const percent = (share) => (share > 0 && share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`);
