"use strict";
// Continues a series: the rows are a table to write in, and a line to draw.

/** Rows of a table that people paste: commas, semicolons or tabs between cells, empty ones null. */
function readRows(task, text) {
  const numeric = task.means.length;
  const lines = text.split("\n").filter((line) => line.trim());
  return lines.map((line, t) => {
    const cellsOfLine = line.split(/[,;\t]/).map((cell) => cell.trim());
    const wanted = numeric + task.categories.length;
    if (cellsOfLine.length !== wanted) throw new Error(`Line ${t + 1} has ${cellsOfLine.length} cells, not ${wanted}: ${task.columns.join(", ")}.`);
    return cellsOfLine.map((cell, k) => {
      if (k >= numeric || cell === "") return cell || null;
      if (!Number.isFinite(Number(cell))) throw new Error(`Line ${t + 1}: ${cell} is no number.`);
      return Number(cell);
    });
  });
}

demos.series = (root, task, [model]) => {
  let target = 0;
  let truth = task.truth;
  const told = element("p", { className: "wrong", role: "alert", hidden: true });
  const rows = element("textarea", { className: "mono", rows: 8, spellcheck: false, value: task.rows.map((row) => row.map((cell) => cell ?? "").join(",")).join("\n") });
  const holder = element("div");
  const said = element("p", { ariaLive: "polite" });
  let read = [];
  let scale = null;
  const take = () => {
    told.hidden = true;
    try {
      read = readRows(task, rows.value);
      if (read.length < task.history) throw new Error(`${read.length} rows: a forecast reads ${task.history}.`);
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
      return;
    }
    view.redraw();
  };
  const draw = (width) => {
    if (read.length < task.history) return;
    const { median, quantiles } = seriesForecast(task, model, read);
    const shown = Math.max(3 * task.horizon, Math.min(task.history, 72), 24);
    const past = read.slice(-shown).map((row) => row[target]);
    const ahead = median.map((row) => row[target]);
    const band = quantiles && [quantiles.map((row) => row[target][0]), quantiles.map((row) => row[target].at(-1))];
    const after = truth && truth.map((row) => row[target]);
    const all = [...past, ...ahead, ...(band ?? []).flat(), ...(after ?? [])].filter((value) => value !== null && Number.isFinite(value));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const margin = (high - low || 1) * 0.1;
    scale = chart({ width, height: 280, steps: past.length + ahead.length, low: low - margin, high: high + margin });
    scale.range = [low - margin, high + margin];
    scale.first = read.length - past.length;
    const points = (values, start) => values.map((value, k) => [scale.x(start + k), scale.y(value)]).filter(([, y]) => Number.isFinite(y));
    const seen = past.map((value, k) => [value, k]).filter(([value]) => value !== null);
    const last = seen.at(-1) ?? [ahead[0], past.length - 1];
    const link = [scale.x(last[1]), scale.y(last[0])];
    const source = [
      scale.axis,
      band ? path([...points(band[0], past.length), ...points(band[1], past.length).reverse()], 'class="band"') : "",
      path(seen.map(([value, k]) => [scale.x(k), scale.y(value)]), 'class="past"'),
      after ? path([link, ...points(after, past.length)], 'class="past" stroke-dasharray="3 4"') : "",
      path([link, ...points(ahead, past.length)], 'class="ahead"'),
    ];
    if (edit.cursor !== null && edit.cursor >= scale.first && read[edit.cursor][target] !== null)
      source.push(`<circle cx="${scale.x(edit.cursor - scale.first)}" cy="${scale.y(read[edit.cursor][target])}" r="5" fill="none" class="frame"/>`);
    holder.replaceChildren(drawing(width, 280, `${task.targets[target]}: the last ${past.length} values and the forecast`, source.join("")));
    said.textContent = `Forecast of ${task.targets[target]}: ${ahead.map(shortly).join(", ")}${after ? ". Dashed: what came." : "."}`;
  };
  const edit = editable(holder, {
    count: () => read.length,
    step: 0.02,
    label: "The series: draw with a pointer, or choose a value with left and right and move it with up and down",
    place: (x, y) => {
      const [t, share] = scale.place(x, y);
      return t < 0 || scale.first + t >= read.length ? null : [scale.first + t, share];
    },
    read: (t) => ((read[t][target] ?? scale.range[0]) - scale.range[0]) / (scale.range[1] - scale.range[0]),
    write: (t, share) => {
      truth = null;
      read[t][target] = Number((scale.range[0] + share * (scale.range[1] - scale.range[0])).toPrecision(6));
      rows.value = read.map((row) => row.map((cell) => cell ?? "").join(",")).join("\n");
      view.redraw();
    },
  });
  rows.addEventListener("input", () => ((truth = null), take()));
  root.append(
    task.targets.length > 1 ? element("div", { className: "controls" }, choice("Show", task.targets, (k) => ((target = k), view.redraw()))) : [],
    told, holder, said,
    labelled(`At least ${task.history} rows of ${task.columns.join(", ")}, the latest last`, rows, { wide: true }),
  );
  const view = fit(holder, draw);
  take();
};
