(function (figure) {
  // A point is [ln s, ln v, ln q].
  const { points, curves, names, colors } = JSON.parse(figure.querySelector("script").textContent);
  const svg = figure.querySelector("svg");
  const [inA, inB] = figure.querySelectorAll("input");
  const [outA, outB, outScore, outOverlap] = figure.querySelectorAll("output");
  const box = { left: 60, right: 590, top: 15, bottom: 300 };
  const minus = (text) => text.replace("-", "\u2212");
  const element = (name, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    made.textContent = text;
    return svg.appendChild(made);
  };
  const text = (x, y, anchor, turn = "") =>
    element("text", { x, y, "text-anchor": anchor, transform: turn, fill: "currentColor", "font-size": 15 });

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

  element("rect", {
    x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top,
    fill: "none", stroke: "currentColor",
  });
  const middle = (box.top + box.bottom) / 2;
  const [xTitle, yTitle] = [
    text((box.left + box.right) / 2, 335, "middle"),
    text(20, middle, "middle", `rotate(-90 20 ${middle})`),
  ];
  const [xLeast, xMost] = [text(box.left, 317, "start"), text(box.right, 317, "end")];
  const [yLeast, yMost] = [text(55, box.bottom, "end"), text(55, box.top + 12, "end")];
  const dots = curves.map((curve) =>
    element("circle", { r: 3, fill: colors[curve % colors.length] }));

  function draw() {
    const a = Number(inA.value), b = Number(inB.value);
    const z = points.map(([s, v]) => v + b * s), y = points.map(([s, , q]) => q - a * s);
    const place = (values, low, high, least, most) => {
      const [from, to] = [Math.min(...values), Math.max(...values)];
      least.textContent = minus(from.toFixed(1));
      most.textContent = minus(to.toFixed(1));
      const pad = 0.03 * (high - low);
      return values.map((value) =>
        low + pad + (high - low - 2 * pad) * (to > from ? (value - from) / (to - from) : 0.5));
    };
    const xs = place(z, box.left, box.right, xLeast, xMost);
    const ys = place(y, box.bottom, box.top, yLeast, yMost);
    dots.forEach((dot, i) => { dot.setAttribute("cx", xs[i]); dot.setAttribute("cy", ys[i]); });
    outA.textContent = minus(a.toFixed(2));
    outB.textContent = minus(b.toFixed(2));
    const [found, overlap] = score(z, y);
    outScore.textContent = found.toFixed(3);
    outOverlap.textContent = overlap.toFixed(2);
    xTitle.textContent = `${names[2]} + b ${names[1]}`;
    yTitle.textContent = `${names[0]} \u2212 a ${names[1]}`;
  }
  inA.addEventListener("input", draw);
  inB.addEventListener("input", draw);
  draw();
})(document.currentScript.parentNode);
