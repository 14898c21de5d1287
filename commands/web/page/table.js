// The services: one row for each, and the details of one.

import { byId, duration, el, link, setText } from "./dom.js";
import { STATES, commandOf, dependents, groups, members, ordered, stateOf, urlOf } from "./state.js";

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
    return [null, ...groups(state).filter((name) => has(name) && !state.services.has(name)), ...services.filter(has)];
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
    setText(row.wave, String((service.wave ?? 0) + 1));
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
      return { members: count, element: el("li", { role: "option", "data-name": name, class: "service all" }, el("span", { class: "label" }, name, " ", count)) };
    }
    if (name === null) {
      return { element: el("li", { role: "option", "data-name": "", class: "service all" }, el("span", { class: "label" }, "all services")) };
    }
    const part = (kind) => el("span", { class: kind });
    const row = { symbol: part("symbol"), wave: part("wave"), word: part("word"), reason: part("reason"), age: part("age"), link: part("url") };
    row.symbol.setAttribute("aria-hidden", "true");
    row.wave.title = "wave";
    const button = (act, text) =>
      el("button", { type: "button", tabindex: "-1", "data-act": act, "aria-label": `${act} ${name}`, title: act }, text);
    row.element = el(
      "li",
      { role: "option", "data-name": name, class: "service" },
      row.wave,
      row.symbol,
      el("span", { class: "label", title: name }, name),
      row.link,
      row.word,
      row.age,
      el("span", { class: "acts" }, button("start", "▶"), button("stop", "■"), button("restart", "↻"), button("beside", "◫")),
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

/** Everything about one service, for the dialog. */
export function details(app, name) {
  const service = app.state.services.get(name);
  const spec = service.spec ?? {};
  const now = stateOf(service);
  const url = urlOf(service);
  const command = commandOf(service);
  const states = (names) => (names ?? []).map((one) => `${one} (${stateOf(app.state.services.get(one) ?? { status: "unknown" })})`);
  const rows = [
    ["state", `${STATES[now].symbol} ${now} for ${duration(Date.now() - Date.parse(service.since))}`],
    ["reason", service.detail],
    ["pid", service.pid],
    ["exit code", service.exit_code],
    ["signal", service.signal],
    ["url", url && link(url)],
    ["command", command],
    ["stop command", spec.stop_argv?.join(" ")],
    ["directory", spec.cwd],
    ["variables", spec.env?.join(", ")],
    ["env files", spec.env_files?.map((file) => file.path).join(", ")],
    ["groups", spec.groups?.join(", ")],
    ["port", spec.port],
    ["probe", service.probe?.target ?? (typeof spec.probe === "string" ? spec.probe : spec.probe && JSON.stringify(spec.probe))],
    ["last answer", service.probe?.last_error],
    ["depends on", states(service.depends_on).join(", ")],
    ["needed by", states(dependents(app.state, name)).join(", ")],
  ];
  const list = rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([title, value]) => [el("dt", {}, title), el("dd", {}, value instanceof Node ? value : String(value))]);
  const button = (text, act) => el("button", { type: "button", onclick: act }, text);
  return [
    el("h2", {}, name),
    el("dl", {}, list),
    el(
      "p",
      { class: "buttons" },
      button("start", () => app.act("start", name)),
      button("stop", () => app.act("stop", name)),
      button("restart", () => app.act("restart", name)),
      button("stop with dependents", () => app.withDependents("stop", name)),
      button("restart with dependents", () => app.withDependents("restart", name)),
      url && button("copy url", () => app.copy(url, "url")),
      command && button("copy command", () => app.copy(command, "command")),
    ),
  ];
}
