// The workers of a pool: how many there are, which of them take tasks, and which have to go. What the machine announces opens and
// closes workers for tasks; what the data plane notices (nobody free, a worker spent, a task that does not stop) goes to the
// machine as events.

import type { PoolError } from "../errors.ts";
import type { Announcement } from "../machine/commands.ts";
import type { FailureReason, WorkerId } from "../machine/names.ts";
import type { Clock } from "../ports/clock.ts";
import type { Supervisor } from "../supervisor/supervisor.ts";
import type { Waiters } from "../supervisor/waiters.ts";
import type { DataPlane } from "./data-plane.ts";
import { type Bounds, clamped, grown, shrunk } from "./elasticity.ts";
import { errorOfReason } from "./task-errors.ts";

export interface PoolWorkersParts {
  readonly supervisor: Supervisor;
  readonly waiters: Waiters;
  readonly plane: DataPlane;
  readonly clock: Clock;
}

export interface PoolWorkersOptions extends Bounds {
  readonly idleTimeoutMs: number;
  /** Boots that may fail in a row, with nobody ready, until those who wait are told. */
  readonly maxFailures: number;
}

export class PoolWorkers {
  readonly #options: PoolWorkersOptions;
  readonly #parts: PoolWorkersParts;
  bounds: Bounds;
  #desired: number;
  #bootFailures = 0;
  #requests = 0;
  #isShrinkArmed = false;
  #isEnded = false;

  constructor(options: PoolWorkersOptions, parts: PoolWorkersParts) {
    this.#options = options;
    this.#parts = parts;
    this.bounds = { minWorkers: options.minWorkers, maxWorkers: options.maxWorkers };
    this.#desired = 1;
  }

  /** Nothing grows or shrinks any more. */
  end(): void {
    this.#isEnded = true;
  }

  /** The first worker is ready: the others follow. */
  fill(): Promise<void> {
    return this.#scale(clamped(this.#desired, this.bounds), []);
  }

  resize(bounds: Bounds): Promise<void> {
    this.bounds = bounds;
    return this.#scale(clamped(this.#desired, bounds), []);
  }

  /** What the machine tells. */
  observe({ name, event }: Announcement): void {
    const { plane } = this.#parts;
    if (name === "worker:ready") {
      this.#bootFailures = 0;
      plane.open(event.worker, event.pid);
      this.#armShrinking();
    } else if (name === "worker:draining") plane.close(event.worker);
    else if (name === "worker:exited") {
      const wasReady = plane.members.get(event.worker)?.load != null;
      plane.gone(event.worker, { ...event, isOutOfMemory: false });
      if (!wasReady && event.reason !== null) this.#bootFailed(errorOfReason(event.reason));
    }
  }

  /** A task of it did not stop. */
  expel(worker: WorkerId, error: PoolError): void {
    this.#parts.plane.close(worker);
    this.#dismiss(worker, { code: error.code, message: error.message });
  }

  /** It has had its one task. */
  spent(worker: WorkerId): void {
    this.#parts.plane.close(worker);
    this.#dismiss(worker, null);
  }

  /** Tasks wait and nobody is free. */
  backlog(): void {
    const { plane } = this.#parts;
    if (this.#desired >= this.bounds.maxWorkers || this.#isEnded) return;
    const booting = Math.max(0, this.#desired - plane.dispatcher.loads.size);
    const next = grown(this.#desired, plane.queueSize, booting, this.bounds);
    if (next > this.#desired) this.#scale(next, []).catch(() => {});
  }

  #bootFailed(error: PoolError): void {
    this.#bootFailures += 1;
    const isHopeless =
      this.#bootFailures >= this.#options.maxFailures && this.#parts.plane.dispatcher.loads.size === 0;
    if (isHopeless) this.#parts.plane.refuse(error, false);
  }

  #scale(desired: number, spare: readonly WorkerId[]): Promise<void> {
    this.#requests += 1;
    const requestId = `resize-${this.#requests}`;
    this.#desired = desired;
    const done = this.#parts.waiters.forScale(requestId);
    this.#parts.supervisor.accept({ type: "ScaleRequested", requestId, desired, spare });
    this.#armShrinking();
    return done;
  }

  /** Looks for workers that have had nothing to do, as long as there are more than minWorkers. */
  #armShrinking(): void {
    if (this.#isShrinkArmed || this.#desired <= this.bounds.minWorkers || this.#isEnded) return;
    this.#isShrinkArmed = true;
    const { clock } = this.#parts;
    clock.after(Math.max(10, this.#options.idleTimeoutMs / 2), () => {
      this.#isShrinkArmed = false;
      if (this.#isEnded) return;
      const idle = this.#idleWorkers(clock.now() - this.#options.idleTimeoutMs);
      const next = shrunk(this.#desired, idle.length, this.bounds);
      if (next < this.#desired) this.#scale(next, idle).catch(() => {});
      this.#armShrinking();
    });
  }

  #idleWorkers(sinceAtMs: number): WorkerId[] {
    const idle: WorkerId[] = [];
    for (const [worker, { load, idleSinceMs }] of this.#parts.plane.members) {
      if (load?.isOpen && load.outstanding.size === 0 && idleSinceMs <= sinceAtMs) idle.push(worker);
    }
    return idle;
  }

  #dismiss(worker: WorkerId, reason: FailureReason | null): void {
    const generation = this.#parts.plane.members.get(worker)?.order.generation;
    if (generation === undefined) return;
    this.#parts.supervisor.accept({ type: "WorkerDismissed", worker, generation, reason });
  }
}
