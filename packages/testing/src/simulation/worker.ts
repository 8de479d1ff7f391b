// One simulated worker: the real protocol, step by step as the real runtime takes it (Hello, boot, Booted, wait to be admitted,
// open, Ready, heartbeats, drain, Bye, exit), with the faults of its release and those that strike it from outside.
// It knows the truth that the machine only hears of: whether it lives, whether it accepts, which code it really runs.

import {
  type Generation,
  latencyBucket,
  type SupervisorMessage,
  type TemplateId,
  type WorkerHandle,
  type WorkerMessage,
  type WorkerSink,
} from "@brood/core/engine";
import type { BehaviourKind } from "./behaviour.ts";
import { createLink } from "./link.ts";
import type { WorkerMakeup } from "./makeup.ts";
import type { Random } from "./random.ts";
import type { Gate, VirtualTime } from "./virtual-time.ts";
import type { Wire } from "./wire.ts";

type Unsigned<Message> = Message extends unknown ? Omit<Message, "worker" | "generation"> : never;

/** SIGKILL needs a moment; a process in an uninterruptible wait needs longer than the machine's patience. */
const KILL_MS = 2;
/** From the end of a process until it is noticed. */
const EXIT_MS = 1;
const SLOW_KILL_MS = 7_000;

export class SimulatedWorker implements WorkerHandle {
  readonly makeup: WorkerMakeup;
  readonly gate: Gate = { blockedUntilMs: 0 };
  readonly toSupervisor: Wire<WorkerMessage>;
  readonly toWorker: Wire<SupervisorMessage>;
  isAlive = true;
  /** It takes new connections. */
  isOpen = false;
  hasOpened = false;
  isDraining = false;
  /** It has said that everything is answered. While it lives it answers what comes over the connections it has. */
  isLingering = false;
  hasBadLink = false;
  diesSlowly = false;
  /** Its end is noticed before what it had sent is read. */
  exitOvertakes = false;
  /** When the supervisor last got word of life over the link. */
  heardAtMs: number = Number.NEGATIVE_INFINITY;
  readonly #time: VirtualTime;
  readonly #sink: WorkerSink;
  readonly #fault: BehaviourKind;
  #hasReported = false;
  #isBooted = false;
  #isAdmitted = false;
  #isKilled = false;
  #readyAtMs = 0;

  constructor(makeup: WorkerMakeup, time: VirtualTime, random: Random, sink: WorkerSink) {
    this.makeup = makeup;
    this.#time = time;
    this.#sink = sink;
    this.#fault = random.chance(makeup.behaviour.share) ? makeup.behaviour.kind : "good";
    const link = createLink({ time, random, gate: this.gate }, sink, {
      fromWorker: (message) => this.#deliver(message),
      fromSupervisor: (message) => this.#receive(message),
    });
    this.toSupervisor = link.toSupervisor;
    this.toWorker = link.toWorker;
    this.#start();
  }

  /** Which generation's code it really runs. */
  get generation(): Generation {
    return this.makeup.generation;
  }

  /** Forked from this one; null: a fresh process. */
  get template(): TemplateId | null {
    return this.makeup.template;
  }

  get isFrozen(): boolean {
    return this.gate.blockedUntilMs > this.#time.now();
  }

  send(message: SupervisorMessage): boolean {
    if (!this.isAlive) return false;
    this.toWorker.send(message);
    return true;
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#time.happen(this.diesSlowly ? SLOW_KILL_MS : KILL_MS, null, () => this.end(null, "SIGKILL"));
  }

  /** SIGTERM from an operator: it asks, once it can. */
  terminate(): void {
    if (!this.isAlive || this.isDraining) return;
    if (this.#hasReported) this.#act(0, () => this.#say({ type: "Signalled" }));
    else this.end(null, "SIGTERM");
  }

  /** Told to drain, or for a reason of its own. */
  leave(): void {
    if (this.isDraining || !this.isAlive) return;
    if (!this.hasOpened) return this.end(0, null);
    this.isDraining = true;
    this.isOpen = false;
    this.#say({ type: "Draining" });
    if (this.#fault === "neverDrains") return;
    const { drainMs, lingerMs } = this.makeup.behaviour;
    this.#act(drainMs, () => (lingerMs > 0 ? this.#linger(lingerMs) : this.#part()));
  }

  #linger(forMs: number): void {
    this.isLingering = true;
    this.#say({ type: "Lingering" });
    this.#act(forMs, () => this.#part());
  }

  #part(): void {
    this.#say({ type: "Bye" });
    this.end(0, null);
  }

