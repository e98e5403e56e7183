// Rings of spins, cut open, that are thinned and drawn back, a level at a time. The first one is
// shown. Data: { sites, strips, coupling }; the number of sites is a power of two.
({ data, colors, drawing, set, slider, button, choice, number, random }) => {
  const levels = Math.log2(data.sites), draw01 = random(5), width = 480;
  const coupling = (level) => Math.atanh(Math.tanh(K.value) ** 2 ** level);
  const up = (probability) => (draw01() < probability ? 1 : -1);
  const logistic = (x) => 1 / (1 + Math.exp(-x));
  const strips = (make) => Array.from({ length: data.strips }, (_, k) => make(k));
  let first, now, level;  // by level: the rings as they were thinned, and as they are

  // A ring at zero field, spin by spin; the last closes the ring.
  function sample() {
    const t = Math.tanh(K.value), ring = [up(0.5)];
    for (let left = data.sites - 1; left > 0; left -= 1) {
      const weight = (spin) => (1 + t * ring.at(-1) * spin) * (1 + t ** left * spin * ring[0]);
      ring.push(up(weight(1) / (weight(1) + weight(-1))));
    }
    return ring;
  }
  function missing(left, right, k) {
    if (way.value === 2 && left === right) return left;  // else a coin
    return up(logistic(2 * (way.value === 1 ? K.value : coupling(k)) * (left + right)));
  }
  const thinned = (ring) => ring.filter((_, i) => i % 2 === 0);
  const drawnBack = (ring, k) =>
    ring.flatMap((spin, i) => [spin, missing(spin, ring[(i + 1) % ring.length], k)]);

  function renew() {
    first = [strips(sample)];
    now = [...first];
    level = 0;
    draw();
  }
  function thin() {
    level += 1;
    now[level] ??= now[level - 1].map(thinned);
    first[level] ??= now[level];
    draw();
  }
  function back() {
    level -= 1;
    now[level] = now[level + 1].map((ring) => drawnBack(ring, level));
    draw();
  }

  const on = drawing(width, 46 * (levels + 1));
  const rows = Array.from({ length: levels + 1 }, (_, row) => {
    const cells = data.sites / 2 ** row, size = width / cells, y = 46 * row + 20;
    const text = { y: y - 4, "font-size": 16, fill: "currentColor" };
    const bar = (x, rest) => on.shape("rect", { x, width: size, ...rest });
    return {
      label: on.shape("text", { ...text, x: 0 }),
      state: on.shape("text", { ...text, x: width, "text-anchor": "end" }),
      cells: Array.from({ length: cells }, (_, i) => bar(i * size, { y, height: 16, "data-row": row, "shape-rendering": "crispEdges" })),
      wrong: Array.from({ length: cells }, (_, i) =>
        bar(i * size, { y: y + 17, height: 5, fill: colors[2], "data-wrong": row })),
    };
  });
  const K = slider("K", { from: 0, to: 3, step: 0.05, value: data.coupling }, renew);
  const way = choice("drawn back by", ["the exact law", "K of the start, always", "the likelier value"], () => {});
  const down = button("thin", thin), upwards = button("draw back", back);
  button("new rings", renew);
  const shown = {};
  for (const name of ["spins", "K here", "mean product", "its error", "exact", "wrong, %"]) shown[name] = number(name);

  function draw() {
    rows.forEach((row, k) => {
      const rings = now[k], here = rings ? rings[0] : [], before = first[k]?.[0];
      const redrawn = rings && rings !== first[k], faded = k < level ? 0.35 : 1;
      row.cells.forEach((cell, i) => set(cell, { visibility: rings ? "visible" : "hidden",
        fill: here[i] > 0 ? colors[1] : "currentColor", "fill-opacity": faded * (here[i] > 0 ? 1 : 0.15) }));
      row.wrong.forEach((mark, i) => set(mark, { "fill-opacity": faded,
        visibility: rings && here[i] !== before[i] ? "visible" : "hidden" }));
      row.label.textContent = rings ? `${here.length} spin${here.length > 1 ? "s" : ""}, K = ${coupling(k).toFixed(3)}` : "";
      row.state.textContent = k === level ? (redrawn ? "here, drawn back" : "here") : "";
    });
    down.disabled = level === levels;
    upwards.disabled = level === 0;
    const rings = now[level], n = rings[0].length, t = Math.tanh(coupling(level));
    const products = rings.map((ring) => ring.reduce((sum, spin, i) => sum + spin * ring.at(i - 1), 0) / n);
    const mean = products.reduce((sum, value) => sum + value, 0) / data.strips;
    const spread = products.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (data.strips - 1);
    const differ = rings.flatMap((ring, k) => ring.map((spin, i) => spin !== first[level][k][i]));
    shown.spins(n, 0);
    shown["K here"](coupling(level), 4);
    shown["mean product"](mean, 4);
    shown["its error"](Math.sqrt(spread / data.strips), 4);
    shown.exact((t + t ** (n - 1)) / (1 + t ** n), 4);
    shown["wrong, %"](100 * differ.filter(Boolean).length / differ.length, 2);
  }
  renew();
  [thin, thin, thin, back, back].forEach((step) => step());
}
