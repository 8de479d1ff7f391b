// One simulated template: boots as a worker does (its first report, then the release is loaded), beats, and forks on
// command. What it has loaded is what its workers run, whatever lies on the disk by then. It can die, hang or be damaged
// at each point between a command and its report; a worker that was forked before that lives on its own link.

import type {
  Generation,
  SpawnOrder,
  TemplateCommand,
  TemplateHandle,
  TemplateMessage,
  TemplateSink,
  WorkerHandle,
  WorkerSink,
} from "@brood/core/engine";
import type { Behaviour, BehaviourKind } from "./behaviour.ts";
import { Birth } from "./birth.ts";
import { bootOrderOf } from "./boot-order.ts";
import type { Fleet } from "./fleet.ts";
import { createTemplateLink } from "./link.ts";
import type { TemplateMakeup } from "./makeup.ts";
import type { Random } from "./random.ts";
import type { Gate, VirtualTime } from "./virtual-time.ts";
import type { Wire } from "./wire.ts";

/** What is wrong with everything that is forked from a corrupted template. */
export type Damage = "crash" | "hang" | "crashLater";

export interface TemplateHost {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly fleet: Fleet;
  /** EAGAIN, just now. */
  refusesForks(): boolean;
}

type Unsigned<Message> = Message extends unknown ? Omit<Message, "template" | "generation"> : never;

const KILL_MS = 2;
const EXIT_MS = 1;
const SLOW_KILL_MS = 7_000;
/** fork(2) with a heap of some hundred megabytes. */
const FORK_MS = 3;
/** A forked worker's first report, and its way from there to open. */
const FORKED_HELLO_MS = 1;
const FORKED_BOOT_MS = 2;

/** What was loaded once cannot go wrong in a worker any more; other things only go wrong there. */
const AS_FORKED: Partial<Record<BehaviourKind, BehaviourKind>> = {
  bootThrows: "good",
  bootExits: "good",
  bootHangs: "good",
  slowBoots: "good",
  forksCrash: "bootExits",
  forksHang: "bootHangs",
};

const DAMAGED: Readonly<Record<Damage, BehaviourKind>> = {
  crash: "bootExits",
  hang: "bootHangs",
  crashLater: "crashesWhenReady",
};

export class SimulatedTemplate implements TemplateHandle {
  readonly makeup: TemplateMakeup;
  readonly gate: Gate = { blockedUntilMs: 0 };
  readonly toSupervisor: Wire<TemplateMessage>;
  readonly toTemplate: Wire<TemplateCommand>;
  isAlive = true;
  isReady = false;
  hasBadLink = false;
  diesSlowly = false;
  exitOvertakes = false;
  damage: Damage | null = null;
  /** At the next command: when it has read it, or when it has forked and not yet said so. */
  diesAtFork: "read" | "forked" | null = null;
  heardAtMs: number = Number.NEGATIVE_INFINITY;
  readonly #host: TemplateHost;
  readonly #sink: TemplateSink;
  readonly #fault: BehaviourKind;
  readonly #births: Map<string, Birth> = new Map();
  #isKilled = false;
  #hasLost = false;

