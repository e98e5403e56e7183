// A rule of strength lambda on a ring of 16 spins: its free energy, what its coarse spins know, and
// their couplings. Wants `K`, and the first values of `strength` and `q`.
({ data, colors, drawing, set, axes, slider, choice, number }) => {
  const M = 8, top = 3, strengths = Array.from({ length: 61 }, (_, k) => k * top / 60);
  const spin = (state, site) => 2 * (state >> site & 1) - 1;

  // A ring of 2M spins; site 0 is the lowest bit.
  const fine = new Float64Array(4 ** M).map((_, state) => {
    let aligned = 0;
    for (let i = 0; i < 2 * M; i += 1) aligned += spin(state, i) * spin(state, (i + 1) % (2 * M));
    return Math.exp(data.K * (aligned - 2 * M));
  });
  const sum = fine.reduce((total, weight) => total + weight, 0);
  fine.forEach((weight, state) => { fine[state] = weight / sum; });

  // Sum over blocks of two spins: the lowest block goes, and what `weights` makes of it becomes
  // the highest coarse spin (or nothing, where `weights` has one row).
  function summed(law, weights, blocks) {
    for (let j = 0; j < blocks; j += 1) {
      const rest = law.length / 4, next = new Float64Array(weights.length * rest);
      weights.forEach(([w, x, y, z], c) => {
        for (let r = 0, k = 0; r < rest; r += 1, k += 4) {
          next[c * rest + r] = w * law[k] + x * law[k + 1] + y * law[k + 2] + z * law[k + 3];
        }
      });
      law = next;
    }
    return law;
  }

  const bits = (law) => law.reduce((total, p) => total - (p > 0 ? p * Math.log2(p) : 0), 0);
  const plainBlock = summed(fine, [[1, 1, 1, 1]], M - 1);

  // All numbers of the rule exp(lambda sigma m - q), or of that with the trace condition.
  function measure(lambda) {
    const m = [0, 1, 2, 3].map((k) => spin(k, 0) + (rule.value === 1 ? spin(k, 1) : 0));
    const free = (k) => condition.value === 0 ? Math.log(2 * Math.cosh(lambda * m[k])) : q.value;
    const weights = [-1, 1].map((sigma) => m.map((_, k) => Math.exp(sigma * lambda * m[k] - free(k))));
    const trace = m.map((_, k) => weights[0][k] + weights[1][k]);

    const joint = summed(fine, weights, M);  // Z_lambda p_lambda(sigma) / Z
    const Z = joint.reduce((total, weight) => total + weight, 0);
    const law = joint.map((weight) => weight / Z);
    const block = summed(fine, [trace], M - 1).map((p, k) => p * trace[k] / Z);
    const noise = block.reduce((total, p, k) =>
      total + p * bits(weights.map((row) => row[k] / trace[k])), 0);
    const coupling = (sites) => law.reduce((total, p, state) =>
      total + sites.reduce((sign, site) => sign * spin(state, site), 1) * Math.log(p), 0) / 2 ** M;
    return {
      gap: -Math.log(Z) / M,
      known: bits(law) / M - noise,
      K: [[0, 1], [0, 2], [0, 1, 2, 3]].map(coupling),
      KL: Math.log(Z) - M * plainBlock.reduce((total, p, k) => total + p * Math.log(trace[k]), 0),
    };
  }

  const panel = (label, from, to, digits) => {
    const on = drawing(225, 215);
    set(on.svg, { style: "flex: 1 1 170px; max-width: 240px" });
    const frame = axes(on, [56, 10, 215, 170], { from: 0, to: top, label: "\u03bb" },
      { from, to, label });
    frame.range({}, {}, digits);
    const mark = on.shape("path", { stroke: "currentColor", "stroke-opacity": 0.5 });
    const curves = [1, 2, 3].map((k) => ({
      path: on.shape("path", { fill: "none", stroke: colors[k], "stroke-width": 2.5,
        "data-name": `${label} ${k}` }),
      dot: on.shape("circle", { r: 5, fill: colors[k], visibility: "hidden" }) }));
    return { on, frame, draw(values, now, at) {
      mark.setAttribute("d", frame.path([[at, from], [at, to]]));
      now.forEach((value, c) => {
        const points = strengths.map((strength, k) => [strength, values[k][c]]);
        curves[c].path.setAttribute("d", frame.path(points.filter(([, v]) => v <= to)));
        set(curves[c].dot, { visibility: value <= to ? "visible" : "hidden", cx: frame.X(at),
          cy: frame.Y(value) });
      });
    } };
  };
  const panels = [panel("|F_\u03bb \u2212 F| / M", 0, 2.5, 1), panel("I(\u03c3; s) / M  (bits)", 0, 1, 1),
    panel("coarse couplings", -0.2, 1.6, 1)];
  const { on, frame } = panels[2], decimated = Math.log(Math.cosh(2 * data.K)) / 2;
  on.shape("path", { stroke: "currentColor", "stroke-dasharray": "2 4",
    d: frame.path([[0, decimated], [top, decimated]]) });
  ["neighbours", "2 apart", "four spins"].forEach((name, k) => on.shape("text",
    { x: 62, y: 24 + 14 * k, fill: colors[k + 1], "font-size": 12 }, name));

  const rule = choice("rule", ["noisy copy", "block sum"], redraw);
  const condition = choice("normalised by", ["trace condition", "constant q"], redraw);
  const lambda = slider("\u03bb", { from: 0, to: top, step: 0.05, value: data.strength }, draw);
  const q = slider("q", { from: 0, to: 3, step: 0.05, value: data.q }, redraw);
  const names = ["(F_\u03bb \u2212 F) / M", "I / M", "K neighbours", "K 2 apart", "K four spins",
    "KL(p \u2016 p_\u03bb)"];
  const shown = names.map((name) => number(name));
  let all = [];

  function redraw() {
    q.input.disabled = condition.value === 0;
    all = strengths.map(measure);
    draw();
  }

  function draw() {
    const now = measure(lambda.value);
    const parts = (one) => [[Math.abs(one.gap)], [one.known], one.K];
    panels.forEach((one, k) =>
      one.draw(all.map((row) => parts(row)[k]), parts(now)[k], lambda.value));
    [now.gap, now.known, ...now.K, now.KL].forEach((value, k) =>
      shown[k](Math.abs(value) < 5e-7 ? 0 : value, 4));
  }
  redraw();
}
