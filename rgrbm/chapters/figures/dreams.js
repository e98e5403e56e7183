// Gibbs chains of a machine on pictures, some from given pictures and some from noise. Its data:
// shape, [rows, columns]; weights, 8-bit integers in base64, a row of them for each pixel, and scale,
// what one of them is worth; c and b; starts, pictures as strings of 0 and 1; noise, how many chains
// begin in noise; seed.
({ data, root, controls, colors, minus, made, set, slider, number, button, clickable, player, random }) => {
  const { c, b, scale } = data, [rows, columns] = data.shape, N = c.length, M = b.length;
  const weights = Int8Array.from(atob(data.weights), (letter) => letter.charCodeAt(0));
  const sigma = (x) => 1 / (1 + Math.exp(-x));
  let draw = random(data.seed), chains = [], done = 0;

  // The inputs of the hidden units, from the pixels that are on.
  function hiddenInputs(v) {
    const x = Float64Array.from(b);
    for (let i = 0; i < N; i += 1) {
      if (v[i]) for (let j = 0; j < M; j += 1) x[j] += scale * weights[i * M + j];
    }
    return x;
  }

  function gibbs(v, T) {
    const x = hiddenInputs(v), on = [];
    for (let j = 0; j < M; j += 1) if (draw() < sigma(x[j] / T)) on.push(j);
    for (let i = 0; i < N; i += 1) {
      const input = on.reduce((sum, j) => sum + scale * weights[i * M + j], c[i]);
      v[i] = draw() < sigma(input / T) ? 1 : 0;
    }
  }

  function freeEnergy(v) {
    const first = v.reduce((sum, on, i) => sum - on * c[i], 0);
    const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    return hiddenInputs(v).reduce((sum, x) => sum - softplus(x), first);
  }

  // A picture for each chain, with its free energy below.
  const grid = made(root, "div", { style: "display: flex; flex-wrap: wrap; gap: 8px; max-width: 640px; "
    + "margin-bottom: 0.5rem" });
  root.insertBefore(grid, controls);
  const pictures = Array.from({ length: data.starts.length + data.noise }, (_, k) => {
    const box = made(grid, "figure", { style: "margin: 0; width: 112px; text-align: center; font-size: 14px" });
    const canvas = made(box, "canvas", { width: columns, height: rows });
    clickable(canvas, "", () => erase(k));
    set(canvas, { style: "width: 100%; image-rendering: pixelated; cursor: pointer; outline-offset: 2px; "
      + "border: 1px solid" });
    return { canvas, below: made(box, "figcaption") };
  });

  const steps = (count) => {
    for (let n = 0; n < count; n += 1) chains.forEach((v) => gibbs(v, T.value));
    done += count;
    show();
  };
  [1, 10, 100].forEach((count) => button(`${count} step${count > 1 ? "s" : ""}`, () => steps(count)));
  player(() => steps(1));
  button("begin again", begin);
  const T = slider("T\u2080", { from: 0.5, to: 2, step: 0.05, value: 1 }, () => {});
  const shownSteps = number("steps"), means = ["digits", "noise"].map((name) =>
    number(`mean F(v), from ${name}`));

  function begin() {
    draw = random(data.seed);
    chains = [...data.starts.map((picture) => Uint8Array.from(picture)),
      ...Array.from({ length: data.noise }, () => Uint8Array.from(c, () => (draw() < 0.5 ? 1 : 0)))];
    done = 0;
    show();
  }

  // The lower half of a picture goes; what will the machine put there?
  function erase(k) {
    chains[k].fill(0, columns * Math.floor(rows / 2));
    show();
  }

  function show() {
    const energies = chains.map(freeEnergy);
    pictures.forEach(({ canvas, below }, k) => {
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, columns, rows);
      context.fillStyle = colors[k < data.starts.length ? 1 : 2];
      chains[k].forEach((on, i) => on && context.fillRect(i % columns, Math.floor(i / columns), 1, 1));
      below.textContent = `F = ${minus(energies[k].toFixed(1))}`;
      set(canvas, { "aria-label": `chain ${k + 1}, ${below.textContent}; press to erase the lower half` });
    });
    shownSteps(done, 0);
    [energies.slice(0, data.starts.length), energies.slice(data.starts.length)].forEach((own, k) =>
      means[k](own.reduce((sum, F) => sum + F, 0) / own.length, 1));
  }
  begin();
}
