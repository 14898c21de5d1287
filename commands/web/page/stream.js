// Turns the log events of the session into lines, with the gaps between them.

import { line } from "./log.js";

export class Stream {
  constructor() {
    this.reset();
  }

  reset() {
    this.pending = [];
    this.newest = 0;
  }

  /** The most lines that wait for a frame: a hidden tab draws none. */
  static MOST = 5000;

  add(entry) {
    this.pending.push(entry);
    if (this.pending.length > Stream.MOST) this.pending.splice(0, Stream.MOST / 2);
  }

  take() {
    const items = [];
    for (const entry of this.pending) {
      if (entry.seq <= this.newest) continue;
      if (this.newest && entry.seq > this.newest + 1) items.push({ gap: [this.newest + 1, entry.seq - 1] });
      this.newest = entry.seq;
      items.push(line(entry));
    }
    this.pending = [];
    return items;
  }
}
