"use strict";

// The map of everybody: squares on a canvas, drawn group by group. D3 moves and zooms it, and finds what one points at.
const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7b68ee", "#999999"];
const NEAR = 12;

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
  const edges = (values) => values.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [Infinity, -Infinity]);
  const [[west, east], [south, north]] = [edges(x), edges(y)];
  const order = found.groups.map(() => []);
  const nobody = [];
  found.group.forEach((group, one) => (group < 0 ? nobody : order[group]).push(one));
  const pen = canvas.getContext("2d");
  const dots = document.createElement("canvas"); // what was drawn last, so that pointing at somebody draws one ring alone
  const trees = new Map();
  const whole = { scale: 1, left: 0, top: 0 };
  let ratio = 1;
  let moved = d3.zoomIdentity;
  let alone = -1;
  let pointed = -1;
  let waiting = 0;
  let stale = true;

  function fit() {
    const box = canvas.getBoundingClientRect();
    ratio = window.devicePixelRatio || 1;
    for (const one of [canvas, dots]) {
      one.width = Math.round(box.width * ratio);
      one.height = Math.round(box.height * ratio);
    }
    const edge = 24;
    whole.scale = Math.min((box.width - 2 * edge) / (east - west || 1), (box.height - 2 * edge) / (north - south || 1));
    whole.left = box.width / 2 - (whole.scale * (west + east)) / 2;
    whole.top = box.height / 2 + (whole.scale * (south + north)) / 2;
    zoomer.extent([[0, 0], [box.width, box.height]]);
    redraw();
  }

  // Where a place is on the screen: x * scale + left, top - y * scale.
  function view() {
    return { scale: whole.scale * moved.k, left: whole.left * moved.k + moved.x, top: whole.top * moved.k + moved.y };
  }

  function size() {
    const base = count > 20000 ? 2 : count > 4000 ? 4 : count > 400 ? 6 : 10;
    return base * Math.min(Math.sqrt(Math.max(moved.k, 1)), 4);
  }

  function drawDots() {
    const brush = dots.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, dots.width / ratio, dots.height / ratio);
    const { scale, left, top } = view();
    const wide = size();
    const draw = (people, ink, strong) => {
      brush.fillStyle = ink;
      brush.globalAlpha = strong ? 0.8 : 0.12;
      for (const one of people) brush.fillRect(left + scale * x[one] - wide / 2, top - scale * y[one] - wide / 2, wide, wide);
    };
    draw(nobody, INKS[8], alone < 0);
    order.forEach((people, group) => draw(people, INKS[group % 8], alone < 0 || alone === group));
    if (alone >= 0) draw(order[alone], INKS[alone % 8], true);
    stale = false;
  }

  function paint() {
    waiting = 0;
    if (stale) drawDots();
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(dots, 0, 0);
    if (pointed >= 0) {
      const { scale, left, top } = view();
      const wide = size();
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
      pen.lineWidth = 2;
      pen.strokeRect(left + scale * x[pointed] - wide, top - scale * y[pointed] - wide, 2 * wide, 2 * wide);
    }
    canvas.dataset.painted = String(Number(canvas.dataset.painted || 0) + 1);
  }

  function redraw(again = true) {
    stale = stale || again;
    if (!waiting) waiting = window.requestAnimationFrame(paint);
  }

  function tree() {
    if (!trees.has(alone)) {
      const people = alone < 0 ? Array.from(x.keys()) : order[alone];
      trees.set(alone, d3.quadtree(people, (one) => x[one], (one) => y[one]));
    }
    return trees.get(alone);
  }

  function nearest(event) {
    const { scale, left, top } = view();
    const one = tree().find((event.offsetX - left) / scale, (top - event.offsetY) / scale, NEAR / scale);
    return one === undefined ? -1 : one;
  }

  const zoomer = d3.zoom().scaleExtent([0.5, 200]).on("zoom", ({ transform }) => {
    moved = transform;
    redraw();
  });
  const area = d3.select(canvas).call(zoomer);

  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) return;
    const one = nearest(event);
    if (one === pointed) return;
    pointed = one;
    const group = one < 0 ? "" : found.groups[found.group[one]] || "";
    said.textContent = one < 0 ? "" : `${found.names[one] || found.users[one]}${group ? ` · ${group}` : ""}`;
    canvas.classList.toggle("pointing", one >= 0);
    redraw(false);
  });
  canvas.addEventListener("click", (event) => {
    const one = nearest(event);
    if (one >= 0) window.location.assign(`/person?${new URLSearchParams({ dataset: canvas.dataset.dataset, user: found.users[one] })}`);
  });
  const reset = () => zoomer.transform(area, d3.zoomIdentity);
  document.getElementById("closer").addEventListener("click", () => zoomer.scaleBy(area, 1.5));
  document.getElementById("farther").addEventListener("click", () => zoomer.scaleBy(area, 1 / 1.5));
  document.getElementById("whole").addEventListener("click", reset);
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (moves[event.key]) zoomer.translateBy(area, ...moves[event.key].map((one) => one / moved.k));
    else if (event.key === "+" || event.key === "=") zoomer.scaleBy(area, 1.5);
    else if (event.key === "-") zoomer.scaleBy(area, 1 / 1.5);
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
