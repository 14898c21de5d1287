// What the page knows of a session: what its events come to, by the rules of `src/client` (one table of
// cases tests both).

export const PROTOCOL_VERSION = 1;

/** Symbol and rank of each state; the lower the rank, the more it wants attention. */
export const STATES = {
  failed: { symbol: "✗", rank: 0 },
  blocked: { symbol: "⊘", rank: 1 },
  stopping: { symbol: "◑", rank: 2 },
  starting: { symbol: "◌", rank: 3 },
  running: { symbol: "◐", rank: 4 },
  waiting: { symbol: "·", rank: 5 },
  ready: { symbol: "●", rank: 6 },
  done: { symbol: "✓", rank: 7 },
  stopped: { symbol: "○", rank: 8 },
};

/** Segments of a timeline that are kept for one service. */
const SEGMENTS = 200;

export function fresh() {
  return { session: null, version: null, capabilities: [], firstSeq: 1, services: new Map(), history: new Map(), boot: null, edit: null };
}

/** Applies an event; returns the names of the services that it changed. */
export function fold(state, event) {
  const payload = event.payload ?? {};
  switch (event.name) {
    case "hello":
      state.session = payload.session_id ?? null;
      state.version = payload.protocol_version;
      state.capabilities = payload.capabilities ?? [];
      state.firstSeq = payload.first_seq ?? 1;
      return [];
    case "snapshot":
      state.services = new Map(payload.services.map((service) => [service.name, service]));
      for (const service of payload.services) remember(state, service);
      return [...state.services.keys()];
    case "service_status": {
      const { service: name, timestamp: _, ...rest } = payload;
      const before = state.services.get(name);
      const service = { name, ...rest };
      // Only snapshots have these.
      for (const kept of ["depends_on", "spec"]) {
        if (before?.[kept] !== undefined) service[kept] = before[kept];
      }
      state.services.set(name, service);
      remember(state, service);
      return [name];
    }
    case "service_detail": {
      const service = state.services.get(payload.service);
      if (!service) return [];
      for (const derived of ["reason", "detail", "blocked_by", "probe", "port_conflict"]) delete service[derived];
      if (payload.reason) {
        service.reason = payload.reason;
        if (payload.reason.code === "blocked") service.blocked_by = payload.reason.by.map((by) => by.service);
      }
      if (payload.detail) service.detail = payload.detail;
      remember(state, service);
      return [payload.service];
    }
    case "config_changed":
      state.edit = payload;
      return [];
    default:
      return [];
  }
}

/** The state of a service as people see it. */
export function stateOf(service) {
  switch (service.status) {
    case "unknown":
    case "stopped": {
      const code = service.reason?.code;
      if (code === "waiting_for" || code === "waiting_for_wave") return "waiting";
      if (code === "blocked" || service.blocked_by?.length) return "blocked";
      return service.status === "unknown" ? "waiting" : "stopped";
    }
    case "running":
      return service.up ? "ready" : "running";
    case "ready":
      return service.kind === "oneshot" ? "done" : "ready";
    case "starting":
    case "stopping":
    case "failed":
      return service.status;
    default:
      return "waiting";
  }
}

/** Adds the present state to the history of the service, for the timeline. */
function remember(state, service) {
  append(state.history, service.name, stateOf(service), Date.parse(service.since) || Date.now());
}

/** Adds a state that began at `since` to the segments of a service. */
export function append(history, name, state, since) {
  const segments = history.get(name) ?? [];
  const last = segments.at(-1);
  if (last?.state === state) return;
  segments.push({ state, from: last ? Math.max(since, last.from) : since });
  if (segments.length > SEGMENTS) segments.shift();
  history.set(name, segments);
}

/** Puts what was before the page before what it has seen. */
export function recall(state, { states, boot }) {
  for (const [name, segments] of state.history) {
    for (const { state: seen, from } of segments) {
      if (from > (states.get(name)?.at(-1)?.from ?? 0)) append(states, name, seen, from);
    }
  }
  state.history = states;
  state.boot = boot;
}

/** How the whole stack is: `down`, `wait`, `up` when all that is wanted is up, and how many services are up of those
 * that were not left out on purpose. */
export function health(state) {
  const services = [...state.services.values()].filter((service) => service.up || service.reason?.code !== "not_started");
  const states = services.map(stateOf);
  const up = services.filter((service) => service.up).length;
  const bad = states.filter((one) => one === "failed" || one === "blocked").length;
  const waits = states.some((one) => ["waiting", "starting", "running", "stopping"].includes(one));
  return { kind: bad ? "down" : waits || !up ? "wait" : "up", up, bad, total: services.length };
}

/** The services in the order of the start, or those in trouble first. */
export function ordered(state, troubleFirst) {
  const rank = (service) => (troubleFirst ? STATES[stateOf(service)].rank : 0);
  return [...state.services.values()].sort(
    (a, b) => rank(a) - rank(b) || (a.wave ?? 0) - (b.wave ?? 0) || (a.name < b.name ? -1 : 1),
  );
}

/** The services that need this one, directly or not, later ones first. */
export function dependents(state, name) {
  const found = new Set();
  const visit = (one) => {
    for (const service of state.services.values()) {
      if (service.depends_on?.includes(one) && !found.has(service.name)) {
        found.add(service.name);
        visit(service.name);
      }
    }
  };
  visit(name);
  const wave = (one) => state.services.get(one).wave ?? 0;
  return [...found].sort((a, b) => wave(b) - wave(a));
}

/** The groups of the session, sorted, each as `@NAME`. */
export function groups(state) {
  const names = [...state.services.values()].flatMap((service) => service.spec?.groups ?? []);
  return [...new Set(names)].sort().map((name) => `@${name}`);
}

/** The services that a selected row stands for: one, those of a group, or all when there is none. */
export function members(state, selected) {
  if (selected === null) return [...state.services.values()];
  if (!isGroup(state, selected)) return [state.services.get(selected)].filter(Boolean);
  return ordered(state, false).filter((service) => service.spec?.groups?.includes(selected.slice(1)));
}

/** Whether a name is that of a group: those of services may begin like one. */
export function isGroup(state, name) {
  return name !== null && !state.services.has(name) && groups(state).includes(name);
}

/** The address of a service: its own as it is, or the origin of its probe; without credentials. */
export function urlOf(service) {
  const { url, probe } = service.spec ?? {};
  const text = typeof probe === "string" ? probe : JSON.stringify(probe ?? "");
  try {
    const found = new URL(url ?? /https?:\/\/[^\s/"]+/.exec(text)?.[0]);
    found.username = found.password = "";
    return found.href;
  } catch {
    return null;
  }
}

/** A command line as one types it. */
export function commandOf(service) {
  const plain = /^[\w@%+=:,./-]+$/;
  const quote = (word) => (plain.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return (service.spec?.argv ?? []).map(quote).join(" ");
}
