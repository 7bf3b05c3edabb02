"use strict";
// A sequence of values, and what each direction believes about its sums at every step.

demos.sums = (root, task, models) => {
  const { length, target } = task;
  let values = [];
  const random = () => (values = Array.from({ length }, () => Math.round(100 * Math.random()) / 100));
  random();
  const holder = element("div");
  const said = element("p", { ariaLive: "polite" });
  const labels = () => {
    const total = values.reduce((a, b) => a + b, 0);
    let before = 0;
    return values.map((value) => {
      before += value;
      return target === "reached" ? before >= length / 4 : before >= total - before;
    });
  };
  const draw = (width) => {
    const [tall, row] = [150, 44];
    const wide = width / length;
    const truth = labels();
    const bars = values.map((value, t) => {
      const at = `x="${t * wide + 2}" y="${tall - 4 - (tall - 30) * value}" width="${wide - 4}" height="${2 + (tall - 30) * value}" rx="3"`;
      const chosen = edit.cursor === t ? ' class="frame"' : "";
      return `<rect ${at} style="fill:var(--muted)"${chosen}/><text x="${(t + 0.5) * wide}" y="14" text-anchor="middle">${value.toFixed(2).replace(/^0/, "")}</text>`;
    });
    const rows = [["What is true", truth.map(Number), false]];
    for (const model of models) {
      const { outputs } = model.run(values.map((value) => Float32Array.of(value)));
      rows.push([model.name || "What the model believes", outputs.map(([logit]) => sigmoid(logit)), true]);
    }
    const told = [];
    rows.forEach(([name, shares, judged], k) => {
      const y = tall + 16 + k * row;
      const wrong = shares.map((share, t) => share > 0.5 !== truth[t]);
      if (judged) told.push(`${name}: ${wrong.filter((is) => !is).length} of ${length} steps right`);
      bars.push(`<text class="faint" x="2" y="${y - 4}">${escaped(name)}</text>`);
      shares.forEach((share, t) => {
        const text = judged ? Math.round(100 * share) : share ? "yes" : "no";
        bars.push(`<rect x="${t * wide + 1}" y="${y}" width="${wide - 2}" height="22" rx="3" style="fill:${colour(2 * share - 1, 0.55)}"/>`,
          `<text x="${(t + 0.5) * wide}" y="${y + 16}" text-anchor="middle"${judged && wrong[t] ? ' class="error"' : ""}>${text}${judged && wrong[t] ? "!" : ""}</text>`);
      });
    });
    holder.replaceChildren(drawing(width, tall + rows.length * row, `Values ${values.join(", ")}; ${told.join("; ")}`, bars.join("")));
    said.textContent = `${told.join("; ")}. Numbers are probabilities in per cent; a wrong one is marked.`;
  };
  const edit = editable(holder, {
    count: () => length,
    step: 0.02,
    label: "The values: draw with a pointer, or choose one with left and right and change it with up and down",
    place: (x, y) => {
      const tall = 150 + 44 * (1 + models.length);
      const [t, down] = [Math.floor(x * length), y * tall];
      return t < 0 || t >= length || down > 156 ? null : [t, (146 - down) / 120];
    },
    read: (t) => values[t],
    write: (t, value) => {
      values[t] = Math.round(100 * value) / 100;
      view.redraw();
    },
  });
  root.append(
    element("div", { className: "controls" }, button("Other values", () => (random(), view.redraw()), { className: "first" })),
    holder, said,
  );
  const view = fit(holder, draw);
};
