// A lattice grown out of one spin by a rule of three weights. Wants `rules`, a list of
// {name, weights}, and `exact`, the energies per site of the sides 4, 8, ... 128.
({ data, colors, drawing, set, axes, slider, choice, button, number, patches, neighbours, random }) => {
  const dreams = 20, size = 300, most = data.exact.length + 1;
  let seed = 1, grown = [];

  // Each corner of a block looks outwards: at x beside its coarse spin, y above or below, and z.
  function grow(coarse, w, draw) {
    const n = Math.sqrt(coarse.length), fine = new Int8Array(4 * coarse.length);
    const up = new Float64Array(33);  // the odds, by what a corner can see
    for (const s of [-1, 1]) for (const both of [-2, 0, 2]) for (const z of [-1, 1]) {
      up[16 + 9 * s + 3 * both + z] = 1 / (1 + Math.exp(-2 * (w[0] * s + w[1] * both + w[2] * z)));
    }
    const at = (row, column) => coarse[(row & n - 1) * n + (column & n - 1)];  // n is a power of 2
    for (let row = 0; row < n; row += 1) for (let column = 0; column < n; column += 1) {
      for (const down of [0, 1]) for (const right of [0, 1]) {
        const v = 2 * down - 1, h = 2 * right - 1;
        const seen = 16 + 9 * at(row, column) + 3 * (at(row, column + h) + at(row + v, column))
          + at(row + v, column + h);
        fine[(2 * row + down) * 2 * n + 2 * column + right] = draw() < up[seen] ? 1 : -1;
      }
    }
    return fine;
  }

  // Mean product of neighbours in a row inside blocks, less that across their borders.
  function gap(spins) {
    const n = Math.sqrt(spins.length);
    return 2 * spins.reduce((total, spin, k) => {
      const product = spin * spins[k - k % n + (k + 1) % n];
      return total + (k % 2 ? -product : product);
    }, 0) / spins.length;
  }

  function estimate(values) {
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    const spread = values.reduce((total, value) => total + (value - mean) ** 2, 0);
    return [mean, Math.sqrt(spread / (values.length - 1) / values.length)];
  }

  const on = drawing(size + 10, size + 10), plot = drawing(310, 310);
  for (const { svg } of [on, plot]) set(svg, { style: "flex: 1 1 240px; max-width: 340px" });
  const cells = on.shape("path", { fill: colors[1], "shape-rendering": "crispEdges",
    "data-name": "dream" });
  on.shape("rect", { x: 5, y: 5, width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-opacity": 0.6 });
  const frame = axes(plot, [62, 10, 295, 255], { from: 2, to: 7, label: "log\u2082 n", digits: 1 },
    { from: -2, to: 0, label: "energy per site (J)" });
  const places = data.exact.map((_, k) => k + 2);
  plot.shape("path", { fill: "none", stroke: "currentColor", "stroke-width": 2,
    d: frame.path(data.exact.map((energy, k) => [places[k], energy])) });
  plot.shape("text", { x: 75, y: 33, fill: colors[2], "font-size": 14 }, "dreams; the line is exact");
  const marks = places.map(() => ({ dot: plot.shape("circle", { r: 5, fill: colors[2] }),
    bar: plot.shape("path", { stroke: colors[2], "stroke-width": 2 }) }));

  const steps = slider("steps", { from: 0, to: most, step: 1, value: most, digits: 0 }, draw);
  const rule = choice("rule", [...data.rules.map(({ name }) => name), "by hand"], () => {
    const chosen = data.rules[rule.value];
    if (chosen) w.forEach((one, k) => { one.value = chosen.weights[k]; });
    dream();
  });
  const w = [0, 1, 2].map((k) => slider(`w_${k}`,
    { from: -1, to: 3, step: 0.01, value: data.rules[0].weights[k] }, () => {
      rule.select.selectedIndex = data.rules.length;
      dream();
    }));
  button("dream again", () => { seed += 1; dream(); });
  const shown = Object.fromEntries(["side n", "energy of this dream", "mean of 20", "its error",
    "exact", "inside \u2212 across"].map((name) => [name, number(name)]));

  function dream() {
    const draw01 = random(seed), weights = w.map((one) => one.value);
    grown = Array.from({ length: dreams }, () => {
      const history = [Int8Array.of(1)];
      for (let n = 0; n < most; n += 1) history.push(grow(history[n], weights, draw01));
      return history;
    });
    marks.forEach(({ dot, bar }, k) => {
      const [mean, error] = estimate(grown.map((one) => -2 * neighbours(one[places[k]])));
      set(dot, { cx: frame.X(places[k]), cy: frame.Y(mean) });
      bar.setAttribute("d", frame.path([[places[k], mean - error], [places[k], mean + error]]));
    });
    draw();
  }

  function draw() {
    const n = steps.value, spins = grown[0][n];
    set(cells, { d: patches(spins), transform: `translate(5 5) scale(${size / 2 ** n})` });
    const [mean, error] = estimate(grown.map((one) => -2 * neighbours(one[n])));
    shown["side n"](2 ** n, 0);
    shown["energy of this dream"](-2 * neighbours(spins));
    shown["mean of 20"](mean);
    shown["its error"](error);
    shown.exact(n < 2 ? "\u2013" : data.exact[n - 2]);
    shown["inside \u2212 across"](n < 2 ? "\u2013" : estimate(grown.map((one) => gap(one[n])))[0]);
  }
  dream();
}
