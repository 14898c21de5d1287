// The window of a log: a run of its lines in memory, however long the log is. No drawing here.

import { plain } from "./ansi.js";
import { LEVELS, levelOf } from "./level.js";

const PAGE = 500;
/** Lines and bytes of a window. */
const LINES = 5000;
const BYTES = 8 << 20;
/** Pages that one look for older matches reads before it stops. */
const PAGES = 200;

/** An entry with what is derived from it: its text, its JSON fields, its level. */
export function line(entry) {
  const text = plain(entry.message);
  let fields = null;
  if (text.startsWith("{") && text.endsWith("}")) {
    try {
      fields = JSON.parse(text);
    } catch {
      // A line that only looks like it.
    }
  }
  return { ...entry, text, fields, level: levelOf(text, fields) };
}

/** A test for text: plain, or between slashes a regular expression; case counts once there is a capital. `null` for
 * nothing, and for an expression that is none. */
export function matcher(query) {
  if (!query) return null;
  const expression = /^\/(.+)\/$/.exec(query)?.[1];
  const flags = /\p{Lu}/u.test(expression ? expression.replace(/\\./gu, "") : query) ? "" : "i";
  const pattern = expression ?? query.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  try {
    const one = new RegExp(pattern, flags);
    const every = new RegExp(pattern, `${flags}g`);
    return { test: (text) => one.test(text), all: (text) => text.matchAll(every) };
  } catch {
    // An expression that is being typed.
    return null;
  }
}

export class LogWindow {
  /** `service` is null for all, or for those that `among` is true of; `fetch(payload)` asks for a page; `changed(shift)` is called after changes. */
  constructor(service, fetch, changed, among = null) {
    Object.assign(this, { service, fetch, changed, among });
    this.filter = null;
    this.stream = null;
    this.level = null;
    /** The newest number that is known of. */
    this.newest = 0;
    this.reset();
  }

  reset() {
    this.items = [];
    this.bytes = 0;
    /** The numbers between which everything was examined. */
    this.first = null;
    this.last = null;
    /** Whether live lines join at the end, and whether the beginning of the log is reached. */
    this.attached = true;
    this.atStart = false;
    this.unseen = 0;
    this.busy = null;
    /** Live lines that came before the first page. */
    this.held = [];
    this.generation = (this.generation ?? 0) + 1;
  }

  matches(item) {
    if (this.among && !this.among(item.service)) return false;
    if (this.stream && item.stream !== this.stream) return false;
    if (this.level && LEVELS.indexOf(item.level) < LEVELS.indexOf(this.level)) return false;
    return !this.filter || this.filter.test(item.text);
  }

  get isFiltered() {
    return Boolean(this.among || this.filter || this.stream || this.level);
  }

  /** Shows only what matches, from here on. */
  async refine(changes) {
    Object.assign(this, changes);
    await this.toEnd();
  }

  /** Starts again at the end of the log. */
  async toEnd() {
    this.reset();
    await this.older();
  }

  /** The lines around a number. */
  async around(seq) {
    this.reset();
    this.attached = false;
    const data = await this.#page({ before_seq: seq + PAGE / 2, limit: PAGE });
    if (data) {
      this.#take(data.entries, "before");
      this.last = Math.max(this.last ?? 0, seq);
    }
    this.changed();
  }

  /** The beginning of the log. */
  async toStart() {
    this.reset();
    this.attached = false;
    this.first = this.last = 0;
    this.atStart = true;
    await this.newer();
  }

  /** Reads older pages until some match. */
  async older() {
    if (this.busy || this.atStart) return;
    const generation = this.generation;
    const wanted = this.items.length + 100;
    for (let pages = 0; pages < PAGES && this.items.length < wanted && !this.atStart; pages++) {
      const before = this.first;
      const page = { limit: this.isFiltered ? 2 * PAGE : PAGE };
      if (before !== null) page.before_seq = before;
      if (before !== null && before <= 1) this.atStart = true;
      const data = this.atStart ? null : await this.#page(page);
      if (generation !== this.generation) return;
      if (!data) break;
      this.atStart = !data.entries.length || (!data.truncated && data.entries.length < page.limit);
      this.#take(data.entries, "before");
      if (before === null) this.#join(this.held.splice(0), true);
      this.changed();
      if (!this.isFiltered) break;
    }
    this.changed();
  }

  /** Reads the page after the last line; at the end of the log the live lines join again. */
  async newer() {
    if (this.busy || this.attached) return;
    const generation = this.generation;
    const wanted = this.items.length + 100;
    // Of a quiet service, a page spans many numbers.
    for (let span = PAGE, pages = 0; pages < PAGES && this.items.length < wanted; pages++) {
      const data = await this.#page({ before_seq: this.last + 1 + span, limit: PAGE });
      if (generation !== this.generation || !data) break;
      const entries = data.entries.filter((entry) => entry.seq > this.last);
      const isCut = entries.length === PAGE && this.service !== null && span > PAGE;
      if (isCut) {
        span = Math.max(PAGE, span >> 1);
        continue;
      }
      const next = Math.min(this.last + span, this.newest);
      this.#take(entries, "after");
      this.last = Math.max(this.last, next);
      if (this.last >= this.newest) {
        this.attached = true;
        this.unseen = 0;
        break;
      }
      span = entries.length < PAGE / 4 ? Math.min(span * 2, 1 << 20) : span;
    }
    this.changed();
  }

