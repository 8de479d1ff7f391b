// TLS and HTTP/2 through a restart: a renewed certificate comes with the roll, sessions resume on any worker of any
// generation, in every way to make workers.

import { promises as fs } from "node:fs";
import { join } from "node:path";
import tls from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BroodServer, startBrood, testFolder } from "../support/brood-server.ts";
import { connectHttp2, streamOver } from "../support/fetch-over.ts";
import { within } from "../support/within.ts";
import { ROWS } from "../support/worker-rows.ts";

const PEMS = new URL("../fixtures/tls/", import.meta.url);

const APP = `
import { readFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { worker } from "INDEX";
const certs = new URL("file:CERTS");
const file = (name) => readFileSync(new URL(name, certs));
export default createSecureServer(
  { key: file("key.pem"), cert: file("cert.pem"), allowHTTP1: true },
  (request, response) => response.end(worker.worker + " gen=" + worker.generation),
);`;

const WORKERS = process.env["BROOD_TEST_ROWS"] === "all" ? 3 : 2;

interface TlsServer {
  readonly server: BroodServer;
  readonly port: number;
  /** A new folder, as a deploy makes it; \`current\` points at it. */
  deploy(release: string): Promise<void>;
  /** Copies the pair that is served from now on. */
  install(prefix: string): Promise<void>;
}

async function startTls(kind: readonly string[], ...args: readonly string[]): Promise<TlsServer> {
  const folder = await testFolder();
  const app = APP.replace("INDEX", new URL("../../dist/index.js", import.meta.url).href).replace(
    "CERTS",
    `${folder}/`,
  );
  const install = async (prefix: string): Promise<void> => {
    for (const name of ["key.pem", "cert.pem"])
      await fs.copyFile(new URL(`${prefix}${name}`, PEMS), join(folder, name));
  };
  const deploy = async (release: string): Promise<void> => {
    await fs.mkdir(join(folder, release));
    await fs.writeFile(join(folder, release, "app.mjs"), app);
    await fs.symlink(release, join(folder, "next"));
    await fs.rename(join(folder, "next"), join(folder, "current"));
  };
  await install("");
  await deploy("r1");
  const common = ["-w", String(WORKERS), "-l", "127.0.0.1:0", "--min-healthy", "0"];
  const server = await startBrood(folder, "current/app.mjs", ...common, ...kind, ...args);
  return { server, deploy, install, port: Number(new URL(server.addresses[0] ?? "").port) };
}

interface Visit {
  readonly body: string;
  readonly isResumed: boolean;
  readonly commonName: string;
  readonly session: Buffer | null;
}

/** One request on a connection of its own; with the session of an earlier one, if given. */
function visit(port: number, session?: Buffer): Promise<Visit> {
  const visited = new Promise<Visit>((resolve, reject) => {
    let text = "";
    let ticket: Buffer | null = null;
    const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] };
    const socket = tls.connect({ ...options, ...(session === undefined ? {} : { session }) }, () => {
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    const commonName = (): string => String(socket.getPeerCertificate().subject?.CN ?? "");
    let name = "";
    let isResumed = false;
    socket.on("secureConnect", () => {
      name = commonName();
      isResumed = socket.isSessionReused();
    });
    socket.on("session", (given) => {
      ticket = given;
    });
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", reject);
    socket.on("close", () =>
      resolve({ body: text.split("\r\n\r\n")[1] ?? "", isResumed, commonName: name, session: ticket }),
    );
  });
  return within("a visit over TLS", visited);
}

/** Visits with one session until each of the workers has answered. */
async function visitEveryWorker(port: number, session: Buffer): Promise<readonly Visit[]> {
  const visits: Visit[] = [];
  while (new Set(visits.map(({ body }) => body)).size < WORKERS) {
    visits.push(...(await Promise.all(Array.from({ length: 8 }, () => visit(port, session)))));
  }
  return visits;
}

describe.each(ROWS)("TLS with %s", (_, kind) => {
  it("resumes a session on every worker, and on every worker of the next release", async () => {
    const { server, port, deploy } = await startTls(kind);
    const { session } = await visit(port);
    if (session === null) throw new Error("no session ticket came");
    const before = await within("every worker's answer", visitEveryWorker(port, session));
    expect(before.filter((each) => !each.isResumed)).toEqual([]);
    await deploy("r2");
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    const after = await within("every new worker's answer", visitEveryWorker(port, session));
    expect(after.filter((each) => !each.isResumed)).toEqual([]);
    for (const { body } of after) expect(body).toContain("gen=2");
  });

  it("serves a renewed certificate after a restart, and no connection fails meanwhile", async () => {
    const { server, port, install } = await startTls(kind);
    const first = await visit(port);
    let isOver = false;
    const visits: Visit[] = [];
    const client = async (): Promise<void> => {
      while (!isOver) visits.push(await visit(port));
    };
    const clients = Promise.all([client(), client()]);
    await install("renewed-");
    expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
    isOver = true;
    await clients;
    for (const { commonName } of visits) expect([first.commonName, "renewed"]).toContain(commonName);
    expect((await visit(port)).commonName).toBe("renewed");
    for (const { body } of visits) expect(body).toMatch(/^w\d+ gen=[12]$/);
  });
});

describe("ticket keys", () => {
  it("that are made anew end old sessions with a full handshake, in workers that run already", async () => {
    const folder = JSON.stringify({ ticketKeysMs: 1_000 });
    const config = join(await testFolder({ "brood.config.json": folder }), "brood.config.json");
    const { port } = await startTls(["--runtime", "process"], "--config", config);
    const { session } = await visit(port);
    if (session === null) throw new Error("no session ticket came");
    const ended = async (): Promise<Visit> => {
      for (;;) {
        const next = await visit(port, session);
        if (!next.isResumed) return next;
      }
    };
    expect((await within("the end of the session", ended())).body).toMatch(/^w\d+ gen=1$/);
  });
});

describe("HTTP/2", () => {
  it.each(ROWS)(
    "with %s: a session that asks without pause loses no stream to a restart",
    async (_, kind) => {
      const { server, port } = await startTls(kind);
      const target = { host: "127.0.0.1", port };
      let session = connectHttp2("h2", target);
      onTestFinished(() => session.destroy());
      let isOver = false;
      const answers: string[] = [];
      const client = async (): Promise<void> => {
        while (!isOver) {
          // As every client does after GOAWAY.
          if (session.closed || session.destroyed) session = connectHttp2("h2", target);
          const { status, body } = await streamOver(session, "/");
          expect(status).toBe(200);
          answers.push(body);
        }
      };
      const running = client();
      expect(await server.command("restart")).toMatchObject({ exitCode: 0 });
      isOver = true;
      await running;
      expect(answers.at(-1)).toContain("gen=2");
    },
  );
});
