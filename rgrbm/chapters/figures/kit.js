// What figures that compute in the reader's browser share. A figure is a function of a kit; it is
// given its data, makes controls and a drawing, and draws when a control is moved. Nothing moves
// by itself, nothing is fetched, and all can be done by keyboard.
function kit(root) {
  const made = (parent, name, attributes = {}, text = "") => {
    const element = document.createElement(name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    write(element, text);
    return parent.appendChild(element);
  };
  const minus = (text) => String(text).replace(/^-(?=0\.?0*$)/, "").replace("-", "\u2212");

  // Set a text, in which a letter after "_" is a subscript.
  function write(element, text) {
    const [first, ...rest] = String(text).split(/_(.)/u);
    element.textContent = first;
    const drawn = element instanceof SVGElement;
    rest.forEach((part, k) => {
      const piece = document.createElementNS(element.namespaceURI, drawn ? "tspan" : k % 2 ? "span" : "sub");
      if (drawn) set(piece, k % 2 ? { dy: "-0.225em" } : { dy: "0.3em", "font-size": "75%" });
      piece.textContent = part;
      element.appendChild(piece);
    });
  }

  const panel = made(root, "div", { class: "play-drawing" });
  const controls = made(root, "div", { class: "play-controls" });
  const colors = ["currentColor", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"];

  // A drawing of so many units a side; it is as wide as the page lets it be.
  function drawing(width, height) {
    const space = "http://www.w3.org/2000/svg";
    const svg = panel.appendChild(document.createElementNS(space, "svg"));
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("style", `width: 100%; max-width: ${width}px; touch-action: pan-y`);
    // On a phone the drawing shrinks, and its letters less.
    const letters = Math.min(1.35, Math.max(1, width / (panel.clientWidth || width)));
    const shape = (name, attributes = {}, text = "") => {
      const element = document.createElementNS(space, name);
      set(element, attributes);
      if (attributes["font-size"]) set(element, { "font-size": attributes["font-size"] * letters });
      write(element, minus(text));
      return svg.appendChild(element);
    };
    const place = (event) => {  // of a pointer, in units of the drawing
      const box = svg.getBoundingClientRect();
      return [(event.clientX - box.left) * width / box.width,
        (event.clientY - box.top) * height / box.height];
    };
    return { svg, shape, place };
  }

  function set(element, attributes) {
    for (const key in attributes) element.setAttribute(key, attributes[key]);
  }

  // Axes in a box [left, top, right, bottom] of a drawing; x and y are {from, to, label}.
  function axes(on, box, x, y) {
    const [left, top, right, bottom] = box;
    const style = { fill: "currentColor", "font-size": 14 };
    on.shape("rect", { x: left, y: top, width: right - left, height: bottom - top,
      fill: "none", stroke: "currentColor", "stroke-opacity": 0.5 });
    const middle = (top + bottom) / 2;
    const labels = {
      x: on.shape("text", { ...style, x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle" }),
      y: on.shape("text", { ...style, x: left - 44, y: middle, "text-anchor": "middle",
        transform: `rotate(-90 ${left - 44} ${middle})` }),
    };
    const ends = [
      on.shape("text", { ...style, x: left, y: bottom + 16, "text-anchor": "middle" }),
      on.shape("text", { ...style, x: right, y: bottom + 16, "text-anchor": "middle" }),
      on.shape("text", { ...style, x: left - 5, y: bottom, "text-anchor": "end" }),
      on.shape("text", { ...style, x: left - 5, y: top + 11, "text-anchor": "end" }),
    ];
    const frame = {
      x, y,
      X: (value) => left + (right - left) * (value - frame.x.from) / (frame.x.to - frame.x.from),
      Y: (value) => bottom + (top - bottom) * (value - frame.y.from) / (frame.y.to - frame.y.from),
      unX: (place) => frame.x.from + (frame.x.to - frame.x.from) * (place - left) / (right - left),
      unY: (place) => frame.y.from + (frame.y.to - frame.y.from) * (place - bottom) / (top - bottom),
      path: (points) => points.map(([u, v], k) =>
        `${k ? "L" : "M"}${frame.X(u).toFixed(2)} ${frame.Y(v).toFixed(2)}`).join(""),
      // New ranges or labels; each axis may have digits of its own.
      range(newX, newY, digits = 1) {
        frame.x = { ...frame.x, ...newX };
        frame.y = { ...frame.y, ...newY };
        const values = [frame.x.from, frame.x.to, frame.y.from, frame.y.to];
        ends.forEach((end, k) => {
          const own = (k < 2 ? frame.x : frame.y).digits ?? digits;
          end.textContent = minus(values[k].toFixed(own));
        });
        write(labels.x, frame.x.label ?? "");
        write(labels.y, frame.y.label ?? "");
      },
    };
    frame.range({}, {}, x.digits ?? 1);
    return frame;
  }

  // A slider with its value beside it; `draw` is called when it moves.
  function slider(label, { from, to, step, value, digits = 2 }, draw) {
    const line = made(controls, "label", { class: "play-slider" });
    made(line, "span", {}, label);
    const input = made(line, "input", { type: "range", min: from, max: to, step, value, "aria-label": label });
    const shown = made(line, "output");
    const show = () => { shown.textContent = minus(Number(input.value).toFixed(digits)); };
    input.addEventListener("input", () => { show(); draw(); });
    show();
    return {
      input,
      get value() { return Number(input.value); },
      set value(wanted) { input.value = wanted; show(); },
    };
  }

  function button(label, act) {
    const element = made(controls, "button", { type: "button" }, label);
    element.addEventListener("click", act);
    return element;
  }

  function choice(label, options, draw) {
    const line = made(controls, "label");
    made(line, "span", {}, `${label} `);
    const select = made(line, "select", { "aria-label": label });
    options.forEach((option) => made(select, "option", {}, option));
    select.addEventListener("change", draw);
    return { select, get value() { return select.selectedIndex; } };
  }

  // A number that the figure prints: call it to set the text.
  function number(label) {
    const line = made(controls, "p", { class: "play-number" });
    made(line, "span", {}, `${label} `);
    const output = made(line, "output", { "data-name": label });
    return (value, digits = 3) => {
      output.textContent = minus(typeof value === "number" ? value.toFixed(digits) : value);
    };
  }

  // A shape that is clicked, or chosen by Tab and pressed by Enter or the space bar.
  function clickable(shape, label, act) {
    set(shape, { tabindex: 0, role: "button", "aria-label": label, style: "cursor: pointer" });
    shape.addEventListener("click", act);
    shape.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      act();
    });
  }

  // A shape that is dragged, or moved by the arrow keys; `move` is given a place of the drawing.
  function draggable(on, shape, label, where, move, stride = 10) {
    set(shape, { tabindex: 0, role: "slider", "aria-label": label, "aria-valuenow": 0,
      style: "cursor: grab; touch-action: none" });
    shape.addEventListener("pointerdown", (event) => shape.setPointerCapture(event.pointerId));
    shape.addEventListener("pointermove", (event) => {
      if (shape.hasPointerCapture(event.pointerId)) move(...on.place(event));
    });
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    shape.addEventListener("keydown", (event) => {
      if (!(event.key in steps)) return;
      event.preventDefault();
      const [x, y] = where(), [dx, dy] = steps[event.key];
      move(x + stride * dx, y + stride * dy);
    });
  }

  // A button that plays and pauses: `step` is called every so many milliseconds, and returns
  // false at the end. It never starts by itself.
  function player(step, interval = 200) {
    let timer = null;
    const element = button("play", () => (timer ? stop() : start()));
    const stop = () => { clearInterval(timer); timer = null; element.textContent = "play"; };
    const start = () => {
      element.textContent = "pause";
      timer = setInterval(() => { if (step() === false) stop(); }, interval);
    };
    return { stop, element };
  }

  // The up spins of a square of spins as one path, row by row, in units of a spin.
  function patches(spins) {
    const side = Math.sqrt(spins.length);
    let path = "";
    for (let k = 0; k < spins.length; k += 1) {
      if (spins[k] < 0) continue;
      const first = k;
      while ((k + 1) % side && spins[k + 1] > 0) k += 1;
      path += `M${first % side} ${Math.floor(first / side)}h${k - first + 1}v1h${first - k - 1}z`;
    }
    return path;
  }

  // Mean product of neighbours on a torus.
  function neighbours(spins) {
    const side = Math.sqrt(spins.length);
    return spins.reduce((total, spin, k) => {
      const row = k - k % side;
      return total + spin * (spins[row + (k + 1) % side] + spins[(k + side) % spins.length]);
    }, 0) / (2 * spins.length);
  }

  // Random numbers from 0 to 1 with a seed (mulberry32).
  function random(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6D2B79F5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  }

  const data = JSON.parse(root.querySelector("script").textContent);
  return { data, root, colors, minus, made, controls, drawing, set, axes, slider, button, choice,
    number, clickable, draggable, player, patches, neighbours, random };
}
