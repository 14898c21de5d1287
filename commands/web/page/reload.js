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

  /** Shows what a reload would change; its button applies that and nothing else. */
  async ask(withDependents = false) {
    const { app } = this;
    if (!app.state.capabilities.includes("reload")) return app.announce("this session cannot reload its configuration");
    const options = { with_dependents: withDependents };
    let changes;
    try {
      ({ changes } = await app.connection.command("reload", { ...options, dry_run: true }));
    } catch (error) {
      return this.#failed(error);
    }
    if (!changes.length) return app.announce("reload: nothing has changed");
    const button = (text, act) => el("button", { type: "button", onclick: act }, text);
    const restarts = changes.some(({ change }) => change === "restart");
    return app.dialog([
      el("h2", {}, "Reload the configuration"),
      ...differences(changes),
      el(
        "p",
        { class: "buttons" },
        button("reload", () => this.#apply({ ...options, changes })),
        restarts && !withDependents && button("restart dependents too …", () => this.ask(true)),
      ),
    ]);
  }

  async #apply(payload) {
    const { app } = this;
    byId("dialog").close();
    app.announce("reload …");
    try {
      const { changes } = await app.connection.command("reload", payload);
      const later = changes.some(({ change }) => change === "session") ? "; what the session itself has counts from the next one" : "";
      return app.announce(`reload: done, ${changes.length} changed${later}`);
    } catch (error) {
      // Edited again since it was shown.
      if (error.code === "config_changed") await this.ask(payload.with_dependents);
      return this.#failed(error);
    }
  }

  #failed(error) {
    if (error.data?.problems?.length) this.app.dialog(problems(error));
    this.app.announce(`reload: ${error.message}`);
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
