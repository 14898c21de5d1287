// A pane with the log of one service or of all: only the rows on the screen are elements.

import { el, setText } from "./dom.js";
import { LogWindow, matcher } from "./log.js";
import { fieldPieces, rowOf } from "./row.js";

const ROW = 18;
const NEAR = 400;
const CLOCKS = ["short", "full", "none"];

export class LogPane {
  /** `name` is that of a service or, with `among`, of a group; null for all. */
  constructor(name, fetch, options, among = null) {
    const service = among ? null : name;
    this.name = name;
    this.service = service;
    this.options = options;
    this.follow = true;
    this.hits = null;
    this.current = null;
    this.selection = null;
    this.rows = new Map();
    this.window = new LogWindow(service, fetch, () => this.refresh(), among);
    this.body = el("div", { class: "rows" });
    this.scroller = el(
      "div",
      { class: "scroller", tabindex: "0", role: "log", "aria-live": "off", "aria-label": `log of ${name ?? "all services"}` },
      this.body,
    );
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // While lines stream in, each frame scrolls to the end: what people do must count first.
    this.scroller.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && (this.follow = false), { passive: true });
    this.scroller.addEventListener("touchmove", () => (this.follow = false), { passive: true });
    this.scroller.addEventListener("pointerdown", () => (this.held = true));
    for (const end of ["pointerup", "pointercancel"]) this.scroller.addEventListener(end, () => (this.held = false));
    // These clicks are ours; others select text as everywhere.
    this.scroller.addEventListener("mousedown", (event) => {
      if (event.shiftKey || (event.detail > 1 && this.window.isFiltered)) event.preventDefault();
    });
    this.scroller.addEventListener("click", (event) => this.#clicked(event));
    this.note = el("span", { class: "note", role: "status" });
    const button = (text, title, act) => el("button", { type: "button", title, onclick: act }, text);
    this.filterBox = el("input", { type: "search", placeholder: "filter, or /regex/", "aria-label": "filter lines" });
    this.filterBox.addEventListener("input", () => this.#filter());
    this.searchBox = el("input", { type: "search", placeholder: "search, or /regex/", "aria-label": "search lines" });
    this.searchBox.addEventListener("input", () => this.#search());
    for (const box of [this.filterBox, this.searchBox]) {
      box.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && box === this.searchBox) this.next(!event.shiftKey);
        if (event.key === "Enter" || event.key === "Escape") this.scroller.focus();
        if (event.key === "Escape") {
          box.value = "";
          box.dispatchEvent(new Event("input"));
        }
        event.stopPropagation();
      });
    }
    this.levels = el(
      "select",
      { "aria-label": "level" },
      ["", "debug", "info", "warn", "error"].map((level) => el("option", { value: level }, level ? `${level} up` : "all levels")),
    );
    this.levels.addEventListener("change", () => this.#refine({ level: this.levels.value || null }));
    this.followButton = button("follow", "follow new lines (G)", () => this.toEnd());
    this.element = el(
      "section",
      { class: "pane", "aria-label": `log of ${name ?? "all services"}` },
      el(
        "header",
        {},
        el("strong", {}, name ?? "all services"),
        this.filterBox,
        this.searchBox,
        this.levels,
        this.followButton,
        name !== null && options.close && button("×", "close this log", () => options.close(this)),
      ),
      this.scroller,
      el("footer", {}, this.note),
    );
    this.observer = new ResizeObserver(() => this.refresh());
    this.observer.observe(this.scroller);
  }

  destroy() {
    this.observer.disconnect();
    this.window.reset();
    this.element.remove();
  }

