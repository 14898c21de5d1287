// One line of a log as an element.

import { pieces, safe } from "./ansi.js";
import { el } from "./dom.js";

/** A colour of its own for each name. */
function hue(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return `h${hash % 8}`;
}

/** The row of an item; `pane` has the options, the selection and the matches of the search. */
export function rowOf(item, { options, service, current, selection, hits }) {
  if (item.gap) {
    const count = (item.gap[1] - item.gap[0] + 1).toLocaleString("en");
    return el("div", { class: "row gap" }, item.lost ? `┊ ${count} lines are lost` : `┊ up to ${count} lines skipped`);
  }
  const at = item.timestamp ?? "";
  const time = options.clock === "none" ? null : el("span", { class: "time" }, options.clock === "full" ? at : localTime(at));
  const classes = ["row", item.stream, item.level, item.origin && "own", options.wrap && "wrap"];
  if (item.seq === current) classes.push("current");
  if (selection && item.seq >= selection[0] && item.seq <= selection[1]) classes.push("selected");
  const parts = item.fields && options.fields ? fieldPieces(item.fields, options.wrap) : pieces(item.message);
  const text = el("span", { class: "text" }, parts.flatMap(({ text, kind }) => marked(text, kind, hits)));
  const name = service === null && el("span", { class: `name ${hue(item.service)}`, title: safe(item.service) }, safe(item.service));
  return el("div", { class: classes.filter(Boolean).join(" "), "data-seq": item.seq }, time, name, text);
}

/** A piece with its matches of the search marked. */
function marked(text, kind, hits) {
  const wrapped = (part) => (kind ? el("span", { class: kind }, part) : part);
  if (!hits) return [wrapped(text)];
  const found = [];
  let from = 0;
  for (const match of hits.all(text)) {
    if (!match[0]) continue;
    if (match.index > from) found.push(wrapped(text.slice(from, match.index)));
    found.push(el("mark", {}, match[0]));
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(wrapped(text.slice(from)));
  return found;
}

const two = (number) => String(number).padStart(2, "0");

function localTime(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? "" : `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A JSON line: its message, then the other fields. Line ends within count only where lines are broken. */
export function fieldPieces(fields, isBroken = true) {
  const shown = (value) => {
    const text = safe(typeof value === "string" ? value : JSON.stringify(value));
    return isBroken ? text : text.replaceAll("\n", "↵");
  };
  const parts = [{ text: shown(fields.message ?? fields.msg ?? ""), kind: "" }];
  for (const [key, value] of Object.entries(fields)) {
    if (key === "message" || key === "msg") continue;
    parts.push({ text: ` ${safe(key)}=`, kind: "dim" }, { text: shown(value), kind: "" });
  }
  return parts;
}
