// Elements without HTML: text is only ever set as text.

import { safe } from "./ansi.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.setAttribute("class", value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** An element. Properties are attributes; `onclick` and the like are listeners. */
export const el = (tag, props = {}, ...children) => fill(document.createElement(tag), props, children);

/** The same for drawings. */
export const svg = (tag, props = {}, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export const byId = (id) => document.getElementById(id);

/** Sets the text of a node if it is another one. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A link, if the address is one of the web; else nothing. Services name addresses, and may name any. */
export function link(url) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return null;
  }
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") return null;
  return el("a", { href: parsed.href, target: "_blank", rel: "noopener noreferrer" }, parsed.host + (parsed.pathname === "/" ? "" : parsed.pathname) + parsed.search);
}

/** A length of time as one looks at it: `7s`, `3m 20s`, `2h 5m`, `4d`. */
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86400)}d`;
}

/** A name for a picture, as much of it as fits. */
export function shortened(name) {
  const text = safe(name);
  return text.length > 17 ? `${text.slice(0, 16)}…` : text;
}
