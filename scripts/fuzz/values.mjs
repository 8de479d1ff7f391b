// Values that do what they can not to be sent, read or looked at. The fuzzer runs tasks with them; the task file returns and
// throws them. Each is drawn by `chance`, so that a seed makes the same one again.

const bad = () => {
  throw new Error("do not look");
};

/** @type {Record<string, (chance: ReturnType<typeof import("./chance.mjs").chance>) => unknown>} */
export const VALUES = {
  number: ({ below }) => below(1_000) - 500.5,
  text: ({ below }) => "x".repeat(below(100)),
  nothing: () => undefined,
  null: () => null,
  big: () => 2n ** 70n,
  list: ({ below }) => Array.from({ length: below(50) }, (_, at) => ({ at })),
  map: () => new Map([[new Date(0), new Set([/x/g])]]),
  circle: () => {
    const circle = { map: new Map() };
    circle.map.set(circle, circle);
    return circle;
  },
  bytes: ({ below }) => new Uint8Array(below(100_000)),
  detached: () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  },
  sharedMemory: () => new Uint8Array(new SharedArrayBuffer(16)),
  function: () => bad,
  symbol: () => Symbol("s"),
  promise: () => [Promise.resolve(1)],
  weak: () => new WeakRef({}),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  trap: () =>
    new Proxy({}, { get: bad, has: bad, ownKeys: bad, getPrototypeOf: bad, getOwnPropertyDescriptor: bad }),
  getter: () => Object.defineProperty({}, "value", { enumerable: true, get: bad }),
  deep: ({ below }) => {
    let list = null;
    for (let at = below(9_000); at > 0; at -= 1) list = [list];
    return list;
  },
  webAssembly: () => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
  plain: () => Object.assign(Object.create(null), { __proto__: 1 }),
  protoKey: () => JSON.parse('{"__proto__":{"polluted":true},"constructor":1,"toString":2,"then":3}'),
  marked: () => ({ [Symbol.for("Piscina.transferable")]: null, [Symbol("Piscina.kMovable")]: true }),
  port: () => new MessageChannel().port1,
  sparse: () => Object.assign([], { 4294967294: 1 }),
};

/** An error with fields, causes and relatives of chance. @param {ReturnType<typeof import("./chance.mjs").chance>} chance */
export function errorOf(chance) {
  const { below, pick, is } = chance;
  const kinds = [Error, TypeError, RangeError, class Own extends Error {}];
  const all = Array.from({ length: 1 + below(30) }, (_, at) => new (pick(kinds))(`error ${at}`));
  for (const error of all) {
    if (is(0.3)) error.cause = is(0.7) ? pick(all) : VALUES[pick(Object.keys(VALUES))](chance);
    if (is(0.2)) error.name = pick(["toString", "__proto__", "constructor", "AbortError", ""]);
    for (const field of ["code", "response", "errors", "stack", "then", "__proto__", "brood"]) {
      if (!is(0.1)) continue;
      const get = is(0.2) ? bad : undefined;
      const value = is(0.5) ? pick(all) : VALUES[pick(Object.keys(VALUES))](chance);
      const how = get === undefined ? { value, writable: true } : { get };
      Object.defineProperty(error, field, { enumerable: true, configurable: true, ...how });
    }
  }
  return is(0.3) ? new AggregateError(all, "many") : all[0];
}
