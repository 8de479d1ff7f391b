// The messages of the table (packages/core/src/link/messages.ts), one of each, and what chance makes of them. The fuzzer checks
// that the table takes each of these as it is, so a new field cannot be forgotten here.
/** @typedef {ReturnType<typeof import("./chance.mjs").chance>} Chance */

const release = {
  entry: "/srv/app.js",
  version: "1.4.0",
  folder: "/srv",
  fingerprint: "f00d",
  isTruncated: true,
};
const usage = {
  requests: 1,
  connections: 0,
  tasks: 0,
  rssBytes: 2 ** 26,
  eventLoopUtilization: 0.25,
  eventLoopDelayMs: 0.1,
};
const error = { code: "BROOD_WORKER_EXITED", message: "no", stack: "at" };

/** What a worker says, without its signature. */
export const FROM_WORKER = [
  { type: "Hello", release, pid: 7 },
  { type: "Booted" },
  { type: "Ready" },
  { type: "Heartbeat", usage },
  { type: "Heartbeat", usage, answers: { byClass: [0, 1, 0, 0, 2], latency: [0, 3] } },
  { type: "Failed", error },
  { type: "Signalled" },
  { type: "Draining" },
  { type: "Lingering" },
  { type: "Bye" },
  { type: "Post", payload: { any: [null] } },
];

/** What a template says, without its signature. */
export const FROM_TEMPLATE = [
  { type: "Hello", release, pid: 7 },
  { type: "Ready" },
  { type: "Ready", isWaiting: true },
  { type: "Heartbeat" },
  { type: "Failed", error },
  { type: "Forked", worker: "w2", pid: 8 },
  { type: "ForkRefused", worker: "w2", message: "no" },
];

const pasts = [null, { requests: 3, toldMs: 5_000, key: null }];

/** What a worker says of sockets, on the channel of its handoff. */
export const SOCKETS = [
  { type: "Open" },
  { type: "Counts", taken: 4, closed: 2 },
  { type: "PassOn", tokens: [1, 2], pasts },
  { type: "PassOnLent", descriptors: [20, 21], tokens: [1, 2], pasts },
  { type: "Full" },
  { type: "Released", slot: 1 },
];

/** What a worker says of what its program listens on. */
export const LISTENING = [
  {
    ...{
      brood: "listen",
      id: 1,
      wanted: { kind: "tcp", host: null, port: 3_000, order: 0, ipv6Only: false },
    },
    ...{ isPublic: true, backlog: null, addressOnly: false, isSecond: false },
  },
  { brood: "unlisten", id: 1 },
  { brood: "listens", main: null, shared: ["tcp::3000"], listens: true },
  { brood: "elsewhere", wants: "port 3000", port: 3_000 },
  { brood: "accepting", isAccepting: false },
];

const deep = (/** @type {number} */ levels) => {
  /** @type {unknown} */
  let list = 1;
  for (let at = 0; at < levels; at += 1) list = [list];
  return list;
};

/** Values that JSON can carry and no field expects. @type {((chance: Chance) => unknown)[]} */
const NASTY = [
  () => null,
  () => -1,
  () => 1e308,
  () => 0.5,
  () => 2 ** 53,
  ({ below }) => below(1e9),
  () => "",
  () => "toString",
  () => "__proto__",
  ({ below }) => "x".repeat(below(200_000)),
  () => "NaN",
  () => true,
  () => [],
  ({ below }) => Array(below(2_000)).fill(1),
  () => ({}),
  () => JSON.parse('{"__proto__":{"type":"Ready"},"constructor":null,"toString":1}'),
  ({ below }) => deep(below(1_000)),
  () => ({ type: "Bye" }),
  () => "w1",
  () => "w99999999999999999999",
];

/** One place of a message is another than it should be. @param {Chance} chance @param {any} value @returns {any} */
export function changed(chance, value) {
  const { pick, is } = chance;
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0 || is(0.15))
    return pick(NASTY)(chance);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const name = pick(Object.keys(value));
  if (is(0.2)) delete copy[name];
  else copy[name] = changed(chance, value[name]);
  return copy;
}

/** A message as somebody might forge it. @param {Chance} chance @param {object} signature */
export function forgedMessage(chance, signature) {
  const whole = { ...signature, ...chance.pick(FROM_WORKER) };
  let message = changed(chance, whole);
  while (chance.is(0.2)) message = changed(chance, message);
  return message;
}

/** The frame around it: as a rule a good one. @param {Chance} chance @param {unknown} message @param {number} seq */
export function forgedFrame(chance, message, seq) {
  const frame = { brood: 1, seq, message };
  return chance.is(0.85) ? frame : changed(chance, frame);
}