  /** Begins at the end of the log, with the filter and the search of another pane. */
  load(before) {
    if (!before) return this.window.toEnd();
    this.filterBox.value = before.filterBox.value;
    this.searchBox.value = before.searchBox.value;
    this.levels.value = before.levels.value;
    this.hits = this.#matcher(this.searchBox);
    return this.window.refine({ filter: this.#matcher(this.filterBox), level: this.levels.value || null, stream: before.window.stream });
  }

  /** The connection was lost and is back: lines may be missing at the end. */
  rejoin() {
    if (this.follow) this.load();
    else this.window.detach();
  }

  /** New lines of the session; gaps among them. */
  live(items, newest) {
    this.window.live(items, newest, this.follow);
    this.refresh();
  }

  toEnd() {
    this.follow = true;
    if (this.window.attached) this.refresh();
    else this.window.toEnd();
  }

  toStart() {
    this.follow = false;
    this.window.toStart().then(() => this.#jump(0));
  }

  scrollBy(rows) {
    if (rows < 0) this.follow = false;
    this.scroller.scrollTop += rows * ROW;
  }

  page(direction) {
    this.scrollBy(direction * Math.max(1, Math.floor(this.scroller.clientHeight / ROW) - 1));
  }

  toggleWrap() {
    this.options.wrap = !this.options.wrap;
  }

  cycleClock() {
    this.options.clock = CLOCKS[(CLOCKS.indexOf(this.options.clock) + 1) % CLOCKS.length];
  }

  cycleStream() {
    const next = { null: "stderr", stderr: "stdout", stdout: null };
    this.#refine({ stream: next[this.window.stream] });
  }

  /** To the next match of the search, through the whole log. */
  async next(forward) {
    if (!this.hits) return;
    const visible = this.#visible();
    const from = this.current ?? (forward ? visible.at(0)?.seq : visible.at(-1)?.seq) ?? 0;
    const within = this.window.items.filter((item) => {
      if (item.gap || (forward ? item.seq <= from : item.seq >= from)) return false;
      return this.hits.test(item.text);
    });
    let seq = (forward ? within[0] : within.at(-1))?.seq ?? null;
    if (seq === null) {
      const edge = (forward ? this.window.last : this.window.first) ?? from;
      seq = await this.window.find(this.hits, edge, !forward, (at) => setText(this.note, `searching at ${at}`));
      if (seq !== null) await this.window.around(seq);
    }
    if (seq === null) return this.#say("no further match");
    this.#show(seq);
    return undefined;
  }

  /** What stands around a line, without the filter. */
  async context(seq) {
    this.filterBox.value = "";
    this.levels.value = "";
    Object.assign(this.window, { filter: null, level: null, stream: null });
    await this.window.around(seq);
    this.#show(seq);
  }

  /** The messages that are selected, else those on the screen, as the services wrote them. */
  text() {
    const [from, to] = this.selection ?? [];
    const chosen = this.selection
      ? this.window.items.filter((item) => item.seq >= from && item.seq <= to)
      : this.#visible();
    return chosen.filter((item) => !item.gap).map((item) => item.text).join("\n") + "\n";
  }

  /** Closes what is open: the selection, the search, the filter. Returns whether there was anything. */
  escape() {
    const open = this.selection || this.searchBox.value || this.filterBox.value;
    if (this.selection) this.selection = null;
    else if (this.searchBox.value) {
      this.searchBox.value = "";
      this.#search();
    } else if (this.filterBox.value) {
      this.filterBox.value = "";
      this.#filter();
    }
    this.refresh();
    return Boolean(open);
  }

  /** What a box asks for; an expression that is none is marked as such and matches everything. */
  #matcher(box) {
    const found = matcher(box.value);
    box.setAttribute("aria-invalid", String(Boolean(box.value && !found)));
    box.title = box.value && !found ? "this is no regular expression" : "";
    return found;
  }

  #filter() {
    this.#refine({ filter: this.#matcher(this.filterBox) });
  }

  #refine(changes) {
    this.follow = true;
    this.window.refine(changes);
  }

