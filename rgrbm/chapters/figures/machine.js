// A machine of three visible and two hidden spins, whose couplings and fields are dragged. Its data:
// J, three rows of two couplings to start with; targets, a list of {name, law}, the law of the eight
// visible states 000, 001, ..., 111.
({ data, colors, minus, drawing, set, number, button, choice, draggable }) => {
  const J = data.J.map((row) => [...row]), B = [0, 0, 0], C = [0, 0];
  const below = (k) => "\u2080\u2081\u2082\u2083"[k + 1];
  const states = (n) => Array.from({ length: 2 ** n }, (_, state) =>
    Array.from({ length: n }, (_, i) => (state >> (n - 1 - i) & 1 ? 1 : -1)));
  const visible = states(3), hidden = states(2);

  // Both marginals: of visible and of hidden states.
  function laws() {
    const weights = visible.map((s) => hidden.map((t) => Math.exp(
      s.reduce((sum, si, i) => sum + si * (B[i] + t[0] * J[i][0] + t[1] * J[i][1]), 0)
      + t[0] * C[0] + t[1] * C[1])));
    const add = (values) => values.reduce((a, b) => a + b, 0);
    const Z = add(weights.map(add));
    return [weights.map((row) => add(row) / Z),
      hidden.map((_, h) => add(weights.map((row) => row[h])) / Z)];
  }

  // The coupling of a set of spins: ln p times their product, averaged over all states.
  const coupling = (law, spins, set) => law.reduce((sum, p, k) =>
    sum + Math.log(p) * set.reduce((product, i) => product * spins[k][i], 1), 0) / law.length;

  // Left: the units and their couplings. A knob holds a number, and is dragged or moved by arrows.
  const graph = drawing(330, 310);
  const text = { "text-anchor": "middle", "font-size": 13, "pointer-events": "none", fill: "currentColor" };
  const place = { s: (i) => [40 + 125 * i, 250], t: (j) => [103 + 124 * j, 55] };
  const knobs = [];
  function knob(shape, label, [x, y], values, k, before = "") {
    const shown = graph.shape("text", { ...text, x, y });
    const scale = 40, move = (right, down) => {
      values[k] = Math.max(-3, Math.min(3, Math.round(10 * (grip + right - down) / scale) / 10));
      draw();
    };
    let grip = 0;  // so that the number does not jump to where the pointer takes hold
    draggable(graph, shape, label, () => [0, grip - scale * values[k]], move, 4);
    set(shape, { "aria-valuemin": -3, "aria-valuemax": 3 });
    shape.addEventListener("pointerdown", (event) => {
      const [right, down] = graph.place(event);
      grip = down - right + scale * values[k];
    });
    knobs.push({ values, k, label, shape, shown, before });
  }
  const pairs = [0, 1, 2].flatMap((i) => [0, 1].map((j) => [i, j]));
  const lines = pairs.map(([i, j]) => {
    const [x1, y1] = place.s(i), [x2, y2] = place.t(j), gap = 17 / Math.hypot(x2 - x1, y2 - y1);
    const at = (part) => [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
    const line = graph.shape("path", { d: `M${at(0)}L${at(0.34 - gap)}M${at(0.34 + gap)}L${at(1)}` });
    const [cx, cy] = at(0.34);
    const round = graph.shape("circle", { cx, cy, r: 17, fill: "transparent", stroke: "currentColor" });
    knob(round, `J${below(i)}${below(j)}`, [cx, cy + 5], J[i], j);
    return line;
  });
  graph.shape("text", { ...text, x: 14, y: 188 }, "J");
  const unit = (kind, k, letter, values) => {
    const [x, y] = place[kind](k), up = kind === "t" ? -30 : 42;
    const shape = kind === "s" ? graph.shape("circle", { cx: x, cy: y, r: 20, fill: colors[1] })
      : graph.shape("rect", { x: x - 18, y: y - 18, width: 36, height: 36, fill: colors[2] });
    graph.shape("text", { ...text, x, y: y + 5, fill: "white", "font-size": 15 }, kind + below(k));
    knob(shape, letter + below(k), [x, y + up], values, k, `${letter + below(k)} = `);
  };
  B.forEach((_, i) => unit("s", i, "B", B));
  C.forEach((_, j) => unit("t", j, "C", C));

  // Right: bars of both laws; a mark stands at the target.
  const bars = drawing(330, 310);
  function panel(top, spins, name, wide) {
    const [left, bottom, high] = [45, top + 100, 100];
    bars.shape("path", { d: `M${left} ${top}V${bottom}h${wide * spins.length}`, fill: "none",
      stroke: "currentColor" });
    const ends = [0, 1].map((k) => bars.shape("text",
      { ...text, "text-anchor": "end", x: left - 5, y: k ? top + 8 : bottom }));
    bars.shape("text", { ...text, x: 14, y: top + 55, transform: `rotate(-90 14 ${top + 55})` }, `p(${name})`);
    const columns = spins.map((state, k) => {
      const x = left + wide * k, bits = state.map((s) => (1 + s) / 2).join("");
      bars.shape("text", { ...text, x: x + wide / 2, y: bottom + 16, "font-size": 12 }, bits);
      const bar = bars.shape("rect", { x: x + 5, width: wide - 10, fill: colors[name === "v" ? 1 : 2],
        role: "img", "data-law": name });
      const mark = bars.shape("path", { stroke: "currentColor", "stroke-width": 3, fill: "none" });
      return { bar, mark, x, bits };
    });
    return (law, target) => {
      const to = Math.max(...law, ...target ?? []) > 0.5 ? 1 : 0.5;
      [0, to].forEach((end, k) => { ends[k].textContent = end; });
      columns.forEach(({ bar, mark, x, bits }, k) => {
        const height = high * law[k] / to;
        set(bar, { y: bottom - height, height, "aria-label": `p(${bits}) = ${law[k].toFixed(3)}` });
        if (target) set(mark, { d: `M${x + 1} ${bottom - high * target[k] / to}h${wide - 2}` });
      });
    };
  }
  const showVisible = panel(15, visible, "v", 34), showHidden = panel(175, hidden, "h", 34);

  const target = choice("target P (marks)", data.targets.map(({ name }) => name), draw);
  const flip = (j) => {
    J.forEach((row) => { row[j] *= -1; });
    C[j] *= -1;
    draw();
  };
  [0, 1].forEach((j) => button(`flip t${below(j)}`, () => flip(j)));
  button("all zero", () => { knobs.forEach(({ values, k }) => { values[k] = 0; }); draw(); });
  const divergence = number("KL(P \u2016 p)");
  const sets = [[0, 1], [0, 2], [1, 2], [0, 1, 2]].map((spins) =>
    [spins, number(`K${spins.map(below).join("")} of p(v)`)]);
  const hiddenPair = number(`K${below(0)}${below(1)} of p(h)`);

  function draw() {
    knobs.forEach(({ values, k, label, shape, shown, before }) => {
      shown.textContent = before + minus(values[k].toFixed(1));
      set(shape, { "aria-valuenow": values[k], "aria-valuetext": `${label} = ${values[k].toFixed(1)}` });
    });
    pairs.forEach(([i, j], k) => set(lines[k], { stroke: colors[J[i][j] < 0 ? 2 : 1],
      "stroke-width": 1 + 4 * Math.abs(J[i][j]), "stroke-opacity": J[i][j] ? 0.8 : 0.3 }));
    const [p, ofHidden] = laws(), P = data.targets[target.value].law;
    showVisible(p, P);
    showHidden(ofHidden);
    divergence(P.reduce((sum, one, k) => sum + (one > 0 ? one * Math.log(one / p[k]) : 0), 0));
    sets.forEach(([spins, show]) => show(coupling(p, visible, spins)));
    hiddenPair(coupling(ofHidden, hidden, [0, 1]));
  }
  draw();
}
