// Whose a `listen` call is, by tables: the program's call, what Brood knows, and the role; and that no message reaches either end
// that it does not understand.

import { describe, expect, it } from "vitest";
import { readToListener, readToSupervisor } from "../../src/sharing/messages.ts";
import {
  describeWanted,
  differenceOf,
  type Known,
  keyOf,
  NOTHING_LEARNED,
  roleOf,
  type Wanted,
} from "../../src/sharing/wanted.ts";

const tcp = (host: string | null, port: number, order = 0): Wanted => ({
  kind: "tcp",
  host,
  port,
  ipv6Only: false,
  order,
});
const unix = (path: string): Wanted => ({ kind: "unix", path });
const udp = (port: number): Wanted => ({
  kind: "udp",
  family: 4,
  host: null,
  port,
  ipv6Only: false,
  reuseAddr: false,
  order: 0,
});

const GIVEN: Known = { addresses: [], isGiven: true, port: null, learned: NOTHING_LEARNED };
const OWN: Known = { ...GIVEN, isGiven: false };
const at = (...addresses: readonly string[]): Known => ({ ...GIVEN, addresses });

describe("roleOf", () => {
  it.each([
    ["the address of --listen", tcp("127.0.0.1", 3000), at("tcp://127.0.0.1:3000"), "public"],
    ["its port on every interface", tcp(null, 3000), at("tcp://127.0.0.1:3000"), "public"],
    ["its port, by name", tcp("localhost", 3000), at("tcp://[::1]:3000"), "public"],
    ["its port on another host", tcp("127.0.0.2", 3000), at("tcp://127.0.0.1:3000"), "unknown"],
    ["one host of every interface", tcp("127.0.0.1", 3000), at("tcp://[::]:3000"), "public"],
    ["the second of two addresses", tcp(null, 443), at("tcp://[::]:80", "tcp://[::]:443"), "public"],
    ["$PORT under another --listen", tcp(null, 5000), { ...at("tcp://[::]:3000"), port: 5000 }, "public"],
    ["another port", tcp(null, 9100), { ...at("tcp://[::]:3000"), port: 3000 }, "unknown"],
    ["any port", tcp(null, 0), { ...at("tcp://[::]:3000"), port: 3000 }, "unknown"],
    ["any port under $PORT 0", tcp(null, 0), { ...OWN, port: 0 }, "unknown"],
    ["the path of --listen", unix("/run/a.sock"), at("unix:/run/a.sock"), "public"],
    ["another path", unix("/run/b.sock"), at("unix:/run/a.sock"), "unknown"],
    ["a port where a path is public", tcp(null, 3000), at("unix:/run/a.sock"), "unknown"],
    ["$PORT without --listen", tcp("127.0.0.1", 5000), { ...OWN, port: 5000 }, "public"],
    ["another port without --listen", tcp(null, 9100), { ...OWN, port: 5000 }, "unknown"],
    [
      "what an earlier worker listens on",
      tcp(null, 8080),
      { ...OWN, addresses: ["tcp://[::]:8080"] },
      "public",
    ],
    ["UDP, also on a public port", udp(3000), at("tcp://[::]:3000"), "shared"],
  ] as const)("%s", (_, wanted, known, role) => {
    expect(roleOf(wanted, known)).toBe(role);
  });

  it("goes by what earlier workers have found out", () => {
    const learned = { ...NOTHING_LEARNED, main: "tcp:*:8080", shared: ["tcp:*:9100"] };
    const known = { ...at("tcp://[::]:3000"), learned };
    expect(roleOf(tcp(null, 8080), known)).toBe("public");
    expect(roleOf(tcp(null, 9100), known)).toBe("shared");
    expect(roleOf(tcp("127.0.0.1", 9100), known)).toBe("unknown");
  });
});

describe("a wanted address", () => {
  it.each([
    [tcp(null, 3000), "tcp:*:3000", "*:3000"],
    [tcp("::1", 3000), "tcp:::1:3000", "[::1]:3000"],
    [tcp("127.0.0.1", 0, 2), "tcp:127.0.0.1:0#2", "127.0.0.1:0"],
    [unix("/run/a.sock"), "unix:/run/a.sock", "unix:/run/a.sock"],
    [udp(53), "udp4:*:53", "udp *:53"],
  ])("%j has a key and a name", (wanted, key, name) => {
    expect([keyOf(wanted), describeWanted(wanted)]).toEqual([key, name]);
  });

  it.each([
    [["tcp://127.0.0.1:3000"], tcp("127.0.0.1", 3000), null],
    [["tcp://[::]:3000"], tcp(null, 3000), null],
    [["tcp://127.0.0.1:3000"], tcp("localhost", 3000), null],
    [["tcp://[::]:3000"], tcp("127.0.0.1", 3000), "127.0.0.1:3000"],
    [["tcp://127.0.0.1:3000"], tcp(null, 8080), "*:8080"],
    [["unix:/run/a.sock"], tcp(null, 8080), "*:8080"],
    [["unix:/run/a.sock"], unix("/run/a.sock"), null],
  ])("served on %j and wanted as %j differs by %j", (addresses, wanted, difference) => {
    expect(differenceOf(addresses, wanted)).toBe(difference);
  });
});

describe("messages about listening", () => {
  const listen = {
    brood: "listen",
    id: 1,
    wanted: tcp(null, 3000),
    backlog: null,
    isPublic: true,
    addressOnly: false,
    isSecond: false,
  };
  const listening = {
    brood: "listening",
    id: 1,
    address: "tcp://[::]:3000",
    index: 0,
    count: 1,
    fd: 7,
    inode: 9,
  };

  it("are read as they were written", () => {
    const said = [
      listen,
      { ...listen, wanted: unix("/run/a.sock"), backlog: 5 },
      { ...listen, wanted: udp(53) },
      { brood: "unlisten", id: 3 },
      { brood: "listens", main: null, shared: ["tcp:*:9100"], listens: true },
      { brood: "elsewhere", wants: "*:8080", port: null },
      { brood: "accepting", isAccepting: false },
    ];
    for (const each of said) expect(readToSupervisor(JSON.parse(JSON.stringify(each)))).toEqual(each);
    const answers = [listening, { brood: "not-listening", id: 1, code: "EADDRINUSE", message: "in use" }];
    for (const each of answers) expect(readToListener(JSON.parse(JSON.stringify(each)))).toEqual(each);
  });

  it.each([
    null,
    "listen",
    { brood: "listen" },
    { ...listen, id: -1 },
    { ...listen, id: "1" },
    { ...listen, wanted: { kind: "tcp", host: 5, port: 3000, order: 0 } },
    { ...listen, wanted: { kind: "tcp", host: null, port: 70_000, order: 0 } },
    { ...listen, wanted: { kind: "unix", path: "relative" } },
    { ...listen, wanted: { kind: "sctp" } },
    { brood: "listens", main: 1, shared: [], listens: null },
    { brood: "listens", main: null, shared: [1], listens: null },
    { brood: "accepting", isAccepting: "yes" },
    { brood: "elsewhere", wants: 1 },
    { told: "something of the application" },
  ])("that the supervisor does not understand are the application's: %j", (payload) => {
    expect(readToSupervisor(payload)).toBeNull();
  });

  it.each([
    null,
    { ...listening, index: 1.5 },
    { ...listening, address: null },
    { brood: "not-listening", id: 1, code: 5, message: "" },
    { brood: "service-ends" },
  ])("that a worker does not understand are the application's: %j", (payload) => {
    expect(readToListener(payload)).toBeNull();
  });
});
