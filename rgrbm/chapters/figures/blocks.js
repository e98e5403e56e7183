// Square lattices, blocked step by step. Wants `states`, a list of {K, bits}: what to call its
// coupling, and the spins row by row as hexadecimal digits, four spins in each, 1 for up.
({ data, colors, drawing, set, slider, choice, button, number, patches, neighbours, random }) => {
  const size = 200;
  const starts = data.states.map(({ bits }) => Int8Array.from([...bits].flatMap((digit) =>
    [8, 4, 2, 1].map((bit) => (parseInt(digit, 16) & bit ? 1 : -1)))));
  let seed = 1;

  // Blocks of 2 x 2 become one spin: the sign of their sum, where a coin decides a tie, or their
  // upper left spin.
  function blocked(spins, byMajority, coin) {
    const side = Math.sqrt(spins.length), half = side / 2;
    return Int8Array.from({ length: half * half }, (_, k) => {
      const corner = 2 * side * Math.floor(k / half) + 2 * (k % half);
      if (!byMajority) return spins[corner];
      const sum = [0, 1, side, side + 1].reduce((total, step) => total + spins[corner + step], 0);
      return Math.sign(sum) || (coin() < 0.5 ? 1 : -1);
    });
  }

  const panels = data.states.map(({ K }) => {
    const on = drawing(size + 10, size + 32);
    set(on.svg, { style: `flex: 1 1 110px; max-width: ${size + 10}px` });
    on.shape("text", { x: 5 + size / 2, y: 18, "text-anchor": "middle", fill: "currentColor",
      "font-size": 17 }, K);
    const cells = on.shape("path", { fill: colors[1], "shape-rendering": "crispEdges",
      "data-name": K });
    on.shape("rect", { x: 5, y: 27, width: size, height: size, fill: "none",
      stroke: "currentColor", "stroke-opacity": 0.6 });
    return cells;
  });
  const most = Math.log2(starts[0].length) / 2 - 1;
  const steps = slider("steps", { from: 0, to: most, step: 1, value: 0, digits: 0 }, draw);
  const rule = choice("rule", ["majority", "decimation"], draw);
  button("toss other coins", () => { seed += 1; draw(); });
  const side = number("side n");
  const shown = data.states.map(({ K }) =>
    [number(`${K}: |m|`), number(`${K}: neighbours`)]);

  function draw() {
    starts.forEach((start, k) => {
      const coin = random(starts.length * seed + k);  // the same coins at any number of steps
      let spins = start;
      for (let n = 0; n < steps.value; n += 1) spins = blocked(spins, rule.value === 0, coin);
      const length = Math.sqrt(spins.length);
      set(panels[k], { d: patches(spins), transform: `translate(5 27) scale(${size / length})` });
      side(length, 0);
      shown[k][0](Math.abs(spins.reduce((total, spin) => total + spin, 0)) / spins.length);
      shown[k][1](neighbours(spins));
    });
  }
  draw();
}
