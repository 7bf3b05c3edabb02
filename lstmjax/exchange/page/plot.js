"use strict";
// Drawings that one changes with a pointer or the arrow keys.

/** Calls `draw` with the width there is, now and whenever that changes. */
function fit(holder, draw, most = 860) {
  let last = 0;
  const measure = () => {
    const width = Math.min(Math.round(holder.clientWidth) || 320, most);
    if (width !== last) draw((last = width));
  };
  new ResizeObserver(() => requestAnimationFrame(measure)).observe(holder);
  return { redraw: () => draw(last || Math.min(holder.clientWidth || 320, most)) };
}

/**
 * Lets a drawing's values be changed: a pointer draws, left and right choose one, up and down move it.
 * `place(x, y)` maps a point, as shares of the holder's drawing, to [index, value].
 */
function editable(holder, { count, step, place, read, write, label }) {
  const state = { cursor: null };
  Object.assign(holder, { tabIndex: 0, ariaLabel: label });
  holder.setAttribute("role", "application");
  holder.classList.add("editable");
  let drawing = null; // the value drawn last
  const at = (event) => {
    const box = holder.querySelector("svg").getBoundingClientRect();
    return place((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  const clamp = (value) => Math.min(Math.max(value, 0), 1);
  holder.addEventListener("pointerdown", (event) => {
    const spot = at(event);
    if (!spot) return;
    holder.setPointerCapture(event.pointerId);
    [state.cursor] = drawing = spot;
    write(spot[0], clamp(spot[1]));
  });
  holder.addEventListener("pointermove", (event) => {
    const spot = drawing && at(event);
    if (!spot) return;
    // all that lies between two places of the pointer
    const [from, to] = [drawing[0], spot[0]];
    for (let k = Math.min(from, to); k <= Math.max(from, to); k++) {
      const share = from === to ? 1 : (k - from) / (to - from);
      write(k, clamp(drawing[1] + share * (spot[1] - drawing[1])));
    }
    [state.cursor] = drawing = spot;
  });
  for (const end of ["pointerup", "pointercancel"]) holder.addEventListener(end, () => (drawing = null));
  holder.addEventListener("keydown", (event) => {
    const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const upward = { ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (!sideways && !upward) return;
    event.preventDefault();
    const now = state.cursor ?? count() - 1;
    state.cursor = state.cursor === null ? now : Math.min(Math.max(now + (sideways ?? 0), 0), count() - 1);
    write(state.cursor, clamp(read(state.cursor) + (upward ?? 0) * step));
  });
  return state;
}

/** Round numbers that an axis from `low` to `high` shows. */
function ticks(low, high, most = 5) {
  const rough = (high - low) / most || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((size) => size >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + step / 1e6; k++) found.push(k * step);
  return found;
}

const shortly = (value) => String(Number(value.toPrecision(4)));

/** The frame of a line chart: what maps steps and values to places, and the axis as SVG source. */
function chart({ width, height, steps, low, high }) {
  const left = 14 + 7.5 * Math.max(...ticks(low, high).map((value) => shortly(value).length));
  const x = (t) => left + ((width - left - 8) * (t + 0.5)) / steps;
  const y = (value) => 10 + (height - 20) * (1 - (value - low) / (high - low));
  const axis = ticks(low, high)
    .map((value) => {
      const line = path([[left, y(value)], [width, y(value)]], 'class="axis"');
      return `${line}<text class="faint" x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${shortly(value)}</text>`;
    })
    .join("");
  const place = (across, down) => {
    const t = Math.floor(((across * width - left) / (width - left - 8)) * steps);
    return [t, 1 - (down * height - 10) / (height - 20)];
  };
  return { x, y, axis, place };
}
