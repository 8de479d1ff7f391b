// TCP sockets with SO_REUSEPORT: real ports, several of one address, coded refusals.
import { closeSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { within } from "../support.ts";
import { binding, skipReason } from "./support.ts";

describe.skipIf(skipReason !== null)("bindReuseport", () => {
  it.each(["127.0.0.1", "::1"])("gives a descriptor and the real port on %s", async (host) => {
    const [fd, port] = binding().bindReuseport(host, 0, 16, false);
    expect(port).toBeGreaterThan(0);
    serve(fd, "one");
    expect(await answerOf(host, port)).toBe("one");
  });

  it("shares one port between several sockets, and each gets connections", async () => {
    const [first, port] = binding().bindReuseport("127.0.0.1", 0, 128, false);
    const [second, same] = binding().bindReuseport("127.0.0.1", port, 128, false);
    expect(same).toBe(port);
    serve(first, "first");
    serve(second, "second");
    const answers = await Promise.all(Array.from({ length: 64 }, () => answerOf("127.0.0.1", port)));
    expect(new Set(answers)).toEqual(new Set(["first", "second"]));
  });

  it("holds a port without listening when the backlog is 0", async () => {
    const [fd, port] = binding().bindReuseport("127.0.0.1", 0, 0, false);
    await expect(answerOf("127.0.0.1", port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    serve(fd, "now");
    expect(await answerOf("127.0.0.1", port)).toBe("now");
  });

  it("serves IPv4 through :: unless it is asked for IPv6 only", async () => {
    const [both, port] = binding().bindReuseport("::", 0, 16, false);
    serve(both, "both");
    expect(await answerOf("127.0.0.1", port)).toBe("both");
    const [only, v6Port] = binding().bindReuseport("::", 0, 16, true);
    serve(only, "v6");
    await expect(answerOf("127.0.0.1", v6Port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(await answerOf("::1", v6Port)).toBe("v6");
  });

  it("refuses with a code", async () => {
    const [fd, port] = binding().bindReuseport("127.0.0.1", 0, 16, false);
    closeSync(fd);
    const plain = createServer();
    onTestFinished(() => void plain.close());
    await new Promise<void>((resolve) => plain.listen(port, "127.0.0.1", resolve));
    const refusal = (code: string, syscall: string) => expect.objectContaining({ code, syscall });
    const bind = (host: string, wanted: number) => () => binding().bindReuseport(host, wanted, 16, false);
    expect(bind("127.0.0.1", port)).toThrowError(refusal("EADDRINUSE", "bind"));
    expect(bind("192.0.2.1", 0)).toThrowError(refusal("EADDRNOTAVAIL", "bind"));
    for (const host of [
      "localhost",
      "",
      "127.0.0.1 and more than fits into the longest of all the numeric addresses",
    ]) {
      expect(bind(host, 0)).toThrowError(refusal("EINVAL", "bind"));
    }
    expect(bind("127.0.0.1", 65_536)).toThrowError(refusal("EINVAL", "bind"));
  });
});

function serve(fd: number, text: string): Server {
  const server = createServer((socket) => socket.end(text));
  server.listen({ fd });
  onTestFinished(() => void server.close());
  return server;
}

function answerOf(host: string, port: number): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    createConnection({ host, port })
      .on("data", (data) => {
        text += data.toString();
      })
      .on("end", () => resolve(text))
      .on("error", reject);
  });
  return within(`an answer from port ${port}`, answer);
}
