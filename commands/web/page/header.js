// The top of the page: the health of the stack, the state of the connection, the list of sessions.

import { byId, el, setText } from "./dom.js";
import { health } from "./state.js";

const SYMBOL = { up: "●", wait: "◐", down: "✗" };

/** What the banner says while there is no session to show. */
const LINKS = {
  none: "No session runs. Start one with flowlayer up.",
  ended: "The session has ended. The page goes on when its configuration runs again.",
  lost: "The connection was lost. Trying again.",
  gone: "flowlayer web has ended. Start it again, and open the address that it prints.",
  denied: "This address needs a code. Open the one that flowlayer web printed, or start it again for a new one.",
};

function linkText({ state, why }) {
  if (state === "failed") return `No connection to the session: ${why ?? ""}. Trying again.`;
  if (state === "version") return `The session speaks another version of the protocol (${why ?? ""}). Use the flowlayer that started it.`;
  return LINKS[state] ?? "";
}

/** Draws the header, the banner, the title and the icon. */
export function drawHeader({ state, link, config }) {
  const { kind, up, bad, total } = health(state);
  const stack = config?.split("/").at(-2) ?? "FlowLayer";
  const isOpen = link.state === "open";
  setText(byId("stack"), stack);
  setText(byId("count"), isOpen ? `${up} of ${total} up${bad ? `, ${bad} failed or blocked` : ""}` : "");
  byId("count").dataset.kind = kind;
  const text = linkText(link);
  byId("banner").hidden = !text;
  setText(byId("banner"), text);
  setText(byId("connection"), isOpen ? "connected" : link.state === "connecting" ? "connecting" : "not connected");
  byId("connection").dataset.open = String(isOpen);
  document.title = `${isOpen ? SYMBOL[kind] : "○"} ${bad && isOpen ? `${bad} ` : ""}${stack}`;
  const icon = `/icon-${isOpen ? kind : "wait"}.svg`;
  if (byId("icon").getAttribute("href") !== icon) byId("icon").setAttribute("href", icon);
}

/** Fills the list of sessions, with the present one selected. */
export function drawSessions(sessions, present) {
  const select = byId("sessions");
  const known = sessions.some(({ session_id: id }) => id === present);
  const options = sessions.map(({ session_id: id, config }) => el("option", { value: id, title: config }, config.split("/").slice(-2).join("/")));
  if (!known) options.unshift(el("option", { value: "" }, sessions.length ? "another session…" : "no session"));
  select.replaceChildren(...options);
  select.value = known ? present : "";
}
