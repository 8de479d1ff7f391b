// Where one claim about a strategy plays: a strategy of its own, releases, workers. What a claim leaves running is ended
// and removed, whether it held or not.

import { promises as fs } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Writable } from "node:stream";
import type { Release, SpawnOrder, SpawnStrategy } from "@brood/core/engine";
import { ReleaseResolver } from "@brood/core/engine";
import { type ReleaseBehaviour, SOURCES } from "./releases.ts";
import { until } from "./runner.ts";
import { WorkerRecord } from "./worker-record.ts";

/** What a strategy under test has to be made with; the options of `createFreshProcessStrategy` fit as they are. */
export interface StrategySetup {
  readonly name: string;
  readonly host: null;
  readonly hostData: null;
  readonly heartbeatIntervalMs: number;
  /** On top of this process's; undefined removes. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly compileCache: boolean;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface StrategyUnderTest {
  readonly strategy: SpawnStrategy;
  /** A release that behaves so, where workers run no real code; default: modules in a temporary folder. */
  release?(behaviour: ReleaseBehaviour): Release;
  /** Lets a little time pass, where time is not real. Called while a claim waits. */
  pass?(): void;
  close?(): Promise<void> | void;
}

export type CreateStrategy = (setup: StrategySetup) => StrategyUnderTest | Promise<StrategyUnderTest>;

export class Stage {
  readonly folder: string;
  /** All that workers printed to stderr. */
  printed = "";
  readonly #under: StrategyUnderTest;
  readonly #records: WorkerRecord[] = [];

  private constructor(folder: string, under: StrategyUnderTest, stderr: PassThrough) {
    this.folder = folder;
    this.#under = under;
    stderr.on("data", (chunk: Buffer) => {
      this.printed += chunk.toString();
    });
  }

  /** Plays one claim. */
  static async run(
    create: CreateStrategy,
    changes: (folder: string) => Partial<StrategySetup>,
    claim: (stage: Stage) => Promise<void>,
  ): Promise<void> {
    const folder = await fs.realpath(await fs.mkdtemp(join(tmpdir(), "brood-contract-")));
    const [stdout, stderr] = [new PassThrough().resume(), new PassThrough()];
    let stage: Stage | null = null;
    try {
      const under = await create({ ...defaults(stdout, stderr), ...changes(folder) });
      stage = new Stage(folder, under, stderr);
      await claim(stage);
    } finally {
      await stage?.clear();
      await fs.rm(folder, { recursive: true, force: true });
    }
  }

  async release(behaviour: ReleaseBehaviour): Promise<Release> {
    if (this.#under.release !== undefined) return this.#under.release(behaviour);
    const entry = join(this.folder, `${behaviour}.mjs`);
    await fs.writeFile(join(this.folder, "package.json"), '{ "version": "1.2.3" }');
    // Not twice: the fingerprint that a worker takes must not change under it.
    if ((await fs.stat(entry).catch(() => null)) === null) await fs.writeFile(entry, SOURCES[behaviour]);
    return new ReleaseResolver(() => undefined).resolve({ entry, folder: this.folder });
  }

  /** Orders a worker; `wN` sits in slot N - 1. */
  spawn(number: number, release: Release, generation: number): WorkerRecord {
    const record = new WorkerRecord();
    this.#records.push(record);
    const order: SpawnOrder = {
      worker: `w${number}`,
      slot: number - 1,
      generation,
      release,
      stamps: [],
      sockets: [],
      bootTimeoutMs: 15_000,
    };
    record.handle = this.#under.strategy.spawn(order, record.sink);
    return record;
  }

  /** A worker that has been ordered, admitted and is ready. */
  async ready(number: number, behaviour: ReleaseBehaviour, generation = 1): Promise<WorkerRecord> {
    const record = this.spawn(number, await this.release(behaviour), generation);
    await this.until(record, "Hello", () => record.has("Hello"));
    record.handle?.send({ type: "Admit" });
    await this.until(record, "Ready", () => record.has("Ready"));
    return record;
  }

  until(record: WorkerRecord, what: string, condition: () => boolean): Promise<void> {
    return until(
      what,
      condition,
      () => record.text(),
      () => this.#under.pass?.(),
    );
  }

  /** The end, and then some turns in which nothing more may come. */
  async ended(record: WorkerRecord): Promise<void> {
    await this.until(record, "its end", () => record.hasEnded);
    for (let turn = 0; turn < 20; turn += 1) {
      this.#under.pass?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async clear(): Promise<void> {
    for (const { handle } of this.#records) handle?.kill();
    for (const record of this.#records)
      if (record.handle !== null) await this.until(record, "its end", () => record.hasEnded);
    await this.#under.close?.();
  }
}

function defaults(stdout: Writable, stderr: Writable): StrategySetup {
  return {
    name: "contract",
    host: null,
    hostData: null,
    // No heartbeat comes unasked.
    heartbeatIntervalMs: 600_000,
    env: {},
    execArgv: [],
    compileCache: false,
    stdout,
    stderr,
  };
}
