// The page: what is on it, and what happens when.

import { Actions } from "./actions.js";
import { Connection, KEY, exchangeCode } from "./connection.js";
import { byId, el, setText } from "./dom.js";
import { Graph } from "./graph.js";
import { drawHeader, drawSessions } from "./header.js";
import { fetchRecords, read } from "./history.js";
import { help, press } from "./keys.js";
import { LogPane } from "./logs.js";
import { Reload } from "./reload.js";
import { PROTOCOL_VERSION, commandOf, fold, fresh, isGroup, recall, urlOf } from "./state.js";
import { Stream } from "./stream.js";
import { details, groupDetails } from "./details.js";
import { Table } from "./table.js";
import { Timeline } from "./timeline.js";

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
    this.actions = new Actions(this);
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
    this.connection.config = sessionStorage.getItem("config");
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
    return this.#changed();
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
    this.#changed();
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
    if (link.config) {
      this.config = this.connection.config = link.config;
      sessionStorage.setItem("config", link.config);
    }
    this.#changed();
  }

  #notify({ service, status, detail }, failed) {
    if (status !== "failed" || failed.has(service)) return;
    this.announce(`${service} failed: ${detail ?? ""}`);
    if (globalThis.Notification?.permission === "granted") {
      new Notification(`${service} failed`, { body: detail ?? "", tag: service });
    }
  }

  // --- to the session

  act(what, name) {
    if (what === "beside") return name !== null && this.#beside(name);
    return this.actions.act(what, name);
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
    this.#changed();
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
    const before = new Map(this.panes.map((pane) => [pane.name, pane]));
    for (const pane of this.panes) pane.destroy();
    this.panes = names.map((name) => this.#makePane(name, before.get(name)));
    if (focused) this.panes[0].scroller.focus();
  }

  /** A pane with the filter and the search of `before`, if that is given. */
  #makePane(name, before) {
    // Asked anew for each line: a reload changes the members.
    const group = isGroup(this.state, name) && name.slice(1);
    const among = group ? (service) => this.state.services.get(service)?.spec?.groups?.includes(group) : null;
    const pane = new LogPane(name, (payload) => this.fetch(payload), this.options, among);
    byId("panes").append(pane.element);
    pane.load(before);
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
    this.#changed();
  }

  otherPanel() {
    const inLog = document.activeElement.closest?.(".scroller");
    if (inLog) byId("services").focus();
    else this.panes[0]?.scroller.focus();
  }

  toggleTrouble() {
    this.troubleFirst = !this.troubleFirst;
    byId("trouble").setAttribute("aria-pressed", String(this.troubleFirst));
    this.#changed();
  }

  focusNames() {
    byId("names").focus();
  }

  focusSessions() {
    byId("sessions").focus();
    byId("sessions").showPicker?.();
  }

  showDetails() {
    const name = this.selected;
    if (name === null) return this.announce("select a service to see its details");
    return this.dialog(() => (this.state.services.has(name) ? details(this, name) : groupDetails(this, name)));
  }

  showHelp() {
    this.dialog([el("h2", {}, "Keys"), el("div", { class: "help" }, help())]);
  }

  /** Opens a window with elements, or with what a function makes of the state, anew when that changes. */
  dialog(content) {
    this.dialogContent = typeof content === "function" ? content : null;
    byId("dialog-body").replaceChildren(...(this.dialogContent ? content() : content));
    setText(byId("dialog-message"), "");
    if (!byId("dialog").open) byId("dialog").showModal();
  }

  /** What is in the window changes; its buttons stay, and with them the focus. */
  #redrawDialog() {
    if (!byId("dialog").open || !this.dialogContent) return;
    const [, list] = this.dialogContent();
    byId("dialog-body").querySelector("dl")?.replaceWith(list);
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
      return this.#changed();
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
    setText(byId("dialog-message"), text);
  }

  // --- drawing

  /** Something other than the logs has changed. */
  #changed() {
    this.stale = true;
    return this.#redraw();
  }

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
    this.#redrawDialog();
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
      const shown = this.table.names();
      if (shown.length && !shown.includes(this.selected)) this.select(shown[0]);
      this.#changed();
    });
    names.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        names.value = this.nameFilter = "";
        this.#changed();
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
    // Another tab has exchanged a new code.
    addEventListener("storage", ({ key }) => key === KEY && this.connection.retry());
    addEventListener("resize", () => {
      this.#changed();
    });
    document.addEventListener("visibilitychange", () => {
      // What was asked of the other clock may never come.
      this.frame = 0;
      this.#changed();
    });
    byId("services").focus();
  }
}

const app = new App();
app.begin();
