// The details of a service or a group, for the window: a title, a list, buttons.

import { duration, el, link } from "./dom.js";
import { STATES, commandOf, dependents, members, stateOf, urlOf } from "./state.js";

const button = (text, act) => el("button", { type: "button", onclick: act }, text);

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
  return [
    el("h2", {}, name),
    el("dl", {}, list),
    el(
      "p",
      { class: "buttons" },
      button("start", () => app.actions.act("start", name)),
      button("stop", () => app.actions.act("stop", name)),
      button("restart", () => app.actions.act("restart", name)),
      button("stop with dependents", () => app.actions.withDependents("stop", name)),
      button("restart with dependents", () => app.actions.withDependents("restart", name)),
      url && button("copy url", () => app.copy(url, "url")),
      command && button("copy command", () => app.copy(command, "command")),
    ),
  ];
}

/** The members of a group with their states. */
export function groupDetails(app, name) {
  const services = members(app.state, name);
  const rows = services.flatMap((service) => {
    const now = stateOf(service);
    return [el("dt", {}, service.name), el("dd", {}, `${STATES[now].symbol} ${now}${service.detail ? `, ${service.detail}` : ""}`)];
  });
  const acts = ["start", "stop", "restart"].map((what) => button(what, () => app.actions.act(what, name)));
  return [el("h2", {}, name), el("dl", {}, rows), el("p", { class: "buttons" }, acts)];
}
