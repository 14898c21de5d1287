// The timeline: a bar for each service, from what this page has seen.

import { byId, duration, svg } from "./dom.js";
import { STATES, ordered } from "./state.js";

const ROW = 24;
const LEFT = 130;

export class Timeline {
  constructor(app) {
    this.app = app;
    this.root = byId("timeline");
    this.root.addEventListener("click", (event) => {
      const row = event.target.closest("[data-name]");
      if (row) app.select(row.dataset.name);
    });
  }

  draw() {
    const { state } = this.app;
    const services = ordered(state, false);
    const starts = [...state.history.values()].flat().map((segment) => segment.from);
    const now = Date.now();
    const from = Math.min(now - 1000, ...starts);
    const width = Math.max(280, this.root.clientWidth - 16);
    const scale = (width - LEFT - 8) / (now - from);
    const rows = services.map((service, index) => this.#row(service, index, from, now, scale));
    const height = services.length * ROW + 24;
    const axis = [0, 0.5, 1].map((part) =>
      svg(
        "text",
        { class: "axis", x: LEFT + part * (width - LEFT - 8), y: height - 6, "text-anchor": part === 1 ? "end" : part ? "middle" : "start" },
        part === 1 ? "now" : `−${duration((1 - part) * (now - from))}`,
      ),
    );
    const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "states over time" }, rows, axis);
    this.root.replaceChildren(picture);
  }

  #row(service, index, from, now, scale) {
    const segments = this.app.state.history.get(service.name) ?? [];
    const y = index * ROW + 4;
    const bars = segments.map((segment, at) => {
      const end = segments[at + 1]?.from ?? now;
      const width = Math.max(1, (end - segment.from) * scale);
      const x = LEFT + (segment.from - from) * scale;
      const label = width > 50 ? svg("text", { class: "word", x: x + 4, y: y + 12 }, `${STATES[segment.state].symbol} ${segment.state}`.slice(0, Math.floor(width / 7))) : null;
      return svg(
        "g",
        { "data-state": segment.state },
        svg("title", {}, `${service.name}: ${segment.state} for ${duration(end - segment.from)}, from ${new Date(segment.from).toLocaleTimeString()}`),
        svg("rect", { class: "bar", x, y, width, height: ROW - 8 }),
        label,
      );
    });
    const name = service.name.length > 17 ? `${service.name.slice(0, 16)}…` : service.name;
    return svg(
      "g",
      { "data-name": service.name, class: service.name === this.app.selected ? "selected" : null },
      svg("title", {}, service.name),
      svg("text", { x: 4, y: y + 12 }, name),
      bars,
    );
  }
}
