import { describe, expect, it } from "vitest";
import { describeAddress, formatAddress, parseAddress, parseAddresses } from "../../src/listen/addresses.ts";

describe("addresses", () => {
  it.each([
    ["3000", { kind: "tcp", host: null, port: 3000 }],
    [3000, { kind: "tcp", host: null, port: 3000 }],
    ["0", { kind: "tcp", host: null, port: 0 }],
    ["127.0.0.1:3000", { kind: "tcp", host: "127.0.0.1", port: 3000 }],
    ["localhost:80", { kind: "tcp", host: "localhost", port: 80 }],
    ["[::1]:3000", { kind: "tcp", host: "::1", port: 3000 }],
    ["tcp://[::1]:3000", { kind: "tcp", host: "::1", port: 3000 }],
    ["tcp://0.0.0.0:65535", { kind: "tcp", host: "0.0.0.0", port: 65535 }],
    ["unix:/run/app.sock", { kind: "unix", path: "/run/app.sock" }],
    ["unix:///run/app.sock", { kind: "unix", path: "/run/app.sock" }],
    ["unix:app.sock", { kind: "unix", path: "/srv/app.sock" }],
    ["fd:3", { kind: "fd", fd: 3 }],
  ])("reads %s", (written, expected) => {
    expect(parseAddress(written, "/srv")).toEqual(expected);
  });

  it.each([
    "",
    "65536",
    "-1",
    "3000x",
    "http://127.0.0.1:3000",
    "127.0.0.1",
    ":3000",
    "tcp://:3000",
    "::1:3000",
    "[not-v6]:3000",
    "tcp://127.0.0.1",
    "tcp://127.0.0.1:99999",
    "a b:3000",
    "unix:",
    "unix:/run/",
    "fd:0",
    "fd:2",
    "fd:x",
    3.5,
    null,
    {},
  ])("refuses %j by name, with its value and what is accepted", (written) => {
    expect(() => parseAddress(written, "/srv")).toThrowError(
      /^option listen: got .*, expected 3000, 127\.0\.0\.1:3000, tcp:\/\/\[::1\]:3000, unix:\/run\/app\.sock or fd:3$/,
    );
  });

  it("takes $PORT, else 3000, when none is given", () => {
    expect(parseAddresses(undefined, "/", { PORT: "8080" })).toEqual([
      { kind: "tcp", host: null, port: 8080 },
    ]);
    expect(parseAddresses(undefined, "/", { PORT: "" })).toEqual([{ kind: "tcp", host: null, port: 3000 }]);
    expect(parseAddresses(undefined, "/", {})).toEqual([{ kind: "tcp", host: null, port: 3000 }]);
    expect(() => parseAddresses(undefined, "/", { PORT: "http" })).toThrowError(
      'option $PORT: got "http", expected a port from 0 to 65535',
    );
  });

  it("takes a list, but neither an empty one nor one address twice", () => {
    expect(parseAddresses(["3000", "unix:/a"], "/", {})).toHaveLength(2);
    expect(parseAddresses(["127.0.0.1:0", "127.0.0.1:0"], "/", {})).toHaveLength(2);
    expect(() => parseAddresses([], "/", {})).toThrowError(/at least one address/);
    expect(() => parseAddresses(["3000", "tcp://[::]:3000"], "/", {})).toThrowError(/each address only once/);
  });

  it("writes them as the ready line has them, and shorter in messages", () => {
    expect(formatAddress({ kind: "tcp", host: "::1", port: 1 })).toBe("tcp://[::1]:1");
    expect(formatAddress({ kind: "tcp", host: "127.0.0.1", port: 1 })).toBe("tcp://127.0.0.1:1");
    expect(formatAddress({ kind: "unix", path: "/a" })).toBe("unix:/a");
    expect(formatAddress({ kind: "fd", fd: 7 })).toBe("fd:7");
    expect(describeAddress({ kind: "tcp", host: "127.0.0.1", port: 1 })).toBe("127.0.0.1:1");
    expect(describeAddress({ kind: "tcp", host: null, port: 1 })).toBe("*:1");
  });
});
