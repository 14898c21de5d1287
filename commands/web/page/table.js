// The services: one row for each, and the details of one.

import { safe } from "./ansi.js";
import { byId, duration, el, link, setText } from "./dom.js";
import { STATES, groups, members, ordered, stateOf, urlOf } from "./state.js";

export class Table {
  constructor(app) {
    this.app = app;
    this.list = byId("services");
    this.rows = new Map();
    this.made = 0;
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[data-name]");
      if (!row || event.target.closest("a")) return;
      const act = event.target.closest("button")?.dataset.act;
      if (act) app.act(act, row.dataset.name);
      else app.select(row.dataset.name || null);
    });
  }

  /** The names in the order of the list; `null` stands for all services. */
  names() {
    const { state, troubleFirst } = this.app;
    const filter = this.app.nameFilter.toLowerCase();
    const services = ordered(state, troubleFirst).map((service) => service.name);
    const has = (name) => name.toLowerCase().includes(filter);
    const all = filter ? [] : [null];
    return [...all, ...groups(state).filter((name) => has(name) && !state.services.has(name)), ...services.filter(has)];
  }

  draw() {
    const names = this.names();
    const rows = names.map((name) => this.#row(name));
    for (const [name, row] of this.rows) {
      if (names.includes(name)) continue;
      row.element.remove();
      this.rows.delete(name);
    }
    this.list.setAttribute("aria-activedescendant", this.rows.get(this.app.selected)?.element.id ?? "");
    rows.forEach((row, index) => {
      if (this.list.children[index] !== row.element) this.list.insertBefore(row.element, this.list.children[index] ?? null);
    });
    this.tick();
  }

  #row(name) {
    const { state, selected } = this.app;
    let row = this.rows.get(name);
    if (!row) {
      row = this.#make(name);
      row.element.id = `service-${this.made++}`;
      this.rows.set(name, row);
    }
    row.element.setAttribute("aria-selected", String(selected === name));
    row.element.classList.toggle("selected", selected === name);
    if (name === null) return row;
    if (row.members) {
      const services = members(state, name);
      setText(row.members, `${services.filter((service) => service.up).length} of ${services.length} up`);
      return row;
    }
    const service = state.services.get(name);
    const now = stateOf(service);
    if (row.state !== now) {
      row.state = now;
      row.element.dataset.state = now;
      setText(row.symbol, STATES[now].symbol);
      setText(row.word, now);
    }
    setText(row.reason, service.up ? "" : (service.detail ?? ""));
    row.reason.title = service.detail ?? "";
    setText(row.wave, String(service.wave ?? 0));
    const url = urlOf(service);
    if (row.url !== url) {
      row.url = url;
      row.link.replaceChildren(...[url && link(url)].filter(Boolean));
    }
    return row;
  }

  #make(name) {
    if (!this.app.state.services.has(name) && name !== null) {
      const count = el("span", { class: "members" });
      const label = el("span", { class: "label" }, safe(name), " ", count);
      return { members: count, element: el("li", { role: "option", "data-name": name, class: "service all" }, label, buttons(name)) };
    }
    if (name === null) {
      return { element: el("li", { role: "option", "data-name": "", class: "service all" }, el("span", { class: "label" }, "all services")) };
    }
    const part = (kind) => el("span", { class: kind });
    const row = { symbol: part("symbol"), wave: part("wave"), word: part("word"), reason: part("reason"), age: part("age"), link: part("url") };
    row.symbol.setAttribute("aria-hidden", "true");
    row.wave.title = "wave";
    row.element = el(
      "li",
      { role: "option", "data-name": name, class: "service" },
      row.wave,
      row.symbol,
      el("span", { class: "label", title: safe(name) }, safe(name)),
      row.word,
      row.age,
      buttons(name),
      row.link,
      row.reason,
    );
    return row;
  }

  /** The time in the state, which changes without an event. */
  tick() {
    for (const [name, row] of this.rows) {
      const service = this.app.state.services.get(name);
      if (service) setText(row.age, duration(Date.now() - Date.parse(service.since)));
    }
  }

  /** Keeps the selected row on the screen. */
  reveal() {
    this.rows.get(this.app.selected)?.element.scrollIntoView({ block: "nearest" });
  }
}

/** What one can do to a service or a group; the keys do the same. */
function buttons(name) {
  const button = (act, text) =>
    el("button", { type: "button", tabindex: "-1", "data-act": act, "aria-label": `${act} ${name}`, title: act }, text);
  return el("span", { class: "acts" }, button("start", "▶"), button("stop", "■"), button("restart", "↻"), button("beside", "◫"));
}
