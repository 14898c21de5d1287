// The graph: waves from top to bottom, an edge from each service to those that it needs.

import { byId, setText, shortened, svg } from "./dom.js";
import { STATES, ordered, stateOf } from "./state.js";

const BOX = { width: 132, height: 40, gapX: 16, gapY: 34 };

export class Graph {
  constructor(app) {
    this.app = app;
    this.root = byId("graph");
    this.nodes = new Map();
    this.shape = null;
    this.root.addEventListener("click", (event) => {
      const node = event.target.closest("[data-name]");
      if (node) app.select(node.dataset.name);
    });
  }

  draw() {
    const services = ordered(this.app.state, false);
    // A wave that is wider than the panel goes on in a row below.
    this.perRow = Math.max(2, Math.floor((this.root.clientWidth - BOX.gapX - 16) / (BOX.width + BOX.gapX)));
    const shape = JSON.stringify([this.perRow, services.map(({ name, wave, depends_on }) => [name, wave, depends_on])]);
    if (shape !== this.shape) {
      this.shape = shape;
      this.#build(services);
    }
    for (const service of services) {
      const node = this.nodes.get(service.name);
      const now = stateOf(service);
      node.group.dataset.state = now;
      node.group.classList.toggle("selected", service.name === this.app.selected);
      setText(node.word, `${STATES[now].symbol} ${now}`);
      setText(node.title, `${service.name}: ${now}${service.detail ? `, ${service.detail}` : ""}`);
    }
    for (const edge of this.edges) {
      edge.line.dataset.state = stateOf(this.app.state.services.get(edge.to));
      edge.line.classList.toggle("near", this.app.selected !== null && [edge.from, edge.to].includes(this.app.selected));
    }
  }

  #build(services) {
    const waves = [];
    for (const service of services) (waves[service.wave ?? 0] ??= []).push(service.name);
    const rows = waves.filter(Boolean).flatMap((wave) => {
      const count = Math.ceil(wave.length / this.perRow);
      const each = Math.ceil(wave.length / count);
      return Array.from({ length: count }, (_, at) => wave.slice(at * each, (at + 1) * each));
    });
    const widest = Math.max(1, ...rows.map((row) => row.length));
    const width = widest * (BOX.width + BOX.gapX) + BOX.gapX;
    const height = Math.max(1, rows.length) * (BOX.height + BOX.gapY) - BOX.gapY + 24;
    const places = new Map();
    rows.forEach((row, wave) => {
      const left = (width - row.length * (BOX.width + BOX.gapX) + BOX.gapX) / 2;
      row.forEach((name, at) => places.set(name, { x: left + at * (BOX.width + BOX.gapX), y: 12 + wave * (BOX.height + BOX.gapY) }));
    });
    this.edges = [];
    for (const { name: from, depends_on: needs } of services) {
      for (const to of needs ?? []) {
        const [a, b] = [places.get(from), places.get(to)];
        if (!b) continue;
        const [x1, y1, x2, y2] = [a.x + BOX.width / 2, a.y, b.x + BOX.width / 2, b.y + BOX.height];
        const middle = (y1 + y2) / 2;
        const line = svg("path", { class: "edge", d: `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}` });
        this.edges.push({ from, to, line });
      }
    }
    this.nodes.clear();
    for (const [name, { x, y }] of places) {
      const short = shortened(name);
      const node = { title: svg("title"), word: svg("text", { x: 10, y: 32, class: "word" }) };
      node.group = svg(
        "g",
        { class: "node", "data-name": name, transform: `translate(${x} ${y})`, role: "img" },
        node.title,
        svg("rect", { width: BOX.width, height: BOX.height, rx: 6 }),
        svg("text", { x: 10, y: 16 }, short),
        node.word,
      );
      this.nodes.set(name, node);
    }
    const picture = svg(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": "services by wave, with what they need" },
      this.edges.map((edge) => edge.line),
      [...this.nodes.values()].map((node) => node.group),
    );
    this.root.replaceChildren(picture);
  }
}
