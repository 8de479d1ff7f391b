import { describe, expect, it } from "vitest";
import { readListenCall } from "../../src/worker/listen-call.ts";

const { signal } = new AbortController();
const callback = (): void => {};

describe("readListenCall", () => {
  it.each([
    ["()", [], { port: null, path: null }],
    ["(undefined)", [undefined], { port: null, path: null }],
    ["(0)", [0], { port: 0, path: null }],
    ["(3000)", [3000], { port: 3000, path: null }],
    ['("3000")', ["3000"], { port: 3000, path: null }],
    ['(3000, "::1")', [3000, "::1"], { port: 3000, path: null }],
    ['("/run/app.sock")', ["/run/app.sock"], { port: null, path: "/run/app.sock" }],
    ["({ port })", [{ port: "80", host: "localhost" }], { port: 80, path: null }],
    ["({ port: undefined })", [{ port: undefined, host: "127.0.0.1" }], { port: null, path: null }],
    ["({ path })", [{ path: "/run/app.sock" }], { port: null, path: "/run/app.sock" }],
  ])("reads %s", (_, args, address) => {
    expect(readListenCall(args)).toEqual({ ...address, options: {}, onListening: null });
    expect(readListenCall([...args, callback])).toEqual({ ...address, options: {}, onListening: callback });
  });

  it("keeps the backlog and the signal for the real listen", () => {
    expect(readListenCall([3000, "::", 128])?.options).toEqual({ backlog: 128 });
    expect(readListenCall([{ port: 3000, backlog: 64, signal }])?.options).toEqual({ backlog: 64, signal });
  });

  it.each([
    ["a descriptor", [{ fd: 3 }]],
    ["a handle", [{ _handle: {} }]],
    ["options without an address", [{ host: "localhost" }]],
    ["a port out of range", [70_000]],
    ["a port that is none", [{ port: "http" }]],
    ["something else", [true]],
  ])("leaves %s to Node", (_, args) => {
    expect(readListenCall(args)).toBeNull();
  });
});
