// The flow of decimation in the plane of tanh K and tanh h, from a start to drag.
// Data: { coupling, field, means }, with the mean spins m of the curves to draw.
({ data, colors, drawing, set, axes, slider, number, draggable, minus }) => {
  const most = 12;
  let start = [data.coupling, data.field];

  function decimated([K, h]) {
    const ratio = Math.sinh(2 * K) / Math.cosh(h);
    return [Math.log1p(ratio ** 2) / 4, h + Math.atanh(Math.tanh(2 * K) * Math.tanh(h))];
  }
  const root = ([K, h]) => Math.hypot(Math.sinh(h), Math.exp(-2 * K));
  const meanSpin = (at) => Math.sinh(at[1]) / root(at);
  // The product of the two eigenvalues is 1 - exp(-4K).
  const length = (at) =>
    1 / Math.log((Math.cosh(at[1]) + root(at)) ** 2 / Math.abs(Math.expm1(-4 * at[0])));
  const invariant = ([K, h]) => Math.exp(2 * K) * Math.sinh(h);

  const on = drawing(480, 400);
  const frame = axes(on, [60, 10, 460, 350], { from: -1, to: 1, label: "t = tanh K", digits: 0 },
    { from: -1, to: 1, label: "tanh h", digits: 0 });
  const plane = ([K, h]) => [Math.tanh(K), Math.tanh(h)];
  const curve = (m) => Array.from({ length: 201 }, (_, i) => {
    const t = -1 + (i + 0.5) / 100.5, sinh = m / Math.sqrt(1 - m * m) * (1 - t) / (1 + t);
    return [t, sinh / Math.hypot(1, sinh)];
  });
  const line = (attributes) => on.shape("path", { fill: "none", ...attributes });
  data.means.forEach((m) => line({ d: frame.path(curve(m)), stroke: "currentColor", "stroke-opacity": 0.3 }));
  line({ d: frame.path([[0, -1], [0, 1]]), stroke: colors[2], "stroke-width": 4 });
  on.shape("text", { x: frame.X(1), y: frame.Y(0) + 9, "text-anchor": "middle", "font-size": 28, fill: colors[2] }, "\u2605");
  const own = line({ stroke: colors[1], "stroke-width": 1.5, "stroke-dasharray": "5 4" });
  const dots = Array.from({ length: most + 1 }, () => on.shape("circle", { r: 4, fill: colors[1] }));
  const chosen = on.shape("circle", { r: 9, fill: "none", stroke: colors[1], "stroke-width": 2 });
  const handle = on.shape("circle", { r: 18, fill: colors[1], "fill-opacity": 0.25 });
  const here = () => { const [t, y] = plane(start); return [frame.X(t), frame.Y(y)]; };
  const within = (value, limit) => Math.atanh(Math.min(limit, Math.max(-limit, value)));
  draggable(on, handle, "start of the flow", here, (x, y) => {
    start = [within(frame.unX(x), 0.998), within(frame.unY(y), 0.99)];
    draw();
  });
  const steps = slider("steps", { from: 0, to: most, step: 1, value: 2, digits: 0 }, draw);
  const shown = {};
  for (const name of ["K", "h", "\u03be, sites", "m", "exp(2K) sinh h"]) shown[name] = number(name);

  function draw() {
    const path = [start];
    while (path.length <= most) path.push(decimated(path.at(-1)));
    const at = path[steps.value], places = path.map(plane).map(([t, y]) => ({ cx: frame.X(t), cy: frame.Y(y) }));
    dots.forEach((dot, k) => set(dot, places[k]));
    set(chosen, places[steps.value]);
    set(handle, { ...places[0], "aria-valuetext": minus(`K ${start[0].toFixed(2)}, h ${start[1].toFixed(2)}`) });
    set(own, { d: frame.path(curve(meanSpin(start))) });
    shown.K(at[0], 4);
    shown.h(at[1], 4);
    shown["\u03be, sites"](length(at), 4);
    shown.m(meanSpin(at), 4);
    shown["exp(2K) sinh h"](invariant(at), 4);
  }
  draw();
}
