// What people do to services: the commands of buttons and keys, one service, a group or all.

import { dependents, isGroup, members } from "./state.js";

const COMMANDS = { start: "start_service", stop: "stop_service", restart: "restart_service" };

export class Actions {
  constructor(app) {
    this.app = app;
  }

  /** Acts on a service, a group (`@NAME`) or, with `null`, on all; on nothing that the list does not show. */
  async act(what, name) {
    const { app } = this;
    if (!app.table.names().includes(name)) return app.announce("the list does not show what is selected: esc ends its filter");
    if (name === null) {
      if (what === "restart") return app.announce("select a service to restart it");
      return this.#command(what === "start" ? "start_all" : "stop_all", undefined, `${what} all`);
    }
    if (isGroup(app.state, name)) return this.#actOnGroup(what, name);
    return this.#one(what, name);
  }

  #one(what, name) {
    return this.#command(COMMANDS[what], { service: name }, `${what} ${name}`);
  }

  /** One after the other in the order of the start; a stop goes backwards. A failure ends nothing. */
  async #actOnGroup(what, name) {
    const names = members(this.app.state, name).map((service) => service.name);
    const failed = [];
    for (const one of what === "stop" ? names.reverse() : names) {
      if (!(await this.#one(what, one))) failed.push(one);
    }
    this.app.announce(failed.length ? `${what} ${name}: ${failed.join(", ")} failed` : `${what} ${name}: done`);
    return !failed.length;
  }

  /** As in the cockpit: starts what is down, restarts what is up. */
  start() {
    const { selected, state } = this.app;
    const [service, ...others] = selected === null ? [] : members(state, selected);
    if (others.length) return this.act("start", selected);
    return this.act(service?.up && service.kind !== "oneshot" ? "restart" : "start", selected);
  }

  /** Stops what runs and needs the service, then the service; a restart starts all of these again. */
  async withDependents(what, name) {
    const { state } = this.app;
    const isDown = (one) => ["unknown", "stopped", "failed"].includes(state.services.get(one).status);
    const others = dependents(state, name).filter((one) => !isDown(one));
    for (const one of [...others, name]) {
      if (!(await this.#one("stop", one))) return;
    }
    if (what === "stop") return;
    for (const one of [name, ...others.reverse()]) {
      if (!(await this.#one("start", one))) return;
    }
  }

  async #command(name, payload, shown) {
    const { app } = this;
    app.announce(`${shown} …`);
    try {
      await app.connection.command(name, payload);
      app.announce(`${shown}: done`);
      return true;
    } catch (error) {
      app.announce(`${shown}: ${error.message}`);
      return false;
    }
  }
}
