// The recursion of Migdal and Kadanoff on the square lattice as a staircase. Wants `critical`, the
// exact K_c, and the first values of `start` and `b`.
({ data, colors, drawing, set, axes, slider, choice, number, draggable }) => {
  const top = 1.2, bottom = 0.02;
  const thin = (t, b) => Math.atanh(t ** b);  // b bonds in a row, the spins between them summed
  const orders = [
    (K, b) => b * thin(Math.tanh(K), b),  // decimate, then move
    (K, b) => thin(Math.tanh(b * K), b),  // move, then decimate
  ];

  function fixedPoint(step, b) {
    let low = 0.1, high = 2;
    for (let k = 0; k < 60; k += 1) {
      const middle = (low + high) / 2;
      if (step(middle, b) < middle) low = middle; else high = middle;
    }
    return low;
  }

  // ln dK'/dK over ln b: a bond that was decimated first carries K* itself, one moved first b K*.
  function exponent(fixed, b) {
    const t = Math.tanh(order.value === 0 ? fixed : b * fixed);
    return Math.log(b * b * t ** (b - 1) * (1 - t * t) / (1 - t ** (2 * b))) / Math.log(b);
  }

  // Until the coupling leaves the drawing, or lengths have shrunk by e^12.
  function stairs(step, b) {
    const points = [[start, start]];
    let K = start, n = 0;
    while (K > bottom && K < top && n * Math.log(b) < 12) {
      const next = step(K, b);
      points.push([K, Math.min(next, top)], [Math.min(next, top), Math.min(next, top)]);
      K = next;
      n += 1;
    }
    return { points, n, K };
  }

  const on = drawing(480, 460);
  const frame = axes(on, [62, 10, 462, 410], { from: 0, to: top, label: "K" },
    { from: 0, to: top, label: "K\u2032 after one step" });
  const line = (color, width, more = {}) => on.shape("path",
    { fill: "none", stroke: color, "stroke-width": width, ...more });
  line(colors[3], 2, { "stroke-dasharray": "6 4",
    d: frame.path([[data.critical, 0], [data.critical, top]]) });
  on.shape("text", { x: frame.X(data.critical) - 8, y: 32, "text-anchor": "end", fill: colors[3],
    "font-size": 15 }, "exact K_c");
  line(colors[0], 1, { "stroke-dasharray": "4 3", d: frame.path([[0, 0], [top, top]]) });
  const curve = line(colors[1], 3), steps = line(colors[2], 1.5, { "data-name": "staircase" });
  const still = on.shape("circle", { r: 6, fill: colors[0] });
  const handle = on.shape("circle", { r: 16, fill: colors[2], "fill-opacity": 0.35,
    stroke: colors[2], "stroke-width": 2 });

  let start = data.start;
  const order = choice("order", ["decimate, then move", "move, then decimate"], draw);
  const block = slider("b", { from: 1.001, to: 4, step: 0.001, value: data.b, digits: 3 }, draw);
  const shown = {};
  for (const name of ["start K", "K*", "K* \u2212 K_c", "y_T", "steps n", "b\u207f", "ends at"]) {
    shown[name] = number(name);
  }
  draggable(on, handle, "start of the staircase", () => [frame.X(start), frame.Y(start)],
    (x, y) => {
      const wanted = (frame.unX(x) + frame.unY(y)) / 2;
      start = Math.min(top - 0.03, Math.max(0.03, wanted));
      draw();
    }, 6);

  function draw() {
    const step = orders[order.value], b = block.value;
    const fixed = fixedPoint(step, b), { points, n, K } = stairs(step, b);
    const grid = Array.from({ length: 241 }, (_, k) => k * top / 240);
    curve.setAttribute("d", frame.path(
      grid.map((k) => [k, step(k, b)]).filter(([, value]) => value <= top)));
    steps.setAttribute("d", frame.path(points));
    set(still, { cx: frame.X(fixed), cy: frame.Y(fixed) });
    set(handle, { cx: frame.X(start), cy: frame.Y(start), "aria-valuenow": start.toFixed(3) });
    shown["start K"](start);
    shown["K*"](fixed, 6);
    shown["K* \u2212 K_c"](fixed - data.critical, 6);
    shown["y_T"](exponent(fixed, b), 6);
    shown["steps n"](n, 0);
    shown["b\u207f"](b ** n, 1);
    shown["ends at"](K >= top ? "K = \u221e" : K <= bottom ? "K = 0" : "the dot");
  }
  draw();
}
