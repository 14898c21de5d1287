// The page: what is on it, and what happens when.

import { Connection, exchangeCode } from "./connection.js";
import { byId, el, setText } from "./dom.js";
import { Graph } from "./graph.js";
import { drawHeader, drawSessions } from "./header.js";
import { fetchRecords, read } from "./history.js";
import { help, press } from "./keys.js";
import { LogPane } from "./logs.js";
import { Reload } from "./reload.js";
import { PROTOCOL_VERSION, commandOf, dependents, fold, fresh, isGroup, members, recall, urlOf } from "./state.js";
import { Stream } from "./stream.js";
import { Table, details } from "./table.js";
import { Timeline } from "./timeline.js";

const COMMANDS = { start: "start_service", stop: "stop_service", restart: "restart_service" };
/** Panes side by side. */
const PANES = 4;

class App {
  constructor() {
    this.state = fresh();
    this.selected = null;
    this.troubleFirst = false;
    this.nameFilter = "";
    this.link = { state: "connecting" };
    this.options = { wrap: false, clock: "short", fields: true, close: (pane) => this.closePane(pane) };
    this.stream = new Stream();
    this.panes = [];
    this.sessions = [];
    this.queries = 0;
    this.connection = new Connection({ event: (event) => this.event(event), link: (link) => this.linked(link) });
    this.table = new Table(this);
    this.graph = new Graph(this);
    this.timeline = new Timeline(this);
    this.reload = new Reload(this);
    this.stale = false;
    this.recalling = 0;
    this.shown = "log";
  }

  async begin() {
    this.#listen();
    this.view("log");
    await exchangeCode();
    this.connection.open(new URLSearchParams(location.search).get("session"));
    setInterval(() => this.#everySecond(), 1000);
  }

  // --- from the session

  event(message) {
    if (message.type === "bridge") {
      this.sessions = message.payload.sessions;
      return drawSessions(this.sessions, this.state.session);
    }
    if (message.name === "log") {
      this.stream.add(message.payload);
      return this.#redraw();
    }
    const before = this.state.session;
    const failed = new Set([...this.state.services.values()].filter((it) => it.status === "failed").map((it) => it.name));
    fold(this.state, message);
    if (message.name === "hello") return this.#introduced(before);
    if (message.name === "service_status") {
      this.#notify(message.payload, failed);
      this.#recallSoon();
    }
    if (message.name === "snapshot") {
      this.#keepPanes();
      this.#recall();
    }
    this.stale = true;
    return this.#redraw();
  }

  #introduced(before) {
    if (this.state.version !== PROTOCOL_VERSION) {
      this.linked({ state: "version", why: `version ${this.state.version}` });
      return;
    }
    drawSessions(this.sessions, this.state.session);
    if (before !== this.state.session) {
      const { session, version, capabilities, firstSeq } = this.state;
      this.state = { ...fresh(), session, version, capabilities, firstSeq };
      this.stream.reset();
      const address = new URL(location.href);
      address.searchParams.set("session", session);
      history.replaceState(null, "", address);
      const names = this.panes.map((pane) => pane.name);
      this.#setPanes(names.length ? names : [null]);
    } else {
      for (const pane of this.panes) pane.rejoin();
    }
  }

