"use strict";

// The picture of a neighbourhood. The list below it on the page says the same.
async function draw(place) {
  const said = document.getElementById("pointed");
  const answer = await fetch(place.dataset.graph);
  if (!answer.ok) {
    said.textContent = "The picture can't be drawn now; the list below says the same.";
    return;
  }
  const found = await answer.json();
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const size = { user: () => 54, collaborator: (one) => 26 + 34 * one.size, key: (one) => 18 + 40 * one.size, fact: () => 16 };
  const short = (text) => (text.length > 34 ? `${text.slice(0, 33)}…` : text);
  const elements = [
    ...found.nodes.map((one) => ({
      data: { id: one.node, name: one.name, short: short(one.name), role: one.role, kind: one.kind, is: one.id, size: Math.min(size[one.role](one), 70) },
    })),
    ...found.edges.map((one, place) => ({
      data: { id: `e${place}`, source: one.source, target: one.target, opposed: one.opposed, width: 1 + 2 * one.weight },
    })),
  ];
  const style = () => [
    { selector: "node", style: { width: "data(size)", height: "data(size)", label: "data(short)", "font-size": 11, color: colour("ink"), "text-wrap": "wrap", "text-max-width": 110, "text-valign": "bottom", "text-margin-y": 3, "text-background-color": colour("soft"), "text-background-opacity": 0.75 } },
    ...["user", "collaborator", "key", "fact"].map((role) => ({ selector: `node[role = "${role}"]`, style: { "background-color": colour(role) } })),
    { selector: 'node[role = "user"], node[role = "collaborator"]', style: { "font-size": 13, "font-weight": "bold" } },
    { selector: 'node[role = "fact"]', style: { "text-opacity": 0, "text-background-opacity": 0 } },
    { selector: 'node[role = "fact"].near', style: { "text-opacity": 1, "text-background-opacity": 0.9, "z-index": 9 } },
    { selector: "edge", style: { width: "data(width)", "line-color": colour("line"), "curve-style": "haystack", opacity: 0.9 } },
    { selector: "edge[?opposed]", style: { "line-color": colour("opposed"), "line-style": "dashed" } },
    { selector: ".near", style: { "line-color": colour("link"), "border-width": 3, "border-color": colour("link") } },
  ];
  const graph = window.cytoscape({
    container: place,
    elements,
    style: style(),
    layout: { name: "cose", animate: false, randomize: false, nodeRepulsion: () => 60000, idealEdgeLength: () => 100, nodeOverlap: 24, padding: 20 },
    minZoom: 0.2,
    maxZoom: 4,
    wheelSensitivity: 0.3,
  });
  const pages = { user: ["/neighbourhood", "user"], collaborator: ["/neighbourhood", "user"], key: ["/key", "key"], fact: ["/fact", "fact"] };
  const go = (node) => {
    const [page, param] = pages[node.data("role")];
    window.location.assign(`${page}?${new URLSearchParams({ dataset: place.dataset.dataset, [param]: node.data("is") })}`);
  };
  graph.on("mouseover", "node", (event) => {
    event.target.closedNeighborhood().addClass("near");
    place.classList.add("pointing");
    said.textContent = `${event.target.data("kind")} ${event.target.data("name")}`.trim();
  });
  graph.on("mouseout", "node", () => graph.elements().removeClass("near"));
  graph.on("tap", "node", (event) => go(event.target));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => graph.style(style()));
  window.neighbourhood = graph;
  place.dataset.drawn = String(found.nodes.length);
}

const place = document.getElementById("picture");
if (place) draw(place);
