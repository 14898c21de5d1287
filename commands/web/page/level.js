// The level of a line, by the rules of `src/logs/level.rs` (one table of cases tests both).

/** All levels, the least serious first. */
export const LEVELS = ["trace", "debug", "info", "warn", "error"];

const NAMES = {
  trace: ["trace", "trc", "verbose", "10"],
  debug: ["debug", "dbg", "d", "20"],
  info: ["info", "inf", "information", "notice", "log", "i", "30"],
  warn: ["warn", "warning", "wrn", "w", "40"],
  error: ["error", "err", "eror", "fatal", "ftl", "critical", "crit", "panic", "severe", "alert", "emerg", "emergency", "e", "f", "50", "60"],
};
const KEYS = ["level", "severity", "lvl", "log.level"];
const PAIR = /(?:^|[\s,])(?:level|lvl|severity)="?([A-Za-z0-9]+)"?(?:$|[\s,])/;
const CAPITALS = "TRACE|TRC|VERBOSE|DEBUG|DBG|INFO|INF|NOTICE|LOG|WARN|WARNING|WRN|ERROR|ERR|FATAL|FTL|CRITICAL|CRIT|PANIC|SEVERE|ALERT|EMERG";
const ANY = ["trace", "verbose", "debug", "info", "notice", "warn", "warning", "error", "err", "fatal", "critical", "crit", "panic", "severe"]
  .map((word) => [...word].map((letter) => `[${letter}${letter.toUpperCase()}]`).join(""))
  .join("|");
const WORD = new RegExp(
  `^([IWEF])\\d{4} \\d\\d:|(?:^|[\\s\\[(<|:="'])(?:(${CAPITALS})(?:$|[\\s\\])>|:,!"'\\-])|(${ANY})(?:[\\])>|:]|\\[E\\d))`,
);
const FAILURE = /^Traceback \(most recent call last\)|^thread '.*panicked at|^Uncaught |^[A-Za-z.]*(?:Error|Exception): /;

function named(word) {
  const name = String(word).toLowerCase();
  return LEVELS.find((level) => NAMES[level].includes(name)) ?? null;
}

/** The level of a line without terminal codes; `fields` are those of its JSON object. */
export function levelOf(text, fields) {
  if (fields) {
    const key = Object.keys(fields).find((key) => KEYS.includes(key));
    const value = key === undefined ? null : fields[key];
    return ["string", "number"].includes(typeof value) ? named(value) : null;
  }
  const line = text.trimStart();
  const pair = PAIR.exec(line.slice(0, 512));
  if (pair) return named(pair[1]);
  const beginning = line.slice(0, 80);
  const word = WORD.exec(beginning);
  if (word) return named(word[1] ?? word[2] ?? word[3]);
  return FAILURE.test(beginning) ? "error" : null;
}
