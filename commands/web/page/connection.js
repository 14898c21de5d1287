// The way to the bridge: the key, the socket, commands and their answers.

export const KEY = "flowlayer_key";
const WAITS = [500, 1000, 2000, 5000];

/** Exchanges the code in the address, if there is one, and removes it from there. */
export async function exchangeCode() {
  const code = /^#code=(.+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  const reply = await fetch("/exchange", { method: "POST", body: code }).catch(() => null);
  if (reply?.ok) localStorage.setItem(KEY, await reply.text());
}

export class Connection {
  /** `handlers`: `event(message)`, `link({state, why})`. */
  constructor(handlers) {
    this.handlers = handlers;
    this.socket = null;
    this.session = null;
    /** The configuration of that session: another bridge does not know what it had. */
    this.config = null;
    /** Whether there is a session behind the bridge. */
    this.isOpen = false;
    this.pending = new Map();
    this.number = 0;
    this.failures = 0;
    this.timer = null;
  }

  /** Connects to this session, or to the one that the bridge chooses. */
  open(session) {
    this.session = session;
    this.#drop("another session was chosen");
    clearTimeout(this.timer);
    const query = session ? `?session=${encodeURIComponent(session)}&config=${encodeURIComponent(this.config ?? "")}` : "";
    const socket = new WebSocket(`ws://${location.host}/ws${query}`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "key", key: localStorage.getItem(KEY) ?? "" }));
    socket.onmessage = ({ data }) => {
      if (this.socket === socket) this.#message(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      if (this.socket === socket) this.#closed(code);
    };
  }

  /** Tries again now. */
  retry() {
    this.failures = 0;
    this.open(this.session);
  }

  /** Sends a command; the promise is its result. */
  command(name, payload) {
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error("there is no connection"));
    if (!this.isOpen) return Promise.reject(new Error("the session has ended"));
    const id = String(++this.number);
    const answer = new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
    this.socket.send(JSON.stringify({ type: "command", id, name, payload }));
    return answer;
  }

  #message(message) {
    this.failures = 0;
    if (message.type === "event") return this.handlers.event(message);
    if (message.type === "bridge" && message.name === "link") {
      const { state, session_id: session } = message.payload;
      this.isOpen = state === "open";
      if (this.isOpen) this.session = session;
      else this.#reject("the session has ended");
      return this.handlers.link(message.payload);
    }
    if (message.type === "bridge") return this.handlers.event(message);
    const waiting = this.pending.get(message.id);
    if (!waiting) return undefined;
    const { accepted, ok, error, data } = message.payload;
    if (message.type === "ack" && accepted) return undefined;
    this.pending.delete(message.id);
    if (message.type === "result" && ok) waiting.resolve(data);
    else waiting.reject(Object.assign(new Error(error?.message ?? message.payload.message ?? "refused"), { code: error?.code, data }));
    return undefined;
  }

  async #closed(code) {
    this.#reject("the connection was lost");
    // A browser does not say why a handshake was refused.
    const probe = code === 4401 ? { status: 401 } : await fetch("/ws").catch(() => null);
    if (probe?.status === 401) return this.handlers.link({ state: "denied" });
    const wait = WAITS[Math.min(this.failures++, WAITS.length - 1)];
    this.handlers.link({ state: probe ? "lost" : "gone" });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(this.session), wait);
    return undefined;
  }

  #drop(why) {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    socket?.close();
    this.#reject(why);
  }

  #reject(why) {
    for (const { reject } of this.pending.values()) reject(new Error(why));
    this.pending.clear();
  }
}