  /** Live lines, and gaps between them: `{gap: [first, last]}`. */
  live(items, newest, following) {
    this.newest = newest;
    if (!this.attached) this.unseen += items.filter((item) => !item.gap && this.#isOurs(item)).length;
    else if (this.first === null && this.busy) this.held = this.held.concat(items).slice(-LINES);
    else this.#join(items, following);
  }

  #join(items, following) {
    if (!items.length) return;
    const known = this.last ?? 0;
    for (const item of items) {
      if (item.gap ? item.gap[1] > known : item.seq > known && this.#isOurs(item)) this.#push(item);
    }
    const end = items.at(-1);
    this.last = Math.max(known, end.seq ?? end.gap[1]);
    this.first ??= items[0].seq ?? items[0].gap[0];
    this.#trim(following ? "start" : "end");
  }

  /** Live lines may be missing from here on: they are read when somebody looks. */
  detach() {
    this.attached = false;
  }

  /** Asks for the lines of a gap, the newest first; what does not come is lost. */
  async fill(item) {
    if (item.asked || item.lost) return;
    item.asked = true;
    const generation = this.generation;
    const [first, last] = item.gap;
    const limit = Math.min(last - first + 1, 2 * PAGE);
    const data = await this.fetch(this.#payload({ before_seq: last + 1, limit })).catch(() => null);
    const at = this.items.indexOf(item);
    if (generation !== this.generation || at < 0) return;
    const found = (data?.entries ?? []).filter((entry) => entry.seq >= first).map(line);
    const from = data ? last - limit + 1 : last + 1;
    // All numbers of the range were asked for, so the rest of it belongs to others or is lost.
    const rest = from > first ? [{ gap: [first, from - 1] }] : [];
    const lost = data && this.service === null && found.length < limit && found.length === 0;
    const put = found.filter((one) => this.matches(one));
    this.items.splice(at, 1, ...(data ? rest : []), ...(lost ? [{ gap: [from, last], lost: true }] : put));
    this.changed();
  }

  /** The number of the next match before or after a number, through the whole log. */
  async find(pattern, from, back, progress) {
    const generation = this.generation;
    const hit = (entry) => pattern.test(plain(entry.message));
    let at = from;
    for (let pages = 0; pages < 20 * PAGES && generation === this.generation; pages++) {
      progress(at);
      const page = back ? { before_seq: at, limit: 2 * PAGE } : { before_seq: at + 1 + 2 * PAGE, limit: 2 * PAGE };
      if (back && at <= 1) return null;
      const data = await this.#page(page);
      if (!data) return null;
      const entries = data.entries.filter((entry) => back || entry.seq > at);
      const found = back ? entries.findLast(hit) : entries.find(hit);
      if (found) return found.seq;
      if (back) {
        if (!entries.length) return null;
        at = entries[0].seq;
      } else {
        at += 2 * PAGE;
        if (at >= this.newest) return null;
      }
    }
    return null;
  }

  #payload(page) {
    return this.service === null ? page : { ...page, service: this.service };
  }

  async #page(page) {
    const generation = this.generation;
    this.busy = this.fetch(this.#payload(page)).catch(() => null);
    const data = await this.busy;
    if (generation === this.generation) this.busy = null;
    return generation === this.generation ? data : null;
  }

  #isOurs(item) {
    return (this.service === null || item.service === this.service) && this.matches(item);
  }

  #push(item) {
    this.items.push(item);
    this.bytes += item.message?.length ?? 0;
  }

  #take(entries, where) {
    if (!entries.length) return;
    const lines = entries.map(line).filter((item) => this.matches(item));
    for (const item of lines) this.bytes += item.message.length;
    const [first, last] = [entries[0].seq, entries.at(-1).seq];
    if (where === "before") this.items = lines.concat(this.items);
    else this.items = this.items.concat(lines);
    if (this.first === null || where === "before") this.first = first;
    this.last = Math.max(this.last ?? 0, last);
    this.newest = Math.max(this.newest, last);
    this.#trim(where === "before" ? "end" : "start");
  }

  /** Drops what is too much, at the side where nobody looks. */
  #trim(side) {
    let drop = Math.max(0, this.items.length - LINES);
    const size = (item) => item.message?.length ?? 0;
    const bound = () => this.items.length - drop > 1 && this.bytes > BYTES;
    const dropped = (item) => (this.bytes -= size(item));
    if (side === "start") {
      for (let i = 0; i < drop; i++) dropped(this.items[i]);
      while (bound()) dropped(this.items[drop++]);
      if (!drop) return;
      this.items.splice(0, drop);
      this.first = this.items[0].seq ?? this.items[0].gap[0];
      this.atStart = false;
    } else {
      for (let i = 0; i < drop; i++) dropped(this.items[this.items.length - 1 - i]);
      while (bound()) dropped(this.items[this.items.length - 1 - drop++]);
      if (!drop) return;
      this.items.length -= drop;
      const end = this.items.at(-1);
      this.last = end.seq ?? end.gap[1];
      this.attached = false;
    }
  }
}
