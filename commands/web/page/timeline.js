// The timeline: a bar for each state of a service, from the records of the session, else from what this page has seen.

import { byId, duration, el, shortened, svg } from "./dom.js";
import { STATES, ordered } from "./state.js";

const ROW = 24;
const LEFT = 130;
/** What a boot has beside its end, so that its last bar can be seen. */
const MARGIN = 1.08;
/** A state by what happens in it. */
const WORDS = { running: "probing" };

export class Timeline {
  constructor(app) {
    this.app = app;
    this.root = byId("timeline");
    /** The rest of a long session would make its boot too narrow to read. */
    this.onlyBoot = true;
    const button = (text, onlyBoot) => el("button", { type: "button", onclick: () => this.#choose(onlyBoot) }, text);
    this.buttons = [button("boot", true), button("whole session", false)];
    this.bar = el("p", { class: "buttons" }, this.buttons);
    this.picture = el("div", {});
    this.root.append(this.bar, this.picture);
    this.root.addEventListener("click", (event) => {
      const row = event.target.closest("[data-name]");
      if (row) app.select(row.dataset.name);
    });
  }

  #choose(onlyBoot) {
    this.onlyBoot = onlyBoot;
    this.draw();
  }

  draw() {
    const { state } = this.app;
    const services = ordered(state, false);
    const { from, to, isBoot } = this.#range();
    const width = Math.max(280, this.root.clientWidth - 16);
    const scale = (width - LEFT - 8) / (to - from);
    const states = (isBoot && state.boot.states) || state.history;
    const rows = services.map((service, index) => this.#row(service, states.get(service.name) ?? [], index, { from, to, scale }));
    const height = services.length * ROW + 24;
    const passed = (ms) => (to - from < 2000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
    const text = (part) => (isBoot ? passed(part * (to - from)) : part === 1 ? "now" : `−${duration((1 - part) * (to - from))}`);
    const anchors = { 0: "start", 0.5: "middle", 1: "end" };
    const axis = [0, 0.5, 1].map((part) =>
      svg("text", { class: "axis", x: LEFT + part * (width - LEFT - 8), y: height - 6, "text-anchor": anchors[part] }, text(part)),
    );
    const label = isBoot ? "states during the boot" : "states over time";
    this.picture.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, rows, axis));
    this.bar.hidden = !state.boot?.from;
    this.buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(isBoot === (index === 0))));
  }

  /** The stretch of time to show. */
  #range() {
    const { boot, history } = this.app.state;
    const now = Date.now();
    if (this.onlyBoot && boot?.from) {
      const to = boot.to ? boot.from + (boot.to - boot.from) * MARGIN : now;
      return { from: boot.from, to: Math.max(to, boot.from + 10), isBoot: true };
    }
    const starts = [...history.values()].flat().map((segment) => segment.from);
    return { from: Math.min(now - 1000, ...starts), to: now, isBoot: false };
  }

  #row(service, segments, index, { from, to, scale }) {
    const y = index * ROW + 4;
    const bars = segments.map((segment, at) => {
      const begin = Math.max(segment.from, from);
      const end = segments[at + 1]?.from ?? Math.max(to, Date.now());
      const shownEnd = Math.min(end, to);
      if (shownEnd < begin) return null;
      const width = Math.max(1, (shownEnd - begin) * scale);
      const x = LEFT + (begin - from) * scale;
      const word = WORDS[segment.state] ?? segment.state;
      const text = `${STATES[segment.state].symbol} ${word}`.slice(0, Math.floor(width / 7));
      const length = end - segment.from;
      const since = new Date(segment.from).toLocaleTimeString();
      return svg(
        "g",
        { "data-state": segment.state },
        svg("title", {}, `${service.name}: ${word} for ${length < 10_000 ? `${(length / 1000).toFixed(2)} s` : duration(length)}, from ${since}`),
        svg("rect", { class: "bar", x, y, width, height: ROW - 8 }),
        width > 50 && svg("text", { class: "word", x: x + 4, y: y + 12 }, text),
      );
    });
    const name = shortened(service.name);
    return svg(
      "g",
      { "data-name": service.name, class: service.name === this.app.selected ? "selected" : null },
      svg("title", {}, service.name),
      svg("text", { x: 4, y: y + 12 }, name),
      bars,
    );
  }
}
