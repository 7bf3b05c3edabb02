"use strict";
// What a forecast of a series reads and says: the window of the Python task, step by step. A table
// is a list of rows, each a list of columns; `there` tells of each value whether it was observed.

/** Cells of a user's rows as scaled values, and whether they are there; words become one-hot. */
function scaleRows(task, rows) {
  const numeric = task.means.length;
  const values = [];
  const there = [];
  for (const row of rows) {
    const numbers = task.means.map((mean, k) => {
      const value = task.log && k < task.targets.length ? Math.log(row[k]) : row[k];
      return (value - mean) / task.deviations[k];
    });
    const seen = numbers.map((value, k) => row[k] !== null && Number.isFinite(value));
    const words = task.words.map((word) =>
      Number(task.categories.some((name, k) => word === `${name}=${row[numeric + k]}`)),
    );
    values.push([...numbers.map((value, k) => (seen[k] ? value : 0)), ...words]);
    there.push([...seen, ...words.map(() => true)]);
  }
  return { values, there };
}

/** The last observed value of each column at the place in its period that each coming step has. */
function latest(values, there, period, steps) {
  const whole = Math.floor(values.length / period) * period;
  return Array.from({ length: steps }, (_, step) =>
    values[0].map((_, k) => {
      for (let t = values.length - period + (step % period); t >= values.length - whole; t -= period)
        if (there[t][k]) return values[t][k];
      return 0;
    }),
  );
}

/** From what a normalization measures each column, and by what. */
function centreAndScale(kind, values, there) {
  const columns = values[0].map((_, k) => k);
  if (kind === "none") return columns.map(() => [0, 1]);
  if (kind !== "window") return latest(values, there, 1, 1)[0].map((value) => [value, 1]);
  return columns.map((k) => {
    const seen = values.filter((_, t) => there[t][k]).map((row) => row[k]);
    const count = Math.max(seen.length, 1);
    const mean = seen.reduce((a, b) => a + b, 0) / count;
    const variance = seen.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    return [mean, Math.sqrt(variance + 1e-5)];
  });
}

/** What the model reads, one list of vectors a series, and how its outputs are placed. */
function seriesWindow(task, past, steps) {
  const count = task.targets.length;
  const apart = task.difference;
  let values = past.values.map((row) => row.slice(0, count));
  let there = past.there.map((row) => row.slice(0, count));
  let shift = Array.from({ length: steps }, () => new Array(count).fill(0));
  if (apart) {
    shift = latest(values, there, apart, steps);
    const before = [values, there];
    values = values.slice(apart).map((row, t) => row.map((value, k) => value - before[0][t][k]));
    there = there.slice(apart).map((row, t) => row.map((seen, k) => seen && before[1][t][k]));
  }
  const measured = centreAndScale(task.normalize, values, there);
  if (["last", "window"].includes(task.normalize))
    values = values.map((row) => row.map((value, k) => (value - measured[k][0]) / measured[k][1]));
  values = values.map((row, t) => row.map((value, k) => (there[t][k] ? value : 0)));
  const beside = past.values.slice(apart).map((row, t) => [
    ...row.slice(count),
    ...task.gapsBeside.map((k) => Number(past.there[t + apart][count + k])),
  ]);
  const read = (rows) => {
    const joined = [];
    for (let t = 0; t < rows.length; t += task.patch) joined.push(Float32Array.from(rows.slice(t, t + task.patch).flat()));
    return joined;
  };
  const inputs = task.independent
    ? task.targets.map((_, k) => read(values.map((row, t) => [row[k], ...(task.gaps.length ? [Number(there[t][k])] : []), ...beside[t]])))
    : [read(values.map((row, t) => [...row, ...task.gaps.map((k) => Number(there[t][k])), ...beside[t]]))];
  return { inputs, shift: shift.map((row) => row.map((value, k) => value + measured[k][0])), scale: measured.map(([, scale]) => scale) };
}

/** The head's parameters, scaled, of every step and target: [step][target] -> numbers. */
function placeOutputs(task, model, window, steps) {
  const count = task.targets.length;
  const together = task.independent ? 1 : count;
  const each = window.inputs.map((inputs) => {
    const read = task.decoder ? { source: inputs, length: steps } : inputs;
    const { outputs } = model.run(read);
    return task.decoder ? outputs.map((row) => [...row]).flat() : [...outputs];
  });
  const width = each[0].length / steps / together;
  return Array.from({ length: steps }, (_, step) =>
    Array.from({ length: count }, (_, k) => {
      const [outputs, place] = task.independent ? [each[k], step] : [each[0], step * count + k];
      const numbers = outputs.slice(place * width, (place + 1) * width);
      const [shift, scale] = [window.shift[step][k], window.scale[k]];
      if (!task.standard) return numbers.map((value) => value * scale + shift);
      return [numbers[0] * scale + shift, 1e-3 + Math.log1p(Math.exp(-Math.abs(numbers[1]))) * scale + Math.max(numbers[1], 0) * scale];
    }),
  );
}

/** The forecast in the units of the rows: {median, quantiles or null}, each [step][target]. */
function seriesForecast(task, model, rows) {
  let past = scaleRows(task, rows.slice(-task.history));
  let parameters = [];
  if (task.recursive) {
    for (let k = 0; k < task.horizon; k++) {
      const [row] = placeOutputs(task, model, seriesWindow(task, past, 1), 1);
      parameters.push(row);
      const next = row.map(([value]) => value);
      past = { values: [...past.values.slice(1), next], there: [...past.there.slice(1), next.map(() => true)] };
    }
  } else parameters = placeOutputs(task, model, seriesWindow(task, past, task.horizon), task.horizon);
  const original = (value, k) => {
    const scaled = value * task.deviations[k] + task.means[k];
    return task.log ? Math.exp(scaled) : scaled;
  };
  const quantiles = (numbers) =>
    task.standard ? task.standard.map((z) => numbers[0] + z * numbers[1]) : [...numbers].sort((a, b) => a - b);
  const median = (numbers) => (task.head === "quantile" ? quantiles(numbers)[task.levels.indexOf(0.5)] : numbers[0]);
  const each = (of) => parameters.map((row) => row.map((numbers, k) => of(numbers, k)));
  return {
    median: each((numbers, k) => original(median(numbers), k)),
    quantiles: task.head === "point" ? null : each((numbers, k) => quantiles(numbers).map((value) => original(value, k))),
  };
}
