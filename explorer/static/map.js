"use strict";

// The map of everybody: squares on a canvas, drawn group by group, found again by a grid. The list below names the groups.
const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7b68ee", "#999999"];

async function drawMap(canvas) {
  const said = document.getElementById("pointed");
  const answer = await fetch(canvas.dataset.places);
  if (!answer.ok) {
    said.textContent = "The map can't be drawn now.";
    return;
  }
  const found = await answer.json();
  const count = found.users.length;
  const x = Float32Array.from(found.x);
  const y = Float32Array.from(found.y);
  const bounds = [Infinity, -Infinity, Infinity, -Infinity];
  for (let one = 0; one < count; one++) {
    bounds[0] = Math.min(bounds[0], x[one]);
    bounds[1] = Math.max(bounds[1], x[one]);
    bounds[2] = Math.min(bounds[2], y[one]);
    bounds[3] = Math.max(bounds[3], y[one]);
  }
  const order = found.groups.map(() => []);
  const nobody = [];
  found.group.forEach((group, one) => (group < 0 ? nobody : order[group]).push(one));
  const pen = canvas.getContext("2d");
  const view = { scale: 1, left: 0, top: 0 };
  const whole = { scale: 1, left: 0, top: 0 };
  let alone = -1;
  let waiting = 0;
  let pointed = -1;
  let grid = null;

  function fit() {
    const ratio = window.devicePixelRatio || 1;
    const box = canvas.getBoundingClientRect();
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    const wide = bounds[1] - bounds[0] || 1;
    const high = bounds[3] - bounds[2] || 1;
    const edge = 24 * ratio;
    whole.scale = Math.min((canvas.width - 2 * edge) / wide, (canvas.height - 2 * edge) / high);
    whole.left = canvas.width / 2 - (whole.scale * (bounds[0] + bounds[1])) / 2;
    whole.top = canvas.height / 2 + (whole.scale * (bounds[2] + bounds[3])) / 2;
    Object.assign(view, whole);
    redraw();
  }

  function dot() {
    const base = count > 20000 ? 2 : count > 4000 ? 4 : count > 400 ? 6 : 10;
    return base * (window.devicePixelRatio || 1) * Math.min(Math.sqrt(view.scale / whole.scale), 4);
  }

  function paint() {
    waiting = 0;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    const size = dot();
    const draw = (people, ink, strong) => {
      pen.fillStyle = ink;
      pen.globalAlpha = strong ? 0.8 : 0.12;
      for (const one of people) pen.fillRect(view.left + view.scale * x[one] - size / 2, view.top - view.scale * y[one] - size / 2, size, size);
    };
    draw(nobody, INKS[8], alone < 0);
    order.forEach((people, group) => draw(people, INKS[group % 8], alone < 0 || alone === group));
    if (alone >= 0) draw(order[alone], INKS[alone % 8], true);
    pen.globalAlpha = 1;
    if (pointed >= 0) {
      pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
      pen.lineWidth = 2 * (window.devicePixelRatio || 1);
      pen.strokeRect(view.left + view.scale * x[pointed] - size, view.top - view.scale * y[pointed] - size, 2 * size, 2 * size);
    }
    grid = null;
    canvas.dataset.painted = String(Number(canvas.dataset.painted || 0) + 1);
  }

  function redraw() {
    if (!waiting) waiting = window.requestAnimationFrame(paint);
  }

  function zoom(by, atX, atY) {
    const scale = Math.min(Math.max(view.scale * by, whole.scale / 2), whole.scale * 200);
    const real = scale / view.scale;
    view.left = atX - (atX - view.left) * real;
    view.top = atY - (atY - view.top) * real;
    view.scale = scale;
    redraw();
  }

  // Dots by the square of the picture that they are in, made anew when one points after a move.
  function nearest(atX, atY) {
    const step = 24;
    if (!grid) {
      grid = new Map();
      for (let one = 0; one < count; one++) {
        const px = view.left + view.scale * x[one];
        const py = view.top - view.scale * y[one];
        if (px < 0 || py < 0 || px > canvas.width || py > canvas.height) continue;
        const cell = Math.floor(px / step) + 100000 * Math.floor(py / step);
        if (grid.has(cell)) grid.get(cell).push(one);
        else grid.set(cell, [one]);
      }
    }
    let best = -1;
    let least = (step * (window.devicePixelRatio || 1)) ** 2 / 4;
    for (let dx = -1; dx <= 1; dx++)
      for (let dy = -1; dy <= 1; dy++)
        for (const one of grid.get(Math.floor(atX / step) + dx + 100000 * (Math.floor(atY / step) + dy)) || []) {
          if (alone >= 0 && found.group[one] !== alone) continue;
          const far = (view.left + view.scale * x[one] - atX) ** 2 + (view.top - view.scale * y[one] - atY) ** 2;
          if (far < least) [best, least] = [one, far];
        }
    return best;
  }

  function place(event) {
    const ratio = window.devicePixelRatio || 1;
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
  }

  let held = null;
  let moved = false;
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, ...place(event));
  }, { passive: false });
  canvas.addEventListener("pointerdown", (event) => {
    held = place(event);
    moved = false;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [atX, atY] = place(event);
    if (held) {
      if (moved || Math.hypot(atX - held[0], atY - held[1]) > 6) {
        moved = true;
        view.left += atX - held[0];
        view.top += atY - held[1];
        held = [atX, atY];
        redraw();
      }
      return;
    }
    const one = nearest(atX, atY);
    if (one === pointed) return;
    pointed = one;
    const group = one < 0 ? "" : found.groups[found.group[one]] || "";
    said.textContent = one < 0 ? "" : `${found.names[one]}${group ? ` · ${group}` : ""}`;
    canvas.classList.toggle("pointing", one >= 0);
    const kept = grid;
    paint();
    grid = kept;
  });
  canvas.addEventListener("pointerup", (event) => {
    const one = moved ? -1 : nearest(...place(event));
    held = null;
    if (one >= 0) window.location.assign(`/person?${new URLSearchParams({ dataset: canvas.dataset.dataset, user: found.users[one] })}`);
  });
  const middle = () => [canvas.width / 2, canvas.height / 2];
  document.getElementById("closer").addEventListener("click", () => zoom(1.5, ...middle()));
  document.getElementById("farther").addEventListener("click", () => zoom(1 / 1.5, ...middle()));
  const reset = () => {
    Object.assign(view, whole);
    redraw();
  };
  document.getElementById("whole").addEventListener("click", reset);
  canvas.addEventListener("keydown", (event) => {
    const step = 60 * (window.devicePixelRatio || 1);
    const moves = { ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) {
      view.left += moves[event.key][0];
      view.top += moves[event.key][1];
      redraw();
    } else if (event.key === "+" || event.key === "=") zoom(1.5, ...middle());
    else if (event.key === "-") zoom(1 / 1.5, ...middle());
    else if (event.key === "0") reset();
    else return;
    event.preventDefault();
  });

  document.getElementById("legend").replaceChildren(
    ...found.groups.map((name, group) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", "false");
      const swatch = document.createElement("span");
      swatch.className = `swatch m${group % 8}`;
      const called = document.createElement("bdi");
      called.textContent = `${name} (${order[group].length})`;
      button.append(swatch, called);
      button.addEventListener("click", () => {
        alone = alone === group ? -1 : group;
        document.querySelectorAll("#legend button").forEach((one, at) => one.setAttribute("aria-pressed", String(at === alone)));
        redraw();
      });
      item.append(button);
      return item;
    }),
  );
  new ResizeObserver(fit).observe(canvas);
  canvas.dataset.drawn = String(count);
}

const canvas = document.getElementById("map");
if (canvas) drawMap(canvas);
