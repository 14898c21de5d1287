// The past of the session, from its records (docs/history.md): the states of each service, and when the boot was.

import { append, stateOf } from "./state.js";

const PAGE = 1000;
/** Pages at most: as many records as the server has in memory. */
const PAGES = 10;

/** Fetches the records of the session, the oldest first. `command(name, payload)` asks the server. */
export async function fetchRecords(command) {
  let records = [];
  for (let page = 0; page < PAGES; page++) {
    const before = records.length ? { before: records[0].number } : {};
    const { events } = await command("get_events", { limit: PAGE, ...before });
    const start = events.findLastIndex(({ event }) => event === "session_started");
    records = [...events.slice(Math.max(0, start)), ...records];
    if (start >= 0 || events.length < PAGE) break;
  }
  return records;
}

/** What records say: `states`, the segments of each service, and `boot`: its beginning, its end, the segments until then. */
export function read(records) {
  const states = new Map();
  const kinds = new Map();
  const boot = { from: null, to: null, states: null };
  const add = (name, state, at) => append(states, name, stateOf({ ...state, kind: kinds.get(name) }), Date.parse(at));
  for (const record of records) {
    const at = record.timestamp;
    if (record.event === "defined") {
      kinds.set(record.service, record.kind);
      if (record.state) add(record.service, record.state, at);
    } else if (record.event === "status") add(record.service, record, at);
    else if (record.event === "boot_started") Object.assign(boot, { from: Date.parse(at), to: null });
    else if (record.event === "boot_ended") {
      boot.to = Date.parse(at);
      // Of what comes later only the newest is kept.
      boot.states = new Map([...states].map(([name, segments]) => [name, [...segments]]));
    }
  }
  return { states, boot };
}
