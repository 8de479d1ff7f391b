// What systemd says to a process in its environment, and what is said to it.
import { describe, expect, it } from "vitest";
import { parseAddresses } from "../../src/listen/addresses.ts";
import { inheritedSockets } from "../../src/systemd/inherited-sockets.ts";
import { format } from "../../src/systemd/notify-socket.ts";
import { watchdogIntervalMs } from "../../src/systemd/service-notifier.ts";

const pid = String(process.pid);

describe("inherited sockets", () => {
  it("are those meant for this process, with their names", () => {
    const env = { LISTEN_FDS: "2", LISTEN_PID: "7", LISTEN_FDNAMES: "web:" };
    expect(inheritedSockets(env, 7)).toEqual([
      { fd: 3, name: "web" },
      { fd: 4, name: null },
    ]);
    expect(inheritedSockets(env, 8)).toEqual([]);
    expect(inheritedSockets({ LISTEN_PID: "7" }, 7)).toEqual([]);
    expect(inheritedSockets({ LISTEN_FDS: "many", LISTEN_PID: "7" }, 7)).toEqual([]);
  });

  it("are the default addresses, before $PORT", () => {
    const env = { LISTEN_FDS: "2", LISTEN_PID: pid, PORT: "8080" };
    expect(parseAddresses(undefined, "/", env)).toEqual([
      { kind: "fd", fd: 3 },
      { kind: "fd", fd: 4 },
    ]);
    expect(parseAddresses(4000, "/", env)).toEqual([{ kind: "tcp", host: null, port: 4000 }]);
  });

  it("can be picked by name; another name is refused with those there are", () => {
    const env = { LISTEN_FDS: "2", LISTEN_PID: pid, LISTEN_FDNAMES: "admin:web" };
    expect(parseAddresses("fd:web", "/", env)).toEqual([{ kind: "fd", fd: 4 }]);
    expect(() => parseAddresses("fd:wbe", "/", env)).toThrowError(
      expect.objectContaining({
        code: "BROOD_BAD_OPTION",
        message: `option listen: got "fd:wbe", expected fd:<n> or one of systemd's sockets: admin, web`,
      }),
    );
  });
});

describe("notifications", () => {
  it("are fields, a line each; a value cannot begin another one", () => {
    expect(format({ READY: 1, STATUS: "4 of 4\nMAINPID=1" })).toBe("READY=1\nSTATUS=4 of 4 MAINPID=1");
  });

  it("the watchdog is fed twice as often as asked, by the process that was asked", () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: "3000000" }, 7)).toBe(1_500);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: "3000000", WATCHDOG_PID: "7" }, 7)).toBe(1_500);
    expect(watchdogIntervalMs({ WATCHDOG_USEC: "3000000", WATCHDOG_PID: "8" }, 7)).toBeNull();
    expect(watchdogIntervalMs({ WATCHDOG_USEC: "0" }, 7)).toBeNull();
    expect(watchdogIntervalMs({}, 7)).toBeNull();
  });
});
