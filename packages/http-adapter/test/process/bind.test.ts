import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseAddress } from "../../src/listen/addresses.ts";
import { type BoundSocket, bindAddresses } from "../../src/listen/bind.ts";
import { within } from "../support/within.ts";

const INTERFACES = ["[::]", "0.0.0.0", "127.0.0.1", "[::1]"];

/** Two of them share no address. */
function areApart(first: string, second: string): boolean {
  const isFour = (host: string): boolean => host.includes(".");
  return (isFour(first) && second === "[::1]") || (first === "[::1]" && isFour(second));
}

describe("binding", () => {
  let folder = "";
  let held: BoundSocket[] = [];

  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "brood-bind-")));
  });

  afterEach(async () => {
    await Promise.all(held.map((each) => each.release()));
    held = [];
    rmSync(folder, { recursive: true });
  });

  async function bind(...written: readonly string[]): Promise<readonly BoundSocket[]> {
    const sockets = await bindAddresses(
      written.map((each) => parseAddress(each, folder)),
      0,
    );
    held.push(...sockets);
    return sockets;
  }

  function portOf(socket: BoundSocket | undefined): number {
    return Number(socket?.address.split(":").at(-1));
  }

  it("tells the real port of port 0", async () => {
    const [numeric, everywhere] = await bind("127.0.0.1:0", "0");
    expect(numeric?.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(everywhere?.address).toMatch(/^tcp:\/\/(\[::\]|0\.0\.0\.0):[1-9]\d+$/);
  });

  const pairs = INTERFACES.flatMap((first) => INTERFACES.map((second) => [first, second] as const));
  it.each(pairs)(
    "after %s, %s on the same port is in use exactly when they share an address",
    async (first, second) => {
      const [socket] = await bind(`${first}:0`);
      const again = bind(`${second}:${portOf(socket)}`);
      if (areApart(first, second)) return expect(await again).toHaveLength(1);
      await expect(again).rejects.toMatchObject({
        code: "BROOD_ADDRESS_IN_USE",
        message: expect.stringMatching(/^address .*:\d+ is in use: stop the program that listens there/),
      });
    },
  );

  it("lets exactly one of several that start at the same moment have a port", async () => {
    const [probe] = await bind("127.0.0.1:0");
    const port = portOf(probe);
    await probe?.release();
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => bind(`127.0.0.1:${port}`)));
    expect(results.filter((each) => each.status === "fulfilled")).toHaveLength(1);
    for (const each of results) {
      if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "BROOD_ADDRESS_IN_USE" });
    }
  });

  it("lets exactly one of several that start at the same moment have a unix path", async () => {
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => bind("unix:app.sock")));
    expect(results.filter((each) => each.status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["app.sock"]);
  });

  it("accepts no connection: it waits in the kernel, and is reset when nobody ever listens", async () => {
    const [socket] = await bind("127.0.0.1:0");
    const client = net.connect(portOf(socket), "127.0.0.1");
    await within("connect", once(client, "connect"));
    client.write("GET / HTTP/1.1\r\n\r\n");
    const failed = once(client, "error");
    await socket?.release();
    expect(await within("reset", failed)).toMatchObject([{ code: "ECONNRESET" }]);
  });

  it("releases what it has bound when a later address fails", async () => {
    const blocker = net.createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const address = blocker.address();
    const port = typeof address === "object" ? address?.port : 0;
    await expect(bind("unix:app.sock", `127.0.0.1:${port}`)).rejects.toMatchObject({
      code: "BROOD_ADDRESS_IN_USE",
    });
    expect(readdirSync(folder)).toEqual([]);
    blocker.close();
    await once(blocker, "close");
    expect(await bind("unix:app.sock", `127.0.0.1:${port}`)).toHaveLength(2);
  });

  it("tries an address in use again for as long as it is told to", async () => {
    const [holder] = await bind("127.0.0.1:0");
    const port = portOf(holder);
    const waiting = bindAddresses([parseAddress(`127.0.0.1:${port}`, folder)], 8_000);
    await holder?.release();
    held.push(...(await within("second bind", waiting)));
    expect(portOf(held.at(-1))).toBe(port);
  });

  it("takes over an inherited descriptor and tells its address", async () => {
    const [socket] = await bind("127.0.0.1:0");
    const [adopted] = await bind(`fd:${socket?.descriptor}`);
    expect(adopted?.address).toBe(socket?.address);
    // One descriptor, two handles: only one may close it.
    held = held.filter((each) => each !== adopted);
  });

  it.each([
    [
      "8.8.8.8:80",
      /^address 8\.8\.8\.8:80 cannot be used \(EADDRNOTAVAIL\): this machine has no such address\.$/,
    ],
    ["no.such.host.invalid:80", /^address no\.such\.host\.invalid:80: no address is known for the name/],
    [
      "unix:/nowhere/app.sock",
      /^address unix:\/nowhere\/app\.sock cannot be used \(\w+\): the folder \/nowhere must exist/,
    ],
    [
      "fd:4000",
      /^address fd:4000 cannot be used \(EINVAL\): it must be an inherited stream socket that is bound\.$/,
    ],
  ])("says what is wrong with %s", async (written, message) => {
    await expect(bind(written)).rejects.toMatchObject({
      code: "BROOD_ADDRESS_UNAVAILABLE",
      message: expect.stringMatching(message),
    });
  });

  it("refuses a unix path that does not fit, with its length", async () => {
    await expect(bind(`unix:/tmp/${"x".repeat(120)}`)).rejects.toThrowError(
      /at most 107 bytes \(.* has 125\)/,
    );
  });

  it("E48: a late release of the old owner leaves the new owner's socket alone", async () => {
    const [old] = await bind("unix:app.sock");
    rmSync(join(folder, "app.sock"));
    const [fresh] = await bind("unix:app.sock");
    await old?.release();
    const client = net.connect(join(folder, "app.sock"));
    await within("connect to the new owner", once(client, "connect"));
    client.destroy();
    await fresh?.release();
    expect(existsSync(join(folder, "app.sock"))).toBe(false);
  });
});
