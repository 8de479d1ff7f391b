// One template as the supervisor has it: the process, the link to it, and the workers that were ordered from it. The
// process is a child of ours (child_process watches and reaps it); its workers are its children, known to us by pidfds.
// Two witnesses tell of a birth: the template's answer, and the worker's own first word on its own link. Either is enough,
// so a template that dies in between loses nobody.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createFrameWriter, createTemplateFrameReader } from "../../link/frames.ts";
import { decodeJson, encodeJson } from "../../link/json-frame.ts";
import { templateFlags } from "../../link/template-flags.ts";
import type { TemplateCommand, TemplateMessage } from "../../link/template-protocol.ts";
import type { WorkerId } from "../../machine/names.ts";
import { createFramedLink, type FramedLink, spawnTied } from "../../native/index.ts";
import type { SpawnOrder, WorkerHandle, WorkerSink } from "../../ports/spawn-strategy.ts";
import type { TemplateHandle, TemplateOrder, TemplateSink } from "../../ports/template-strategy.ts";
import { bootOrder } from "../boot-order.ts";
import { LINK_GRACE_MS, reportEnd } from "../fresh-process.ts";
import { createTail } from "../output.ts";
import { workerEnvironment } from "../worker-environment.ts";
import { detailOf, ForkedWorker, isBreach } from "./forked-worker.ts";
import type { TemplateSetting } from "./template-strategy.ts";

const TEMPLATE_MAIN = fileURLToPath(new URL("../../template/main.js", import.meta.url));

export class TemplateProcess implements TemplateHandle {
  readonly #setting: TemplateSetting;
  readonly #order: TemplateOrder;
  readonly #sink: TemplateSink;
  readonly #child: ChildProcess;
  readonly #link: FramedLink;
  readonly #writer = createFrameWriter<TemplateCommand>();
  readonly #reader = createTemplateFrameReader();
  /** Ordered, and not buried yet. */
  readonly #workers: Map<WorkerId, ForkedWorker> = new Map();
  #hasEnded = false;

  /** @throws the operating system's error when no socket pair can be had */
  constructor(setting: TemplateSetting, order: TemplateOrder, sink: TemplateSink) {
    this.#setting = setting;
    this.#order = order;
    this.#sink = sink;
    const { binding, options, stdout, stderr } = setting;
    const [ours, theirs] = binding.socketPair();
    this.#link = createFramedLink(binding, ours, {
      frame: (payload, descriptors) => this.#read(payload, descriptors),
      ended: (error) => this.#linkEnded(error),
    });
    try {
      const env = workerEnvironment(options, order.release.folder);
      const flags = templateFlags(env["NODE_OPTIONS"]);
      const start = (): ChildProcess =>
        spawn(process.execPath, [...flags, ...options.execArgv, TEMPLATE_MAIN, ...(options.args ?? [])], {
          env,
          cwd: order.release.folder,
          stdio: ["ignore", stdout === null ? "inherit" : "pipe", "pipe", theirs],
        });
      this.#child = spawnTied(start);
    } catch (error) {
      this.#link.close();
      throw error;
    } finally {
      binding.close(theirs);
    }
    const tail = createTail();
    const child = this.#child;
    reportEnd(child, this.#endsIn(sink), () => tail.text());
    if (child.stdout) stdout?.add(child.stdout);
    if (child.stderr) {
      tail.add(child.stderr);
      stderr.add(child.stderr);
    }
    child.once("spawn", () => {
      sink.spawned(child.pid ?? -1);
      this.#send({ type: "BootTemplate", order: this.#bootOrder() });
    });
    child.once("error", () => this.#link.close());
  }

  fork(order: SpawnOrder, sink: WorkerSink): WorkerHandle {
    const setting = this.#setting;
    const hasStdout = setting.stdout !== null;
    const worker = new ForkedWorker(setting, sink, () => this.#bury(order.worker));
    this.#workers.set(order.worker, worker);
    const { sockets } = order;
    const boot = bootOrder(setting.options, order, { runtime: "process", spawn: "template", sockets });
    const command = { type: "Fork", order: boot, hasStdout } as const;
    const isSent =
      !this.#hasEnded && this.#send(command, [...worker.ends, ...order.sockets.map(({ fd }) => fd)]);
    worker.closeEnds();
    if (!isSent) worker.refused("the template has ended");
    return worker;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(command: TemplateCommand, descriptors: readonly number[] = []): boolean {
    return this.#writer.write(command, (frame) => this.#link.send(encodeJson(frame), descriptors));
  }

  #read(payload: Buffer, descriptors: readonly number[]): void {
    const reading = this.#reader.read(decodeJson(payload));
    if (reading.kind === "message") return this.#receive(reading.message, descriptors);
    for (const each of descriptors) this.#setting.binding.close(each);
    if (reading.kind !== "duplicate") this.#sink.violated(detailOf(reading));
  }

  #receive(message: TemplateMessage, descriptors: readonly number[]): void {
    const [pidfd, ...rest] = descriptors;
    for (const each of rest) this.#setting.binding.close(each);
    if (message.type === "Forked" && pidfd !== undefined) {
      const worker = this.#workers.get(message.worker);
      if (worker !== undefined) return worker.born(message.pid, pidfd);
    }
    if (pidfd !== undefined) this.#setting.binding.close(pidfd);
    if (message.type === "ForkRefused") this.#workers.get(message.worker)?.refused(message.message);
    else if (message.type !== "Forked") this.#sink.message(message);
  }

  /** Nothing can be forked any more. A template that goes on without its link is of no use to anybody. */
  #linkEnded(error: Error | null): void {
    this.#hasEnded = true;
    if (isBreach(error)) return this.#sink.violated(error.message);
    const patience = setTimeout(() => {
      if (this.#child.exitCode === null && this.#child.signalCode === null)
        this.#sink.violated("it closed its link and went on running");
    }, LINK_GRACE_MS);
    this.#child.once("exit", () => clearTimeout(patience));
  }

  /** Its own end is told first, so that orders which went down with it are held against nobody. Whoever it had forked lives
   *  on, known by a pidfd or soon by its own word. */
  #endsIn(sink: TemplateSink): Pick<TemplateSink, "failed" | "exited"> {
    const thenTheWorkers = (tell: () => void): void => {
      tell();
      this.#hasEnded = true;
      for (const worker of this.#workers.values()) worker.templateGone();
    };
    return {
      failed: (error) => thenTheWorkers(() => sink.failed(error)),
      exited: (end) => thenTheWorkers(() => sink.exited(end)),
    };
  }

  /** The worker's end is known: its parent may bury it. */
  #bury(worker: WorkerId): void {
    this.#workers.delete(worker);
    if (!this.#hasEnded) this.#send({ type: "Reap", worker });
  }

  #bootOrder() {
    const { name, host, hostData, heartbeatIntervalMs, unsafe, hold } = this.#setting.options;
    const { template, generation, release, stamps } = this.#order;
    const own = { template, generation, release, stamps };
    return { ...own, name, host, hostData, heartbeatIntervalMs, unsafe, hold };
  }
}
