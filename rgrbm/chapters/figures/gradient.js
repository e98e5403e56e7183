// The mean CD-k update against the exact gradient, at stages of two trainings of a small machine.
// Its data: P, the law of the visible states 000, 001, ..., 111; paths, a list of {name, stages},
// where each stage has its number of updates and the parameters w, c and b.
({ data, colors, drawing, set, axes, slider, number, choice }) => {
  const { P, paths } = data, mostSteps = 100;
  const states = (n) => Array.from({ length: 2 ** n }, (_, state) =>
    Array.from({ length: n }, (_, i) => state >> (n - 1 - i) & 1));
  const visible = states(Math.log2(P.length)), hidden = states(paths[0].stages[0].b.length);
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  const minus = (x, y) => x.map((value, i) => value - y[i]);
  const size = (x) => Math.sqrt(dot(x, x));
  const sigma = (x) => 1 / (1 + Math.exp(-x));
  const chance = (bits, on) => on.reduce((product, q, i) => product * (bits[i] ? q : 1 - q), 1);

  // All that the figure shows of a machine: its law, a Gibbs step, and the slope of -F.
  function machine({ w, c, b }) {
    const onHidden = visible.map((v) => b.map((bj, j) => sigma(bj + dot(v, w.map((row) => row[j])))));
    const onVisible = hidden.map((h) => c.map((ci, i) => sigma(ci + dot(w[i], h))));
    const weight = visible.map((v, k) => Math.exp(dot(c, v))
      / onHidden[k].reduce((product, q) => product * (1 - q), 1));
    const Z = weight.reduce((sum, one) => sum + one, 0);
    const step = (law) => {  // law is any vector over the visible states: W acts on it
      const up = hidden.map((h) => dot(law, visible.map((_, k) => chance(h, onHidden[k]))));
      return visible.map((v) => dot(up, onVisible.map((on) => chance(v, on))));
    };
    const phi = visible.map((v, k) =>
      [...v.flatMap((vi) => onHidden[k].map((q) => vi * q)), ...v, ...onHidden[k]]);
    const mean = (law) => phi[0].map((_, a) => dot(law, phi.map((row) => row[a])));
    return { p: weight.map((one) => one / Z), step, mean };
  }

  // Without its part along p a vector decays, in the end by the second eigenvalue in each step.
  function second({ p, step }) {
    let u = P.map((_, k) => k ** 2), rate = 0;
    for (let n = 0; n < 3000; n += 1) {
      const next = step(u), sum = next.reduce((a, b) => a + b, 0);
      u = next.map((value, k) => value - sum * p[k]);
      rate = size(u);
      u = u.map((value) => value / rate);
    }
    return rate;
  }
  const known = new Map();

  const arrows = drawing(300, 290), middle = [150, 140], long = 110;
  const text = { fill: "currentColor", "font-size": 14 };
  arrows.shape("circle", { cx: middle[0], cy: middle[1], r: long, fill: "none", stroke: "currentColor",
    "stroke-opacity": 0.4 });
  const ray = arrows.shape("path", { stroke: colors[2], "stroke-dasharray": "4 4", "stroke-width": 1.5 });
  const arrow = (color) => ({
    line: arrows.shape("path", { stroke: color, fill: "none", "stroke-width": 4 }),
    tip: arrows.shape("circle", { r: 5, fill: color }),
  });
  const exact = arrow(colors[1]), cd = arrow(colors[2]);
  arrows.shape("text", { ...text, x: 5, y: 282 }, "\u25CF").setAttribute("fill", colors[1]);
  arrows.shape("text", { ...text, x: 20, y: 282 }, "\u2207L, exact");
  arrows.shape("text", { ...text, x: 125, y: 282 }, "\u25CF").setAttribute("fill", colors[2]);
  const name = arrows.shape("text", { ...text, x: 140, y: 282 });
  const graph = drawing(370, 290);
  const frame = axes(graph, [65, 15, 355, 240], { from: 1, to: mostSteps, label: "Gibbs steps k", digits: 0 },
    { from: -4, to: 1, label: "log\u2081\u2080 of |U\u2096 \u2212 \u2207L| / |\u2207L|" });
  const slope = graph.shape("path", { fill: "none", stroke: "currentColor", "stroke-dasharray": "5 5" });
  const curve = graph.shape("path", { fill: "none", stroke: colors[2], "stroke-width": 3 });
  const here = graph.shape("circle", { r: 6, fill: colors[2] });

  const path = choice("trained by", paths.map((one) => one.name), draw);
  const stage = slider("stage", { from: 0, to: paths[0].stages.length - 1, step: 1, value: data.stage ?? 0,
    digits: 0 }, draw);
  const k = slider("k", { from: 1, to: mostSteps, step: 1, value: 1, digits: 0 }, draw);
  const shown = Object.fromEntries(["updates", "L", "|\u2207L|", "|U\u2096|", "angle", "\u03BB\u2082"]
    .map((label) => [label, number(label)]));

  function aim({ line, tip }, length, angle) {
    const [x, y] = [middle[0] + length * Math.cos(angle), middle[1] - length * Math.sin(angle)];
    set(line, { d: `M${middle}L${x} ${y}` });
    set(tip, { cx: x, cy: y });
  }

  function draw() {
    const parameters = paths[path.value].stages[stage.value], { p, step, mean } = machine(parameters);
    if (!known.has(parameters)) known.set(parameters, second({ p, step }));
    const lambda = known.get(parameters), gradient = mean(minus(P, p)), updates = [];
    for (let n = 1, law = P; n <= mostSteps; n += 1) {
      law = step(law);
      updates.push(mean(minus(P, law)));
    }
    const U = updates[k.value - 1], scale = long / Math.max(size(U), size(gradient));
    const cosine = dot(U, gradient) / size(U) / size(gradient);
    const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
    aim(exact, scale * size(gradient), 0);
    aim(cd, scale * size(U), angle);
    set(ray, { d: `M${middle}l${long * Math.cos(angle)} ${-long * Math.sin(angle)}` });
    name.textContent = `U\u2096, mean of CD-${k.value}`;

    const bias = updates.map((one, n) =>
      [n + 1, Math.log10(size(minus(one, gradient)) / size(gradient))]);
    const seen = bias.filter(([, height]) => height > frame.y.from);
    set(curve, { d: frame.path(seen) });
    const [, height] = bias[k.value - 1];
    set(here, { cx: frame.X(k.value), cy: frame.Y(Math.max(height, frame.y.from)) });
    const last = seen.at(-1) ?? bias[0];
    const line = [1, last[0]].map((n) => [n, last[1] + (n - last[0]) * Math.log10(lambda)]);
    set(slope, { d: line[0][1] < frame.y.to ? frame.path(line) : "" });

    shown.updates(parameters.updates, 0);
    shown.L(P.reduce((sum, one, v) => sum + (one > 0 ? one * Math.log(p[v]) : 0), 0));
    shown["|\u2207L|"](size(gradient), 5);
    shown["|U\u2096|"](size(U), 5);
    shown.angle(`${(angle * 180 / Math.PI).toFixed(1)}\u00B0`);
    shown["\u03BB\u2082"](lambda, 4);
  }
  draw();
}
