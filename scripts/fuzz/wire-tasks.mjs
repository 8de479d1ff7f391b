// Tasks of the fuzzer of wires: one that forges answers on its own channel to the pool, and one that is only there.
import fs from "node:fs";
import v8 from "node:v8";
import { MessagePort, threadId } from "node:worker_threads";
import { chance } from "./chance.mjs";

let port = null;
const { postMessage } = MessagePort.prototype;
MessagePort.prototype.postMessage = function (...values) {
  port = this;
  return Reflect.apply(postMessage, this, values);
};

const send = (value) => {
  if (threadId !== 0) return void (port && Reflect.apply(postMessage, port, [value]));
  const bytes = v8.serialize(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  for (const part of [length, bytes]) fs.writeSync(3, part);
};

const VALUES = [
  0,
  1,
  7,
  -1,
  0.5,
  1e308,
  Number.NaN,
  null,
  undefined,
  "x",
  [],
  {},
  [1, 2],
  10n,
  new Map(),
  new Uint8Array(3),
];

export const same = (value) => value;
export const forge = (seed) => {
  const { pick, below, is } = chance(seed);
  const kinds = [
    () => Array.from({ length: below(9) }, () => pick(VALUES)),
    () => [below(4), pick([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 22, 99]), pick(VALUES), pick(VALUES)],
    () => Object.assign([], { 4294967294: 1 }),
    () => ({ posted: new Uint8Array(below(9)) }),
    () => [new Uint8Array(below(30))],
    () => pick(VALUES),
    () => ({ brood: 1, seq: below(4), message: pick(VALUES) }),
  ];
  for (let at = 1 + below(3); at > 0; at -= 1) send(pick(kinds)());
  if (threadId === 0 && is(0.2)) fs.writeSync(3, Buffer.from(Array.from({ length: 9 }, () => below(256))));
  return "forged";
};