  /** An uncaught exception. */
  crash(): void {
    if (!this.isAlive) return;
    const code = this.hasOpened ? "BROOD_WORKER_EXITED" : "BROOD_BOOT_FAILED";
    const when = this.hasOpened ? "threw" : "failed to boot";
    this.#say({ type: "Failed", error: { code, message: `${when}: Error: simulated`, stack: "" } });
    this.end(1, null);
  }

  end(exitCode: number | null, signal: string | null): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.isOpen = false;
    const stderr = exitCode === 1 ? "Error: simulated" : "";
    const noticedAtMs = this.#time.now() + EXIT_MS;
    const atMs = this.exitOvertakes ? noticedAtMs : Math.max(this.toSupervisor.lastArrivalMs, noticedAtMs);
    this.#time.reach(atMs, () => this.#sink.exited({ exitCode, signal, stderr }));
  }

  #start(): void {
    const { behaviour, pid, release } = this.makeup;
    // Of a forked one its template tells.
    if (this.template === null) this.#time.reach(this.#time.now(), () => this.#sink.spawned(pid));
    this.#act(behaviour.helloMs, () => {
      this.#hasReported = true;
      this.#say({ type: "Hello", release, pid });
    });
    if (this.#fault === "bootHangs") return;
    this.#act(behaviour.helloMs + behaviour.bootMs, () => {
      if (this.#fault === "bootThrows") return this.crash();
      if (this.#fault === "bootExits") return this.end(3, null);
      this.#isBooted = true;
      if (!this.#isAdmitted) this.#say({ type: "Booted" });
      this.#open();
    });
  }

  #open(): void {
    if (!this.#isBooted || !this.#isAdmitted || this.hasOpened) return;
    if (this.#fault === "openFails") return this.crash();
    this.hasOpened = true;
    this.isOpen = true;
    this.#readyAtMs = this.#time.now();
    this.#say({ type: "Ready" });
    this.#beatLater();
    this.#misbehaveLater();
  }

  #misbehaveLater(): void {
    const { faultAfterMs } = this.makeup.behaviour;
    if (this.#fault === "crashesWhenReady") this.#act(faultAfterMs, () => this.crash());
    if (this.#fault === "leavesWhenReady") this.#act(faultAfterMs, () => this.leave());
    if (this.#fault !== "freezesWhenReady") return;
    this.#act(faultAfterMs, () => {
      this.gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    });
  }

  #beatLater(): void {
    this.#act(this.makeup.heartbeatIntervalMs, () => {
      this.#beat();
      this.#beatLater();
    });
  }

  #beat(): void {
    const { requestsPerSecond, rssBytes, latencyMs, eventLoopDelayMs } = this.makeup.behaviour;
    const requests = Math.floor(((this.#time.now() - this.#readyAtMs) / 1_000) * requestsPerSecond);
    const usage = { requests, connections: 0, tasks: 0, rssBytes, eventLoopUtilization: 0, eventLoopDelayMs };
    const bad = this.#fault === "answersBadly" ? Math.ceil(requests / 2) : 0;
    const latency = Array.from({ length: latencyBucket(latencyMs) }, () => 0);
    const answers = { byClass: [0, requests - bad, 0, 0, bad], latency: [...latency, requests] };
    this.#say({ type: "Heartbeat", usage, answers });
  }

  #receive(message: SupervisorMessage): void {
    if (!this.isAlive) return;
    if (message.type === "Drain") this.leave();
    if (message.type === "Report" && this.hasOpened) this.#beat();
    if (message.type !== "Admit") return;
    this.#isAdmitted = true;
    this.#open();
  }

  #deliver(message: WorkerMessage): void {
    if (message.type === "Heartbeat" || message.type === "Ready") this.heardAtMs = this.#time.now();
    this.#sink.message(message);
  }

  #say(message: Unsigned<WorkerMessage>): void {
    const { worker, generation } = this.makeup;
    this.toSupervisor.send({ worker, generation, ...message });
  }

  /** Does something later, if it still lives then and does not stand still. */
  #act(delayMs: number, action: () => void): void {
    this.#time.happen(delayMs, this.gate, () => {
      if (this.isAlive) action();
    });
  }
}
