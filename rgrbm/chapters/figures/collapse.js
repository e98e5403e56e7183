// Curves, and two sliders that rescale them. A point is [ln s, ln v, ln q].
({ data, colors, drawing, set, axes, slider, number }) => {
  const { points, curves, names } = data;

  // As rgrbm.dynamics.collapse_score, line by line.
  function score(z, y) {
    const mean = y.reduce((sum, value) => sum + value, 0) / y.length;
    const spread = y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length;
    const order = z.map((_, i) => i).sort((i, j) => z[i] - z[j]);
    const errors = [], reached = new Set();
    for (const one of new Set(curves)) {
      const own = order.filter((i) => curves[i] === one), last = own.length - 1;
      for (const i of order) {
        if (curves[i] === one || z[i] < z[own[0]] || z[i] > z[own[last]]) continue;
        let k = 0;
        while (k < last && z[own[k + 1]] <= z[i]) k += 1;
        const left = own[k], right = own[Math.min(k + 1, last)];
        const slope = k < last ? (y[right] - y[left]) / (z[right] - z[left]) : 0;
        errors.push(y[i] - y[left] - slope * (z[i] - z[left]));
        reached.add(i);
      }
    }
    if (errors.length === 0) return [1, 0];
    const square = errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length;
    return [Math.sqrt(square / spread), reached.size / z.length];
  }

  const on = drawing(620, 345);
  const frame = axes(on, [65, 10, 605, 300], { from: 0, to: 1 }, { from: 0, to: 1 });
  const dots = curves.map((curve) =>
    on.shape("circle", { r: 3, fill: colors[curve % colors.length] }));
  const a = slider("a", { ...data.a, step: 0.01, value: 0 }, draw);
  const b = slider("b", { ...data.b, step: 0.01, value: 0 }, draw);
  const shownScore = number("score"), shownOverlap = number("overlap");

  function draw() {
    const z = points.map(([s, v]) => v + b.value * s);
    const y = points.map(([s, , q]) => q - a.value * s);
    const range = (values) => {
      const [from, to] = [Math.min(...values), Math.max(...values)];
      const pad = 0.03 * (to - from) || 1;
      return { from: from - pad, to: to + pad };
    };
    frame.range({ ...range(z), label: `${names[2]} + b ${names[1]}` },
      { ...range(y), label: `${names[0]} \u2212 a ${names[1]}` });
    dots.forEach((dot, i) => set(dot, { cx: frame.X(z[i]), cy: frame.Y(y[i]) }));
    const [found, overlap] = score(z, y);
    shownScore(found);
    shownOverlap(overlap, 2);
  }
  draw();
}