  /** Asks for what happened before this page was open. */
  async #recall() {
    const { session, capabilities, boot } = this.state;
    if (boot?.to || !capabilities.includes("history")) return;
    const records = await fetchRecords((name, payload) => this.connection.command(name, payload)).catch(() => null);
    if (!records || this.state.session !== session) return;
    recall(this.state, read(records));
    this.stale = true;
    this.#redraw();
  }

  /** The end of a boot is in the records a moment after the last status of it. */
  #recallSoon() {
    if (this.recalling || this.state.boot?.to !== null) return;
    this.recalling = setTimeout(() => {
      this.recalling = 0;
      this.#recall();
    }, 1000);
  }

  /** Drops the logs of services that this session does not have. */
  #keepPanes() {
    const has = (name) => name === null || this.state.services.has(name) || isGroup(this.state, name);
    if (!has(this.selected)) this.selected = null;
    const names = this.panes.map((pane) => pane.name);
    if (!names.every(has)) this.#setPanes(names.some(has) ? names.filter(has) : [null]);
  }

  linked(link) {
    this.link = link;
    if (link.config) this.config = link.config;
    this.stale = true;
    this.#redraw();
  }

  #notify({ service, status, detail }, failed) {
    if (status !== "failed" || failed.has(service)) return;
    this.announce(`${service} failed: ${detail ?? ""}`);
    if (globalThis.Notification?.permission === "granted") {
      new Notification(`${service} failed`, { body: detail ?? "", tag: service });
    }
  }

  // --- to the session

  async act(what, name) {
    if (what === "beside") return name !== null && this.#beside(name);
    if (name === null) {
      if (what === "restart") return this.announce("select a service to restart it");
      return this.#command(what === "start" ? "start_all" : "stop_all", undefined, `${what} all`);
    }
    if (isGroup(this.state, name)) return this.#actOnGroup(what, name);
    return this.#command(COMMANDS[what], { service: name }, `${what} ${name}`);
  }

  /** One after the other in the order of the start; a stop goes backwards. */
  async #actOnGroup(what, name) {
    const names = members(this.state, name).map((service) => service.name);
    for (const one of what === "stop" ? names.reverse() : names) {
      if (!(await this.act(what, one))) return false;
    }
    return true;
  }

  /** As in the cockpit: starts what is down, restarts what is up. */
  start() {
    const [service, ...others] = this.selected === null ? [] : members(this.state, this.selected);
    if (others.length) return this.act("start", this.selected);
    return this.act(service?.up && service.kind !== "oneshot" ? "restart" : "start", this.selected);
  }

  /** Stops what runs and needs the service, then the service; a restart starts all of these again. */
  async withDependents(what, name) {
    const isDown = (one) => ["unknown", "stopped", "failed"].includes(this.state.services.get(one).status);
    const others = dependents(this.state, name).filter((one) => !isDown(one));
    for (const one of [...others, name]) {
      if (!(await this.act("stop", one))) return;
    }
    if (what === "stop") return;
    for (const one of [name, ...others.reverse()]) {
      if (!(await this.act("start", one))) return;
    }
  }

  async #command(name, payload, shown) {
    this.announce(`${shown} …`);
    try {
      await this.connection.command(name, payload);
      this.announce(`${shown}: done`);
      return true;
    } catch (error) {
      this.announce(`${shown}: ${error.message}`);
      return false;
    }
  }

  /** A page of the log. */
  fetch(payload) {
    return this.connection.command("get_logs", payload);
  }

  // --- what is on the page

  select(name) {
    if (name === this.selected && this.panes.length === 1) return;
    this.selected = name;
    this.#setPanes([name]);
    this.stale = true;
    this.#redraw();
    requestAnimationFrame(() => this.table.reveal());
  }

  move(by) {
    const names = this.table.names();
    const at = Math.max(0, names.indexOf(this.selected));
    this.select(names[Math.min(names.length - 1, Math.max(0, at + by))]);
  }

  pane() {
    return this.panes.find((pane) => pane.element.contains(document.activeElement)) ?? this.panes[0];
  }

  #setPanes(names) {
    const focused = this.panes.some((pane) => pane.element.contains(document.activeElement));
    for (const pane of this.panes) pane.destroy();
    this.panes = names.map((name) => this.#makePane(name));
    if (focused) this.panes[0].scroller.focus();
  }

  #makePane(name) {
    const group = isGroup(this.state, name) ? new Set(members(this.state, name).map((service) => service.name)) : null;
    const among = group && ((service) => group.has(service));
    const pane = new LogPane(name, (payload) => this.fetch(payload), this.options, among);
    byId("panes").append(pane.element);
    pane.load();
    return pane;
  }

  #beside(name) {
    if (this.panes.some((pane) => pane.name === name)) return undefined;
    if (this.panes.length >= PANES) return this.announce(`${PANES} logs fit side by side: close one`);
    this.panes.push(this.#makePane(name));
    return this.view("log");
  }

  closePane(pane) {
    if (this.panes.length === 1) return this.select(null);
    pane.destroy();
    this.panes = this.panes.filter((one) => one !== pane);
    return undefined;
  }

  /** Changes how lines look, in all panes. */
  option(change) {
    change(this.pane());
    for (const pane of this.panes) {
      for (const row of pane.rows.values()) row.remove();
      pane.rows.clear();
      pane.refresh();
    }
  }

  view(name) {
    this.shown = name === this.shown && name !== "log" && name !== "services" ? "log" : name;
    document.body.dataset.view = this.shown;
    for (const tab of document.querySelectorAll("[data-tab]")) tab.setAttribute("aria-pressed", String(tab.dataset.tab === this.shown));
    this.stale = true;
    this.#redraw();
  }

  otherPanel() {
    const inLog = document.activeElement.closest?.(".scroller");
    if (inLog) byId("services").focus();
    else this.panes[0]?.scroller.focus();
  }

  toggleTrouble() {
    this.troubleFirst = !this.troubleFirst;
    byId("trouble").setAttribute("aria-pressed", String(this.troubleFirst));
    this.stale = true;
    this.#redraw();
  }

  focusNames() {
    byId("names").focus();
  }

  focusSessions() {
    byId("sessions").focus();
    byId("sessions").showPicker?.();
  }

  showDetails() {
    if (!this.state.services.has(this.selected)) return this.announce("select a service to see its details");
    return this.dialog(details(this, this.selected));
  }

  showHelp() {
    this.dialog([el("h2", {}, "Keys"), el("div", { class: "help" }, help())]);
  }

  dialog(content) {
    const dialog = byId("dialog");
    byId("dialog-body").replaceChildren(...content);
    if (!dialog.open) dialog.showModal();
  }

  /** Reloads the configuration; without a connection, tries that again. */
  reloadOrRetry() {
    return this.link.state === "open" ? this.reload.ask() : this.connection.retry();
  }

  escape() {
    if (byId("dialog").open) return byId("dialog").close();
    if (this.pane()?.escape()) return undefined;
    if (this.nameFilter) {
      this.nameFilter = byId("names").value = "";
      this.stale = true;
      return this.#redraw();
    }
    return this.view("log");
  }

  copyOf(what) {
    const service = this.state.services.get(this.selected);
    const text = service && (what === "url" ? urlOf(service) : commandOf(service));
    if (text) this.copy(text, what);
    else this.announce(service ? `${service.name} has no ${what}` : "select a service first");
  }

  async copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
      this.announce(`${what} copied`);
    } catch {
      this.announce(`the browser did not let the page copy the ${what}`);
    }
  }

  announce(text) {
    setText(byId("message"), text);
  }

  // --- drawing

  #redraw() {
    if (this.frame) return;
    const draw = () => {
      this.frame = 0;
      this.#draw();
    };
    // A hidden tab gets no frames; its title and icon still show the health.
    this.frame = document.hidden ? setTimeout(draw, 500) : requestAnimationFrame(draw);
  }

  #draw() {
    const items = this.stream.take();
    if (items.length) for (const pane of this.panes) pane.live(items, this.stream.newest);
    if (!this.stale) return;
    this.stale = false;
    this.table.draw();
    if (this.#isVisible("graph")) this.graph.draw();
    if (this.#isVisible("timeline")) this.timeline.draw();
    drawHeader(this);
    this.reload.draw();
  }

  #isVisible(id) {
    return byId(id).offsetParent !== null;
  }

  #everySecond() {
    if (document.hidden) return;
    this.table.tick();
    if (this.#isVisible("timeline")) this.timeline.draw();
  }

  // --- what people do

  #listen() {
    const click = (id, act) => byId(id).addEventListener("click", act);
    document.addEventListener("keydown", (event) => {
      if (press(this, event)) event.preventDefault();
    });
    for (const tab of document.querySelectorAll("[data-tab]")) tab.addEventListener("click", () => this.view(tab.dataset.tab));
    click("start-all", () => this.act("start", null));
    click("stop-all", () => this.act("stop", null));
    click("trouble", () => this.toggleTrouble());
    click("help", () => this.showHelp());
    click("close", () => byId("dialog").close());
    click("details", () => this.showDetails());
    const notify = byId("notify");
    const isAsked = () => globalThis.Notification?.permission !== "default";
    notify.hidden = isAsked();
    notify.addEventListener("click", async () => {
      await Notification.requestPermission();
      notify.hidden = isAsked();
    });
    const names = byId("names");
    names.addEventListener("input", () => {
      this.nameFilter = names.value;
      this.stale = true;
      this.#redraw();
    });
    names.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        names.value = this.nameFilter = "";
        this.stale = true;
        this.#redraw();
      }
      if (event.key === "Escape" || event.key === "Enter") byId("services").focus();
    });
    byId("sessions").addEventListener("change", ({ target }) => {
      if (target.value) this.connection.open(target.value);
      target.blur();
    });
    addEventListener("hashchange", async () => {
      await exchangeCode();
      this.connection.retry();
    });
    addEventListener("resize", () => {
      this.stale = true;
      this.#redraw();
    });
    document.addEventListener("visibilitychange", () => {
      // What was asked of the other clock may never come.
      this.frame = 0;
      this.stale = true;
      this.#redraw();
    });
    byId("services").focus();
  }
}

const app = new App();
app.begin();
