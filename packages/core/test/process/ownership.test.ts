// A signal goes to a process that we own, or to nobody.

import { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createFreshProcessStrategy, type WorkerEnd, type WorkerSink } from "@brood/core/engine";
import { expect, it, vi } from "vitest";
import { folder, within } from "./support.ts";

it("F51: a kill that comes after the process has ended signals nobody, whoever has its pid by then", async () => {
  const path = await folder({ "app.mjs": "process.exit(3);" });
  const strategy = createFreshProcessStrategy({
    name: "ownership",
    host: null,
    hostData: null,
    heartbeatIntervalMs: 1_000,
    env: {},
    execArgv: [],
    compileCache: false,
    stdout: "inherit",
    stderr: "inherit",
  });
  const release = { entry: join(path, "app.mjs"), version: null, folder: path, fingerprint: "f" };
  const order = {
    worker: "w1",
    slot: 0,
    generation: 1,
    release,
    stamps: [],
    template: null,
    sockets: [],
    bootTimeoutMs: 10_000,
  } as const;
  let handle: ReturnType<typeof strategy.spawn> | null = null;
  const ended = new Promise<WorkerEnd>((resolve, reject) => {
    const sink: WorkerSink = {
      spawned: () => {},
      message: () => {},
      violated: (detail) => reject(new Error(detail)),
      failed: reject,
      exited: resolve,
    };
    handle = strategy.spawn(order, sink);
  });
  expect(await within("the end", ended)).toMatchObject({ exitCode: 3 });
  const byPid = vi.spyOn(process, "kill");
  const byHandle = vi.spyOn(ChildProcess.prototype, "kill");
  Reflect.apply(Reflect.get(Object(handle), "kill"), handle, []);
  expect(byHandle.mock.results).toEqual([{ type: "return", value: false }]);
  expect(byPid).not.toHaveBeenCalled();
  vi.restoreAllMocks();
});
