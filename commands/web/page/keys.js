// The keys: those of the cockpit, where the page has the same. The help is made from this table.

import { el } from "./dom.js";

/** Where a key counts, how it is written, what it does. A nearer place wins. */
export const KEYS = [
  ["services", ["ArrowUp", "k"], "↑ k", "one up", (app) => app.move(-1)],
  ["services", ["ArrowDown", "j"], "↓ j", "one down", (app) => app.move(1)],
  ["services", ["/"], "/", "show only services whose name contains…", (app) => app.focusNames()],
  ["services", ["Enter", "d"], "enter d", "details of the service or group", (app) => app.showDetails()],
  ["services", ["g", "Home"], "g home", "all logs", (app) => app.move(-Infinity)],
  ["services", ["G", "End"], "G end", "the last service", (app) => app.move(Infinity)],
  ["log", ["ArrowUp", "k"], "↑ k", "one row up; stops following", (_, pane) => pane.scrollBy(-1)],
  ["log", ["ArrowDown", "j"], "↓ j", "one row down; follows again at the end", (_, pane) => pane.scrollBy(1)],
  ["log", ["/"], "/", "show only lines that contain…", (_, pane) => pane.filterBox.focus()],
  ["log", ["Enter"], "enter", "filtered: what stands around the selected line", (_, pane) => pane.selection && pane.context(pane.selection[0])],
  ["log", ["d"], "d", "details of the service or group", (app) => app.showDetails()],
  ["log", ["PageUp"], "pgup", "a page up; older lines are loaded", (_, pane) => pane.page(-1)],
  ["log", ["PageDown", " "], "pgdn space", "a page down", (_, pane) => pane.page(1)],
  ["log", ["g", "Home"], "g home", "the beginning of the log", (_, pane) => pane.toStart()],
  ["log", ["G", "End"], "G end", "the end; new lines are followed", (_, pane) => pane.toEnd()],
  ["everywhere", ["f"], "f", "search: matches stand out, everything stays", (_, pane) => pane.searchBox.focus()],
  ["everywhere", ["n"], "n", "next match, downwards, through the whole log", (_, pane) => pane.next(true)],
  ["everywhere", ["N"], "N", "next match, upwards, through the whole log", (_, pane) => pane.next(false)],
  ["everywhere", ["w"], "w", "break long lines, or not", (app) => app.option((pane) => pane.toggleWrap())],
  ["everywhere", ["t"], "t", "times: short, full, none", (app) => app.option((pane) => pane.cycleClock())],
  ["everywhere", ["F"], "F", "lines of JSON: as fields, or as they are", (app) => app.option((pane) => (pane.options.fields = !pane.options.fields))],
  ["everywhere", ["e"], "e", "both streams, stderr only, stdout only", (_, pane) => pane.cycleStream()],
  ["everywhere", ["y"], "y", "copy the selected lines, or the screen", (app, pane) => app.copy(pane.text(), "lines")],
  ["everywhere", ["s", "S"], "s", "start, or restart what is up; on all services: start all", (app) => app.actions.start()],
  ["everywhere", ["x"], "x", "stop; on all services: stop all", (app) => app.act("stop", app.selected)],
  ["everywhere", ["r"], "r", "restart the service", (app) => app.act("restart", app.selected)],
  ["everywhere", ["b"], "b", "add the log of the service beside the others", (app) => app.act("beside", app.selected)],
  ["everywhere", ["!"], "!", "failed and blocked services first, or in the order of the start", (app) => app.toggleTrouble()],
  ["everywhere", ["c"], "c", "copy the command of the service", (app) => app.copyOf("command")],
  ["everywhere", ["u"], "u", "copy the url of the service", (app) => app.copyOf("url")],
  ["everywhere", ["Tab"], "tab", "to the other panel", (app) => app.otherPanel()],
  ["everywhere", ["p"], "p", "the graph of waves, or back", (app) => app.view("graph")],
  ["everywhere", ["T"], "T", "the timeline, or back", (app) => app.view("timeline")],
  ["everywhere", ["o"], "o", "switch to another session", (app) => app.focusSessions()],
  ["everywhere", ["Escape"], "esc", "close a window, a selection, a search, a filter", (app) => app.escape()],
  ["everywhere", ["R"], "R", "what an edited configuration changes, and the reload; without a connection: try again now", (app) => app.reloadOrRetry()],
  ["everywhere", ["?"], "?", "this help", (app) => app.showHelp()],
];

/** Does what the key means where the focus is; returns whether it means anything. */
export function press(app, event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const target = event.target;
  if (target.closest("input, select, textarea") || (target.closest("dialog") && event.key !== "Escape")) return false;
  if (target.closest("button, a") && ["Enter", " ", "Tab"].includes(event.key)) return false;
  // Between the two panels, tab goes as in the cockpit; from there, shift and tab lead to the buttons.
  if (event.key === "Tab" && (event.shiftKey || !target.closest("#services, .scroller"))) return false;
  const place = target.closest(".scroller") ? "log" : "services";
  const binding = KEYS.find(([where, keys]) => where === place && keys.includes(event.key)) ??
    KEYS.find(([where, keys]) => where === "everywhere" && keys.includes(event.key));
  if (!binding) return false;
  binding[4](app, app.pane());
  return true;
}

export function help() {
  return ["everywhere", "services", "log"].map((place) =>
    el(
      "section",
      {},
      el("h3", {}, place),
      el("dl", {}, KEYS.filter(([where]) => where === place).flatMap(([, , shown, what]) => [el("dt", {}, el("kbd", {}, shown)), el("dd", {}, what)])),
    ),
  );
}
