"use strict";
// Draws the start of a wave, and sees it continued.

demos.wave = (root, task, [model]) => {
  const { length, horizon } = task;
  let [period, decay, ahead] = [Math.round((task.periods[0] + task.periods[1]) / 2), task.decays[0], 4 * horizon];
  let drawn = false; // by hand: there is no true continuation then
  const wave = (t) => 0.5 + 0.5 * Math.sin((2 * Math.PI * (t % period)) / period) * Math.exp(-decay * t);
  let past = [];
  const reset = () => {
    drawn = false;
    past = Array.from({ length }, (_, t) => wave(t));
  };
  reset();
  const holder = element("div");
  const said = element("p", { ariaLive: "polite" });
  let scale = null;
  const draw = (width) => {
    const all = [...past];
    while (all.length < length + ahead) {
      const read = all.slice(-length).map((value) => Float32Array.of(value));
      all.push(...model.run(read).outputs);
    }
    const forecast = all.slice(length, length + ahead);
    const truth = forecast.map((_, k) => wave(length + k));
    scale = chart({ width, height: 260, steps: length + ahead, low: 0, high: 1 });
    const points = (values, start) => values.map((value, k) => [scale.x(start + k), scale.y(Math.min(Math.max(value, -0.04), 1.04))]);
    const link = points(past.slice(-1), length - 1);
    const source = [scale.axis, path(points(past, 0), 'class="past"')];
    if (!drawn) source.push(path([...link, ...points(truth, length)], 'class="past" stroke-dasharray="3 4"'));
    source.push(path([...link, ...points(forecast, length)], 'class="ahead"'));
    if (edit.cursor !== null) source.push(`<circle cx="${scale.x(edit.cursor)}" cy="${scale.y(past[edit.cursor])}" r="5" class="frame"/>`);
    holder.replaceChildren(drawing(width, 260, `A wave of ${length} values and ${ahead} more that the model says`, source.join("")));
    const error = forecast.slice(0, horizon).reduce((sum, value, k) => sum + Math.abs(value - truth[k]), 0) / horizon;
    said.textContent = drawn
      ? `Drawn by hand: nothing says how it goes on. The model learned damped waves with a period of ${task.periods.join(" to ")}.`
      : `Dashed: the wave itself. Mean absolute error of the first ${horizon} values, which it learned to say: ${error.toPrecision(2)}. From there on it reads its own answers.`;
  };
  const edit = editable(holder, {
    count: () => length,
    step: 0.02,
    label: "The wave: draw with a pointer, or choose a value with left and right and move it with up and down",
    place: (x, y) => {
      const [t, value] = scale.place(x, y);
      return t < 0 || t >= length ? null : [t, value];
    },
    read: (t) => past[t],
    write: (t, value) => {
      drawn = true;
      past[t] = value;
      view.redraw();
    },
  });
  const again = () => (reset(), (edit.cursor = null), view.redraw());
  root.append(
    element("div", { className: "controls" },
      slider("Period", { min: task.periods[0], max: task.periods[1], step: 1, value: period, change: (value) => ((period = value), again()) }),
      slider("Decay", { min: task.decays[0], max: task.decays[1], step: 0.005, value: decay, show: (value) => value.toFixed(3), change: (value) => ((decay = value), again()) }),
      slider("Steps ahead", { min: horizon, max: 12 * horizon, step: horizon, value: ahead, change: (value) => ((ahead = value), view.redraw()) }),
      button("Undo drawing", again)),
    holder, said,
  );
  const view = fit(holder, draw);
};
