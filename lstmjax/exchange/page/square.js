"use strict";
// Plays a video of a moving pixel beside what the model believes after every frame.

/** The frames of a video, and where the pixel is in each: {frames: [{size, data}], places}. */
function squareVideo({ frames, size, trail }, ways, random = Math.random) {
  let row = Math.floor(random() * size);
  let column = trail ? (ways[0] > 0 ? 0 : size - 1) : Math.floor(random() * size);
  const places = [];
  for (let t = 0; t < frames; t++) {
    if (t) {
      row = Math.min(Math.max(row + Math.floor(random() * 3) - 1, 0), size - 1);
      column = (column + ways[t] + size) % size;
    }
    places.push([row, column]);
  }
  const made = places.map((_, t) => {
    const data = new Float32Array(size * size);
    for (const [y, x] of trail ? places.slice(0, t + 1) : [places[t]]) data[y * size + x] = 1;
    return { size: [size, size, 1], data };
  });
  return { frames: made, places };
}

demos.square = (root, task, [model]) => {
  const WAYS = ["to the right", "to the left", "turns half way"];
  let [way, at, timer] = [0, 0, null];
  let video, beliefs;
  const holder = element("div", { className: "panels" });
  const said = element("p", { className: "answer", ariaLive: "polite" });
  const make = () => {
    const ways = Array.from({ length: task.frames }, (_, t) => (way === 0 || (way === 2 && t < task.frames / 2) ? 1 : -1));
    video = squareVideo(task, ways);
    const { steps } = model.run(video.frames).layers[0];
    beliefs = steps.map(({ h }) => sigmoid(dense(model.params.Dense_0, h)[0]));
    go(0);
  };
  const frame = element("input", { type: "range", min: 1, max: task.frames, step: 1, value: 1 });
  const go = (t) => {
    at = t;
    frame.value = t + 1;
    view.redraw();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  const play = button("Play", () => {
    if (timer) return stop();
    if (at === task.frames - 1) go(0);
    play.textContent = "Pause";
    timer = setInterval(() => (at < task.frames - 1 ? go(at + 1) : stop()), 4000 / Math.max(task.frames, 16));
  }, { className: "first" });
  frame.addEventListener("input", () => (stop(), go(Number(frame.value) - 1)));
  const draw = (width) => {
    if (!beliefs) return;
    const side = Math.min(width, 260);
    const unit = side / task.size;
    const pixels = [];
    video.frames[at].data.forEach((value, k) => {
      if (value) pixels.push(`<rect x="${(k % task.size) * unit}" y="${Math.floor(k / task.size) * unit}" width="${unit}" height="${unit}" style="fill:var(--ink)"/>`);
    });
    const picture = drawing(side, side, `Frame ${at + 1}: the pixel is in row ${video.places[at][0] + 1}, column ${video.places[at][1] + 1}`,
      `<rect x=".5" y=".5" width="${side - 1}" height="${side - 1}" class="axis"/>${pixels.join("")}`);
    const wide = Math.max(Math.min(width - side - 40, 480), Math.min(width, 280));
    const { x, y } = chart({ width: wide, height: side, steps: task.frames, low: 0, high: 1 });
    const names = [[1, "right"], [0.5, "50 %"], [0, "left"]].map(([value, name]) =>
      `${path([[44, y(value)], [wide, y(value)]], 'class="axis"')}<text class="faint" x="38" y="${y(value) + 4}" text-anchor="end">${name}</text>`);
    const points = beliefs.map((value, t) => [Math.max(x(t), 46), y(value)]);
    const source = [...names, path(points, 'class="past" opacity=".25"'), path(points.slice(0, at + 1), 'class="ahead"'),
      `<circle cx="${points[at][0]}" cy="${points[at][1]}" r="5" style="fill:rgb(var(--warm))"/>`];
    const curve = drawing(wide, side, `The probability of right after each of ${task.frames} frames`, source.join(""));
    holder.replaceChildren(element("figure", { style: `width:${side}px` }, picture), element("figure", { style: `width:${wide}px` }, curve));
    const share = beliefs[at];
    const belief = share > 0.5 ? `right, ${percent(share)}` : `left, ${percent(1 - share)}`;
    said.textContent = `After frame ${at + 1} of ${task.frames}: ${belief}`;
  };
  root.append(
    element("div", { className: "controls" }, play, button("Another video", () => (stop(), make())),
      choice("It goes", task.trail ? WAYS.slice(0, 2) : WAYS, (chosen) => ((way = chosen), stop(), make())),
      labelled("Frame", frame)),
    said, holder,
  );
  const view = fit(holder, draw);
  make();
};