  #search() {
    this.hits = this.#matcher(this.searchBox);
    this.current = null;
    this.#redraw();
  }

  #say(text) {
    this.said = text;
    this.saidUntil = Date.now() + 3000;
    this.refresh();
  }

  #show(seq) {
    this.follow = false;
    this.said = null;
    this.current = seq;
    this.#layout();
    const at = this.window.items.findIndex((item) => item.seq === seq);
    if (at >= 0) this.#jump(this.#top(at) - this.scroller.clientHeight / 2);
    this.#redraw();
  }

  #clicked(event) {
    const row = event.target.closest(".row");
    const isPlain = event.detail < 2 && !event.shiftKey;
    if (!row || (isPlain && getSelection()?.toString())) return;
    const seq = Number(row.dataset.seq);
    if (!seq) return;
    if (event.shiftKey && this.selection) {
      const [from, to] = this.selection;
      this.selection = [Math.min(from, seq), Math.max(to, seq)];
    } else if (this.selection?.[0] === seq && this.selection[1] === seq) this.selection = null;
    else this.selection = [seq, seq];
    if (event.detail === 2 && this.window.isFiltered) {
      this.selection = null;
      this.context(seq);
    }
    // The rows themselves stay: a second click has to find the element of the first.
    const [first, last] = this.selection ?? [Infinity, 0];
    for (const [item, element] of this.rows) element.classList.toggle("selected", item.seq >= first && item.seq <= last);
  }

  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    const atEnd = scrollTop + clientHeight >= scrollHeight - 2;
    if (!this.placing) this.follow = atEnd && this.window.attached;
    this.placing = false;
    if (scrollTop < NEAR) this.#more("older");
    if (scrollTop + clientHeight > scrollHeight - NEAR) this.#more("newer");
    this.refresh();
  }

  #more(side) {
    // A follower needs no older lines until it looks for them.
    if (side === "older" && this.follow && this.window.items.length > 200) return;
    this.window[side]();
  }

  /** Draws at the next frame. */
  refresh() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.#draw();
    });
  }

  #redraw() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
    this.refresh();
  }

  /** Where the rows are. Without wrapping that is a multiplication. */
  #layout() {
    const { items } = this.window;
    this.tops = null;
    if (!this.options.wrap) return items.length * ROW;
    const columns = Math.max(10, Math.floor((this.scroller.clientWidth - this.#indent()) / this.#charWidth()) - 1);
    this.columns = columns;
    this.tops = new Float64Array(items.length + 1);
    for (let i = 0; i < items.length; i++) {
      const rows = items[i].gap ? 1 : Math.max(1, Math.ceil(this.#length(items[i]) / columns));
      const height = items[i].height?.columns === columns ? items[i].height.px : rows * ROW;
      this.tops[i + 1] = this.tops[i] + height;
    }
    return this.tops[items.length];
  }

  /** Broken lines with tabs, wide or combining characters have another height than their length says. */
  #measure() {
    let differs = false;
    for (const [item, row] of this.rows) {
      if (item.gap || item.height?.columns === this.columns) continue;
      const px = Math.max(ROW, row.querySelector(".text").offsetHeight);
      differs ||= px !== parseFloat(row.style.height);
      item.height = { columns: this.columns, px };
    }
    return differs;
  }

  /** Characters that are shown of a line. */
  #length(item) {
    if (!item.fields || !this.options.fields) return item.text.length;
    item.fieldLength ??= fieldPieces(item.fields).reduce((sum, { text }) => sum + text.length, 0);
    return item.fieldLength;
  }

  #top(index) {
    return this.tops ? this.tops[index] : index * ROW;
  }

  #indexAt(y) {
    if (!this.tops) return Math.floor(y / ROW);
    let [low, high] = [0, this.tops.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #charWidth() {
    if (!this.charWidth) {
      const probe = el("span", { class: "probe" }, "0".repeat(100));
      this.scroller.append(probe);
      this.charWidth = probe.getBoundingClientRect().width / 100 || 7;
      probe.remove();
    }
    return this.charWidth;
  }

  #indent() {
    const clock = { short: 9, full: 25, none: 0 }[this.options.clock];
    return (clock + (this.service === null ? 15 : 0) + 2) * this.#charWidth();
  }

  #visible() {
    const { items } = this.window;
    const { scrollTop, clientHeight } = this.scroller;
    return items.slice(Math.max(0, this.#indexAt(scrollTop)), this.#indexAt(scrollTop + clientHeight) + 1);
  }

  #draw() {
    const { items } = this.window;
    const scroller = this.scroller;
    // The line at the upper edge stays where it is when lines come or go above it.
    const edge = this.follow ? null : this.edge;
    const height = this.#layout();
    this.body.style.height = `${height}px`;
    if (this.follow && !this.held) {
      this.#place(height);
    } else if (edge) {
      const at = items.findIndex((item) => item === edge.item);
      if (at >= 0 && this.#top(at) - edge.offset !== edge.top) this.#place(this.#top(at) - edge.offset);
    }
    const top = scroller.scrollTop;
    const from = Math.max(0, this.#indexAt(top) - 10);
    const to = Math.min(items.length, this.#indexAt(top + scroller.clientHeight) + 10);
    const shown = new Set(items.slice(from, to));
    for (const [item, row] of this.rows) {
      if (shown.has(item)) continue;
      row.remove();
      this.rows.delete(item);
    }
    for (let i = from; i < to; i++) {
      const item = items[i];
      let row = this.rows.get(item);
      if (!row) {
        row = rowOf(item, this);
        this.rows.set(item, row);
        this.body.append(row);
        if (item.gap) this.window.fill(item);
      }
      row.style.transform = `translateY(${this.#top(i)}px)`;
      row.style.height = `${this.#top(i + 1) - this.#top(i)}px`;
    }
    if (this.tops && this.#measure()) this.refresh();
    const first = items[this.#indexAt(top)];
    this.edge = first && { item: first, top, offset: this.#top(this.#indexAt(top)) - top };
    this.#status();
  }

  /** Shows another place of the log: what was at the upper edge does not stay there. */
  #jump(top) {
    this.body.style.height = `${this.#layout()}px`;
    this.edge = null;
    this.#place(top);
    this.refresh();
  }

  #place(top) {
    if (Math.abs(this.scroller.scrollTop - top) < 1) return;
    const before = this.scroller.scrollTop;
    this.scroller.scrollTop = top;
    this.placing = this.scroller.scrollTop !== before;
  }

  #status() {
    const { window } = this;
    const said = Date.now() < (this.saidUntil ?? 0) && this.said;
    const count = window.items.length.toLocaleString("en");
    const more = window.atStart ? "" : "+";
    const parts = [`${count}${more} ${window.items.length === 1 && !more ? "line" : "lines"}`];
    if (window.stream) parts.push(window.stream);
    if (window.filter || window.level) parts.push("filtered");
    if (window.busy) parts.push("loading");
    if (!window.attached && window.unseen) parts.push(`${window.unseen.toLocaleString("en")} new`);
    setText(this.note, said || parts.join(" · "));
    this.followButton.setAttribute("aria-pressed", String(this.follow));
  }
}
