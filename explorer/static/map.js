"use strict";

// The map of everybody: a mark a person on a canvas, drawn group by group; colour and shape tell the group. D3 moves and
// zooms it, and finds what one points at.
const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7b68ee"];
const SHAPES = [
  (pen, r) => pen.arc(0, 0, r, 0, 2 * Math.PI),
  (pen, r) => pen.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
  (pen, r) => corners(pen, 1.25 * r, 3, -90),
  (pen, r) => corners(pen, 1.2 * r, 4, -90),
  (pen, r) => corners(pen, 1.25 * r, 3, 90),
  (pen, r) => star(pen, 1.3 * r, 5),
  (pen, r) => corners(pen, 1.1 * r, 6, 0),
  (pen, r) => star(pen, 1.25 * r, 4),
];
const NEAR = 12;
const NO_SHAPE = 4; // a mark under so many pixels is a square,
const MOST_SHAPES = 8000; // and where so many are in sight, which a machine without a graphics card draws slowly

function corners(pen, r, count, turned) {
  for (let at = 0; at < count; at += 1) {
    const angle = ((turned + (360 * at) / count) * Math.PI) / 180;
    pen.lineTo(r * Math.cos(angle), r * Math.sin(angle));
  }
  pen.closePath();
}

function star(pen, r, points) {
  for (let at = 0; at < 2 * points; at += 1) {
    const angle = -Math.PI / 2 + (Math.PI * at) / points;
    const reach = at % 2 ? 0.45 * r : r;
    pen.lineTo(reach * Math.cos(angle), reach * Math.sin(angle));
  }
  pen.closePath();
}

// The mark of a group as a small picture. People in between are hollow and grey, those left out a grey cross.
function picture(mark, wide, ratio) {
  const made = document.createElement("canvas");
  made.width = made.height = Math.ceil((1.4 * wide + 4) * ratio);
  const pen = made.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, made.width / 2, made.width / 2);
  const style = getComputedStyle(document.documentElement);
  pen.beginPath();
  if (typeof mark === "number") {
    SHAPES[(mark + Math.floor(mark / INKS.length)) % SHAPES.length](pen, wide / 2);
    pen.fillStyle = INKS[mark % INKS.length];
    pen.fill();
    pen.lineWidth = Math.min(1, wide / 8);
    pen.strokeStyle = style.getPropertyValue("--ink");
    pen.globalAlpha = 0.45;
    pen.stroke();
    return made;
  }
  const r = wide / 2;
  pen.lineWidth = Math.max(1, wide / 5);
  pen.strokeStyle = style.getPropertyValue("--faint");
  if (mark === "left out") {
    pen.moveTo(-r, -r);
    pen.lineTo(r, r);
    pen.moveTo(-r, r);
    pen.lineTo(r, -r);
  } else pen.arc(0, 0, mark === "between" ? r : r / 2, 0, 2 * Math.PI);
  pen.stroke();
  return made;
}

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
    const base = count > 20000 ? 2 : count > 4000 ? 4 : count > 400 ? 7 : 11;
    return base * Math.min(Math.sqrt(Math.max(moved.k, 1)), 4);
  }

  function drawDots() {
    const brush = dots.getContext("2d");
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, dots.width / ratio, dots.height / ratio);
    const { scale, left, top } = view();
    const wide = size();
    const faint = getComputedStyle(document.documentElement).getPropertyValue("--faint");
    const [right, bottom] = [dots.width / ratio + wide, dots.height / ratio + wide];
    const seen = (people) =>
      people.filter((one) => {
        const [u, v] = [left + scale * x[one], top - scale * y[one]];
        return u > -wide && v > -wide && u < right && v < bottom;
      });
    const [others, ...groups] = [nobody, ...order].map(seen);
    const shaped = wide >= NO_SHAPE && groups.reduce((sum, people) => sum + people.length, others.length) <= MOST_SHAPES;
    const draw = (people, mark, strong) => {
      brush.globalAlpha = strong ? 0.85 : 0.12;
      if (!shaped) {
        brush.fillStyle = typeof mark === "number" ? INKS[mark % INKS.length] : faint;
        for (const one of people) brush.fillRect(left + scale * x[one] - wide / 2, top - scale * y[one] - wide / 2, wide, wide);
        return;
      }
      const dot = picture(mark, wide, ratio);
      const side = dot.width / ratio;
      for (const one of people) brush.drawImage(dot, left + scale * x[one] - side / 2, top - scale * y[one] - side / 2, side, side);
    };
    draw(others, "nobody", alone < 0);
    // Those in no group are drawn first, so that they hide nobody.
    const first = found.marks.map((_, group) => group).sort((one, other) => (typeof found.marks[one] === "number") - (typeof found.marks[other] === "number"));
    first.forEach((group) => draw(groups[group], found.marks[group], alone < 0 || alone === group));
    if (alone >= 0) draw(groups[alone], found.marks[alone], true);
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

  function point(one, more = "") {
    if (one === pointed) return;
    pointed = one;
    const group = one < 0 ? "" : found.groups[found.group[one]] || "";
    said.textContent = one < 0 ? "" : `${found.names[one] || found.users[one]}${group ? ` · ${group}` : ""}${more}`;
    canvas.classList.toggle("pointing", one >= 0);
    redraw(false);
  }
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons && event.pointerType !== "touch") point(nearest(event));
  });
  canvas.addEventListener("click", (event) => {
    const one = nearest(event);
    // A finger can't point without a click: the first tap says who it is, the second opens their page.
    if (event.pointerType === "touch" && one !== pointed) return point(one, " · tap again to open");
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
      const swatch = picture(found.marks[group], 12, 2);
      swatch.setAttribute("aria-hidden", "true");
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
    ...(nobody.length ? [rest()] : []),
  );
  function rest() {
    const item = document.createElement("li");
    const called = document.createElement("span");
    called.append(picture("nobody", 12, 2), `${found.nobody} (${nobody.length})`);
    item.append(called);
    return item;
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
  new ResizeObserver(fit).observe(canvas);
  canvas.dataset.drawn = String(count);
}

const canvas = document.getElementById("map");
if (canvas) drawMap(canvas);
