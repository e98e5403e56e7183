// A ring of spins to click, and four samplers that start from it. Data: { spins, coupling }; the
// number of spins is even.
({ data, colors, drawing, set, axes, slider, button, choice, number, clickable, player, random }) => {
  const n = data.spins.length, sites = data.spins.map((_, i) => i);
  const inOrder = [sites, []], evenOdd = [sites.filter((i) => i % 2 === 0), sites.filter((i) => i % 2)];
  const draws = [7, 11, 13, 17].map(random);
  const metropolis = (cost) => Math.exp(-Math.max(cost, 0)), heatBath = (cost) => 1 / (1 + Math.exp(cost));
  const anywhere = () => sites.map(() => Math.floor(n * draws[0]()));
  const samplers = [
    { name: "random sites", order: anywhere, accept: metropolis, dash: "none" },
    { name: "heat bath", order: () => sites, accept: heatBath, dash: "8 3", zeta: signs(inOrder) },
    { name: "sequential", order: () => sites, accept: metropolis, dash: "2 3", zeta: signs(inOrder) },
    { name: "even/odd", order: () => evenOdd.flat(), accept: metropolis, dash: "8 3 2 3", zeta: signs(evenOdd) },
  ];
  let start = [...data.spins];

  function signs(parts) {  // of bond i: is site i - 1 updated before site i?
    const order = parts.flat();
    return sites.map((i) => (order.indexOf((i + n - 1) % n) < order.indexOf(i) ? 1 : -1));
  }
  const walls = (spins) => spins.map((spin, i) => (spin === spins.at(i - 1) ? 0 : 1));
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  const charge = (zeta, spins) => sum(walls(spins).map((wall, i) => zeta[i] * wall));
  const product = (spins) => 1 - 2 * sum(walls(spins)) / n;

  function sweep({ order, accept, spins }, draw) {
    for (const i of order()) {
      const cost = 2 * K.value * spins[i] * (spins.at(i - 1) + spins[(i + 1) % n]);
      if (draw() < (1 - skip.value) * accept(cost)) spins[i] *= -1;
    }
  }
  const choose = (m, k) => sum(k === 0 ? [1] : [choose(m, k - 1) * (m - k + 1) / k]);
  // The mean product over all states, or over those with a charge.
  function mean(zeta, wanted = null) {
    const plus = zeta.filter((sign) => sign > 0).length;
    let weight = 0, total = 0;
    for (let left = 0; left <= plus; left += 1) {
      for (let right = 0; right <= n - plus; right += 1) {
        if ((left + right) % 2 || (wanted !== null && left - right !== wanted)) continue;
        const here = choose(plus, left) * choose(n - plus, right) * Math.exp(-2 * K.value * (left + right));
        weight += here;
        total += here * (1 - 2 * (left + right) / n);
      }
    }
    return total / weight;
  }

  const on = drawing(300, 300), place = (i, r) => {
    const angle = 2 * Math.PI * i / n;
    return [150 + r * Math.sin(angle), 150 - r * Math.cos(angle)];
  };
  on.shape("circle", { cx: 150, cy: 150, r: 112, fill: "none", stroke: "currentColor", "stroke-opacity": 0.4 });
  const bars = sites.map((i) => {
    const [x1, y1] = place(i - 0.5, 98), [x2, y2] = place(i - 0.5, 126);
    return on.shape("line", { x1, y1, x2, y2, "stroke-width": 5, class: "wall" });
  });
  const marks = sites.map(() => on.shape("path"));
  sites.forEach((i) => {
    const [x, y] = place(i, 84);
    on.shape("text", { x, y: y + 4, "text-anchor": "middle", "font-size": 12, fill: "currentColor" }, i);
  });
  const touch = sites.map((i) => {
    const [cx, cy] = place(i, 112);
    const spot = on.shape("circle", { cx, cy, r: 18, fill: "transparent", "data-site": i });
    clickable(spot, "", () => {
      start = [...samplers[watch.value].spins];
      start[i] *= -1;
      restart();
    });
    return spot;
  });

  const chart = drawing(330, 300);
  const frame = axes(chart, [60, 44, 314, 258], { from: 0, to: 100, digits: 0 }, { from: 0, to: 1, digits: 1 });
  const thin = { fill: "none", "stroke-width": 1 };
  const exactLine = chart.shape("path", { ...thin, stroke: "currentColor", "stroke-width": 2, "stroke-opacity": 0.6 });
  samplers.forEach((one, k) => {
    const x = 60 + 140 * (k % 2), y = 14 + 18 * (k >> 1), style = { stroke: colors[k + 1], "stroke-dasharray": one.dash };
    one.due = chart.shape("path", { ...thin, stroke: colors[k + 1] });
    one.curve = chart.shape("path", { ...style, fill: "none", "stroke-width": 2 });
    chart.shape("path", { ...style, d: `M${x} ${y}h30`, "stroke-width": 2 });
    chart.shape("text", { x: x + 36, y: y + 5, "font-size": 14, fill: "currentColor" }, one.name);
  });

  const K = slider("K", { from: 0, to: 1.5, step: 0.05, value: data.coupling }, restart);
  const skip = slider("skipped", { from: 0, to: 0.5, step: 0.01, value: 0 }, restart);
  const watch = choice("watch", samplers.map((one) => one.name), draw);
  player(() => run(1), 150);
  button("one sweep", () => run(1));
  button("1000 sweeps", () => run(1000));
  const restartFrom = (name, spins) => button(name, () => { start = spins(); restart(); });
  restartFrom("all up", () => sites.map(() => 1));
  restartFrom("in pairs", () => sites.map((i) => (i % 4 < 2 ? 1 : -1)));
  restartFrom("random", () => sites.map(() => (draws[0]() < 0.5 ? 1 : -1)));
  const shown = {};
  for (const name of ["E", "walls", "Q", "sweeps", "exact"]) shown[name] = number(name);
  for (const one of samplers) one.shown = number(one.name);
  for (const one of samplers.slice(2)) one.shownDue = number(`${one.name}, at its Q`);

  function restart() {
    for (const one of samplers) Object.assign(one, { spins: [...start], total: 0, means: [] });
    draw();
  }
  function run(sweeps) {
    samplers.forEach((one, k) => {
      for (let t = 0; t < sweeps; t += 1) {
        sweep(one, draws[k]);
        one.total += product(one.spins);
        one.means.push(one.total / (one.means.length + 1));
      }
    });
    draw();
  }

  function draw() {
    const { spins, zeta } = samplers[watch.value], wall = walls(spins);
    spins.forEach((spin, i) => {
      const [x, y] = place(i, 112);
      set(marks[i], { d: `M${x} ${y - 12 * spin}l11 ${20 * spin}h-22z`, fill: colors[spin > 0 ? 1 : 6] });
      set(touch[i], { "aria-label": `spin ${i}, ${spin > 0 ? "up" : "down"}` });
      set(bars[i], { stroke: wall[i] ? colors[zeta ? (zeta[i] > 0 ? 2 : 3) : 0] : "none" });
    });
    const sweeps = samplers[0].means.length, exact = mean(samplers[2].zeta), stride = Math.ceil(sweeps / 300);
    const due = samplers.map((one, k) => (k < 2 ? exact : mean(one.zeta, charge(one.zeta, start))));
    const lowest = -0.1 + Math.min(0, ...due, ...samplers.flatMap((one) => one.means.slice(0, 300)));
    frame.range({ to: Math.max(100, sweeps), label: "sweeps" }, { from: lowest, label: "mean product so far" });
    const level = (value) => frame.path([[0, value], [frame.x.to, value]]);
    set(exactLine, { d: level(exact) });
    samplers.forEach((one, k) => {
      const points = one.means.map((value, t) => [t + 1, value]);
      set(one.curve, { d: frame.path(points.filter((_, t) => t % stride === 0 || t === sweeps - 1)) });
      one.shown(sweeps ? one.means.at(-1) : "\u2013");
      one.shownDue?.(due[k]);
      if (k > 1) set(one.due, { d: level(due[k]) });
    });
    shown.E(-K.value * n * product(spins), 2);
    shown.walls(sum(wall), 0);
    shown.Q(zeta ? charge(zeta, spins) : "\u2013", 0);
    shown.sweeps(sweeps, 0);
    shown.exact(exact);
  }
  restart();
}
