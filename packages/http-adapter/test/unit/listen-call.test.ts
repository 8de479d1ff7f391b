import { describe, expect, it } from "vitest";
import { readListenCall } from "../../src/worker/listen-call.ts";

const { signal } = new AbortController();
const WHOLE = { host: null, ipv6Only: false, exclusive: false, options: {}, onListening: null };
const callback = (): void => {};

describe("readListenCall", () => {
  it.each([
    ["()", [], { port: null, path: null }],
    ["(undefined)", [undefined], { port: null, path: null }],
    ["(0)", [0], { port: 0, path: null }],
    ["(3000)", [3000], { port: 3000, path: null }],
    ['("3000")', ["3000"], { port: 3000, path: null }],
    ['(3000, "::1")', [3000, "::1"], { port: 3000, path: null, host: "::1" }],
    ['("/run/app.sock")', ["/run/app.sock"], { port: null, path: "/run/app.sock" }],
    ["({ port })", [{ port: "80", host: "localhost" }], { port: 80, path: null, host: "localhost" }],
    ["({ ipv6Only })", [{ port: 80, ipv6Only: true }], { port: 80, path: null, ipv6Only: true }],
    ["({ exclusive })", [{ port: 80, exclusive: true }], { port: 80, path: null, exclusive: true }],
    [
      "({ port: undefined })",
      [{ port: undefined, host: "127.0.0.1" }],
      { port: null, path: null, host: "127.0.0.1" },
    ],
    ["({ path })", [{ path: "/run/app.sock" }], { port: null, path: "/run/app.sock" }],
  ])("reads %s", (_, args, address) => {
    const call = { ...WHOLE, ...address };
    expect(readListenCall(args)).toEqual(call);
    expect(readListenCall([...args, callback])).toEqual({ ...call, onListening: callback });
  });

  it("keeps the backlog and the signal for the real listen", () => {
    expect(readListenCall([3000, "::", 128])?.options).toEqual({ backlog: 128 });
    expect(readListenCall([{ port: 3000, backlog: 64, signal }])?.options).toEqual({ backlog: 64, signal });
  });

  it.each([
    ["a descriptor", [{ fd: 3 }]],
    ["a socket of the worker's own", [{ port: 80, reusePort: true }]],
    ["a handle", [{ _handle: {} }]],
    ["options without an address", [{ host: "localhost" }]],
    ["a port out of range", [70_000]],
    ["a port that is none", [{ port: "http" }]],
    ["something else", [true]],
  ])("leaves %s to Node", (_, args) => {
    expect(readListenCall(args)).toBeNull();
  });
});
