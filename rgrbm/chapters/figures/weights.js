// Weights of machines at stages of their training. Its data: shape, [visible, hidden]; paths, a list of
// {name, stages}, one for each strength of the penalty, where a stage has its number of epochs and its
// weights (in bits) as 16-bit integers in base64, a row for each visible unit, with scale, the worth of one.
({ data, colors, drawing, set, axes, slider, number, choice }) => {
  const [N, M] = data.shape, { paths } = data, every = (n) => Array.from({ length: n }, (_, k) => k);
  paths.forEach(({ stages }) => stages.forEach((stage) => {
    const bytes = Uint8Array.from(atob(stage.weights), (letter) => letter.charCodeAt(0));
    const whole = new Int16Array(bytes.buffer);
    stage.w = every(M).map((j) => every(N).map((i) => stage.scale * whole[i * M + j]));
  }));

  const on = drawing(500, 345), box = [60, 10, 490, 300];
  axes(on, box, { from: 1, to: N, label: "visible unit i", digits: 0 },
    { from: M, to: 1, label: "hidden unit j" });
  const [width, height] = [(box[2] - box[0]) / N, (box[3] - box[1]) / M];
  const cells = every(M).map((j) => every(N).map((i) => on.shape("rect",
    { x: box[0] + i * width, y: box[1] + j * height, width, height })));

  const penalty = choice("strength \u03B3 of the penalty", paths.map(({ name }) => name), draw);
  penalty.select.selectedIndex = data.path ?? 0;
  const order = choice("hidden units", ["as trained", "in order, turned"], draw);
  const stage = slider("stage", { from: 0, to: paths[0].stages.length - 1, step: 1,
    value: data.stage ?? 0, digits: 0 }, draw);
  const shown = Object.fromEntries(["epochs", "alive", "with a spin of their own",
    "large weights of one", "slips"]
    .map((label) => [label, number(label)]));

  function draw() {
    const { epochs, w } = paths[penalty.value].stages[stage.value];
    const size = w.map((unit) => Math.max(...unit.map(Math.abs)));
    const decides = w.map((unit, j) =>  // -1 for a unit without weights
      size[j] > 0 ? unit.findIndex((value) => Math.abs(value) === size[j]) : -1);
    const sorted = every(M).sort((j, k) => decides[j] - decides[k] || j - k);
    const rows = order.value ? sorted : every(M);
    rows.forEach((j, row) => {
      const turn = order.value && w[j][decides[j]] < 0 ? -1 : 1;
      cells[row].forEach((cell, i) => {
        const J = turn * w[j][i] / 4;  // white at 0, full colour from 2 on
        set(cell, { fill: colors[J < 0 ? 2 : 1], "fill-opacity": Math.min(1, Math.abs(J) / 2).toFixed(3) });
      });
    });
    const alive = every(M).filter((j) => size[j] > 1), sites = alive.map((j) => decides[j]);
    const gaps = sorted.map((j, k) => k + 1 < M ? decides[sorted[k + 1]] - decides[j]
      : decides[sorted[0]] + N - decides[j]);
    shown.epochs(epochs, 0);
    shown.alive(alive.length, 0);
    shown["with a spin of their own"](sites.filter((i) => sites.filter((k) => k === i).length === 1).length, 0);
    const large = alive.map((j) => w[j].filter((value) => Math.abs(value) > 1).length);
    shown["large weights of one"](large.reduce((sum, count) => sum + count, 0) / (large.length || 1), 1);
    shown.slips(gaps.filter((gap) => gap !== 2).length, 0);
  }
  draw();
}
