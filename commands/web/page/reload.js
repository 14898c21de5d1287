// An edited configuration: the line that says so, what a reload would change, and the reload.

import { byId, el, setText } from "./dom.js";

/** What happens to services, in the order in which it is shown, as at the terminal. */
const GROUPS = [
  ["restart", "restart"],
  ["added", "add"],
  ["removed", "stop and remove"],
  ["live", "no restart needed"],
  ["session", "needs a new session"],
];

/** One line for the banner; empty while the session runs what its file says. */
export function staleLine(edit) {
  if (!edit?.stale) return "";
  const problems = edit.problems?.length ?? 0;
  if (problems) return `The configuration was edited and has ${problems === 1 ? "a problem" : `${problems} problems`}.`;
  const parts = GROUPS.map(([kind, title]) => [title, edit.changes.filter(({ change }) => change === kind)])
    .filter(([, changes]) => changes.length)
    .map(([title, changes]) => `${title}: ${changes.map(({ service }) => service ?? "session").join(", ")}`);
  return `The configuration was edited (${parts.join("; ")}).`;
}

export class Reload {
  constructor(app) {
    this.app = app;
    byId("show-reload").addEventListener("click", () => this.ask());
  }

  draw() {
    const text = this.app.link.state === "open" ? staleLine(this.app.state.edit) : "";
    byId("stale").hidden = !text;
    setText(byId("stale-text"), text);
  }

  /** Shows what a reload would change; the buttons below do it. */
  async ask() {
    const { app } = this;
    if (!app.state.capabilities.includes("reload")) return app.announce("this session cannot reload its configuration");
    let report;
    try {
      report = await app.connection.command("reload", { dry_run: true });
    } catch (error) {
      if (error.data?.problems?.length) return app.dialog(problems(error));
      return app.announce(`reload: ${error.message}`);
    }
    if (!report.changes.length) return app.announce("reload: nothing has changed");
    const shown = JSON.stringify(report.changes);
    const button = (text, withDependents) =>
      el("button", { type: "button", onclick: () => this.#apply(shown, withDependents) }, text);
    const restarts = report.changes.some(({ change }) => change === "restart");
    return app.dialog([
      el("h2", {}, "Reload the configuration"),
      ...differences(report.changes),
      el("p", { class: "buttons" }, button("reload", false), restarts && button("reload, restart dependents too", true)),
    ]);
  }

  /** Applies what was `shown`; what has been edited since is shown first. */
  async #apply(shown, withDependents) {
    const { app } = this;
    byId("dialog").close();
    app.announce("reload …");
    try {
      const now = await app.connection.command("reload", { dry_run: true });
      if (JSON.stringify(now.changes) !== shown) {
        await this.ask();
        return app.announce("the configuration was edited again: this is what a reload would change now");
      }
      const { changes } = await app.connection.command("reload", { with_dependents: withDependents });
      const later = changes.some(({ change }) => change === "session") ? "; what the session itself has counts from the next one" : "";
      return app.announce(`reload: done, ${changes.length} changed${later}`);
    } catch (error) {
      if (error.data?.problems?.length) app.dialog(problems(error));
      return app.announce(`reload: ${error.message}`);
    }
  }
}

/** The changes by what happens, each field with its old and new value. */
export function differences(changes) {
  return GROUPS.flatMap(([kind, title]) => {
    const of = changes.filter(({ change }) => change === kind);
    if (!of.length) return [];
    return [el("h3", {}, title), el("dl", { class: "changes" }, of.flatMap(change))];
  });
}

function change({ service, fields }) {
  const rows = fields.map(({ field, old, new: now }) => {
    const value = old === undefined && now === undefined
      ? "changed"
      : [el("del", {}, old ?? "none"), " → ", el("ins", {}, now ?? "none")];
    return el("div", {}, el("code", {}, field), " ", value);
  });
  return [el("dt", {}, service ?? "session"), el("dd", {}, rows)];
}

function problems({ message, data }) {
  const one = ({ severity, path, line, column, message: what, help }) =>
    el("li", {}, el("strong", {}, `${line}:${column} ${severity}`), path ? ` ${path}: ` : " ", what, help ? ` (${help})` : "");
  return [el("h2", {}, message), el("ul", {}, data.problems.map(one))];
}