  constructor(makeup: TemplateMakeup, host: TemplateHost, sink: TemplateSink) {
    this.makeup = makeup;
    this.#host = host;
    this.#sink = sink;
    this.#fault = host.random.chance(makeup.behaviour.share) ? makeup.behaviour.kind : "good";
    if (this.#fault === "forkKillsTemplate") this.diesAtFork = "read";
    const link = createTemplateLink({ ...host, gate: this.gate }, sink, {
      fromTemplate: (message) => this.#deliver(message),
      fromSupervisor: (command) => this.#receive(command),
      broken: (detail) => this.#confess("BROOD_PROTOCOL", detail),
    });
    this.toSupervisor = link.toSupervisor;
    this.toTemplate = link.toTemplate;
    this.#start();
  }

  /** Which generation's code it has really loaded. */
  get generation(): Generation {
    return this.makeup.generation;
  }

  get isFrozen(): boolean {
    return this.gate.blockedUntilMs > this.#host.time.now();
  }

  fork(order: SpawnOrder, sink: WorkerSink): WorkerHandle {
    if (this.#hasLost) throw new Error("the template has ended");
    const birth = new Birth(order, sink, this.#host.time);
    this.#births.set(order.worker, birth);
    this.toTemplate.send({ type: "Fork", order: bootOrderOf(order), hasStdout: false });
    return birth;
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    const afterMs = this.diesSlowly ? SLOW_KILL_MS : KILL_MS;
    this.#host.time.happen(afterMs, null, () => this.end(null, "SIGKILL"));
  }

  /** Its workers live on. Orders that it has not executed are lost; some strategy may notice that before
   *  it notices the end itself. */
  end(exitCode: number | null, signal: string | null): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    const { time, random } = this.#host;
    const noticedAtMs = time.now() + EXIT_MS;
    const atMs = this.exitOvertakes ? noticedAtMs : Math.max(this.toSupervisor.lastArrivalMs, noticedAtMs);
    if (random.chance(0.3)) time.reach(atMs, () => this.#lose());
    time.reach(atMs, () => {
      this.#sink.exited({ exitCode, signal, stderr: "" });
      this.#lose();
    });
  }

  #lose(): void {
    this.#hasLost = true;
    for (const birth of this.#births.values()) birth.lost("its template ended before it was forked");
  }

  #start(): void {
    const { behaviour, pid, release } = this.makeup;
    const { time } = this.#host;
    time.reach(time.now(), () => this.#sink.spawned(pid));
    this.#act(behaviour.helloMs, () => this.#say({ type: "Hello", release, pid }));
    if (this.#fault === "bootHangs") return;
    this.#act(behaviour.helloMs + behaviour.bootMs, () => {
      if (this.#fault === "bootThrows") return this.#confess("BROOD_BOOT_FAILED", "Error: simulated");
      if (this.#fault === "bootExits") return this.end(3, null);
      if (this.#fault === "templateUnsafe") return this.#confess("BROOD_TEMPLATE_UNSAFE", "a timer is open");
      this.isReady = true;
      this.#say({ type: "Ready" });
      this.#beatLater();
      this.#misbehaveLater(behaviour.faultAfterMs);
    });
  }

  #misbehaveLater(afterMs: number): void {
    if (this.#fault === "templateCrashesWhenReady") this.#act(afterMs, () => this.end(null, "SIGSEGV"));
    if (this.#fault !== "templateFreezesWhenReady") return;
    this.#act(afterMs, () => {
      this.gate.blockedUntilMs = Number.POSITIVE_INFINITY;
    });
  }

  #beatLater(): void {
    this.#act(this.makeup.heartbeatIntervalMs, () => {
      this.#say({ type: "Heartbeat" });
      this.#beatLater();
    });
  }

  /** Says why, and goes. */
  #confess(code: string, message: string): void {
    if (!this.isAlive) return;
    this.#say({ type: "Failed", error: { code, message, stack: "" } });
    this.end(1, null);
  }

  #receive(command: TemplateCommand): void {
    const birth = command.type === "Fork" ? this.#births.get(command.order.worker) : undefined;
    if (!this.isAlive || birth === undefined || !birth.isPending) return;
    const { worker, generation } = birth.order;
    if (this.diesAtFork === "read") return this.end(null, "SIGKILL");
    if (generation !== this.generation)
      return this.#say({ type: "ForkRefused", worker, message: `this is generation ${this.generation}` });
    if (this.#host.refusesForks()) return this.#say({ type: "ForkRefused", worker, message: "fork EAGAIN" });
    this.#act(FORK_MS, () => this.#bear(birth));
  }

  #bear(birth: Birth): void {
    if (!birth.isPending) return;
    const behaviour = this.#childBehaviour();
    const worker = birth.born((sink) => this.#host.fleet.fork(birth.order, this.makeup, behaviour, sink));
    if (this.diesAtFork === "forked") return this.end(null, "SIGKILL");
    this.#say({ type: "Forked", worker: birth.order.worker, pid: worker.makeup.pid });
  }

  #childBehaviour(): Behaviour {
    const { behaviour } = this.makeup;
    const { random } = this.#host;
    const helloMs = FORKED_HELLO_MS + random.durationMs(0, 3);
    const quick = { ...behaviour, helloMs, bootMs: FORKED_BOOT_MS };
    if (this.damage !== null) return { ...quick, kind: DAMAGED[this.damage], share: 1, faultAfterMs: 20 };
    return { ...quick, kind: AS_FORKED[behaviour.kind] ?? behaviour.kind };
  }

  #deliver(message: TemplateMessage): void {
    if (message.type === "Heartbeat" || message.type === "Ready") this.heardAtMs = this.#host.time.now();
    if (message.type === "Forked") {
      const birth = this.#births.get(message.worker);
      this.#births.delete(message.worker);
      birth?.told(message.pid);
    } else if (message.type === "ForkRefused") this.#births.get(message.worker)?.lost(message.message);
    this.#sink.message(message);
  }

  #say(message: Unsigned<TemplateMessage>): void {
    const { template, generation } = this.makeup;
    this.toSupervisor.send({ template, generation, ...message });
  }

  #act(delayMs: number, action: () => void): void {
    this.#host.time.happen(delayMs, this.gate, () => {
      if (this.isAlive) action();
    });
  }
}
