// Which worker serves which SO_REUSEPORT socket. Pure: events in, commands out, time as a value.
// Every slot has one socket (per address) that outlives its workers: closing one resets what waits in its queue (E43).
// Rule: each open socket is served by the ready worker of its slot, or else adopted by another ready worker, as long as
// there is any. A socket whose slot was scaled away is steered away from first (no new connections), its adopter empties
// it, and when nothing has come for the length of a handshake it is let go and closed (E44).
// Where the kernel cannot be steered such a socket is not closed: it stays adopted until its slot opens again.
// Rejected: workers that bind their own (1.0-1.3 % lost per replacement); closing at a moment when the queue is empty,
// which still resets handshakes under way.

import type { SlotIndex, WorkerId } from "./names.ts";

export type SlotEvent =
  /** About to be spawned: its slot's socket must be there when this returns. */
  | { readonly type: "WorkerOrdered"; readonly slot: SlotIndex; readonly worker: WorkerId }
  | { readonly type: "WorkerReady"; readonly worker: WorkerId }
  | { readonly type: "WorkerDraining"; readonly worker: WorkerId }
  | { readonly type: "WorkerExited"; readonly worker: WorkerId }
  | { readonly type: "SlotClosed"; readonly slot: SlotIndex }
  /** The adopter has closed its copy. */
  | { readonly type: "SocketReleased"; readonly slot: SlotIndex; readonly worker: WorkerId }
  /** The answer to `LookAtQueue`: connections that nobody has accepted. */
  | { readonly type: "QueueSeen"; readonly slot: SlotIndex; readonly length: number }
  /** For a moment any socket may have got a new connection. */
  | { readonly type: "SteeringLeaked" }
  | { readonly type: "TimePassed" }
  /** Everything ends: sockets are left as they are. */
  | { readonly type: "StopRequested" };

export type SlotCommand =
  | { readonly type: "OpenSocket"; readonly slot: SlotIndex }
  | { readonly type: "Adopt"; readonly slot: SlotIndex; readonly worker: WorkerId }
  | { readonly type: "Release"; readonly slot: SlotIndex; readonly worker: WorkerId }
  /** New connections go to these only; null: to all. */
  | { readonly type: "Steer"; readonly slots: readonly SlotIndex[] | null }
  | { readonly type: "LookAtQueue"; readonly slot: SlotIndex }
  | { readonly type: "CloseSocket"; readonly slot: SlotIndex };

/** A handshake that began before the socket was steered away from: the client's first two tries for its last packet are
 *  1 s and 3 s after the first (RFC 6298: 1 s, doubled). */
export const HANDSHAKE_MS = 3_000;

/** Until the queue is looked at again: its adopter accepts whatever comes within a turn of its loop. */
const LOOK_AGAIN_MS = 100;

interface SlotSocket {
  readonly slot: SlotIndex;
  adopter: WorkerId | null;
  /** Scaled away: when it may be closed at the earliest; null while its slot is open. */
  closableAtMs: number | null;
  /** The adopter that was told to let go, so that it can be closed. */
  parting: WorkerId | null;
}

interface SocketWorker {
  readonly slot: SlotIndex;
  state: "booting" | "ready" | "draining";
  adopted: number;
}

export class SlotSockets {
  readonly #canSteer: boolean;
  readonly #sockets: Map<SlotIndex, SlotSocket> = new Map();
  readonly #workers: Map<WorkerId, SocketWorker> = new Map();
  /** What the kernel was told; null: nothing, it spreads over all. */
  #steered: readonly SlotIndex[] | null = null;
  #isStopping = false;
  #commands: SlotCommand[] = [];

  constructor(canSteer: boolean) {
    this.#canSteer = canSteer;
  }

  step(event: SlotEvent, atMs: number): readonly SlotCommand[] {
    this.#commands = [];
    this.#handle(event, atMs);
    if (!this.#isStopping) this.#settle(atMs);
    return this.#commands;
  }

  /** When `TimePassed` is wanted, or null. */
  nextDeadlineAtMs(): number | null {
    let next: number | null = null;
    if (!this.#canSteer || this.#isStopping) return next;
    for (const socket of this.#sockets.values()) {
      if (socket.closableAtMs === null || !this.#isEmptying(socket)) continue;
      next = Math.min(next ?? socket.closableAtMs, socket.closableAtMs);
    }
    return next;
  }

  /** For invariant checks: each open socket and who serves it. */
  servers(): ReadonlyMap<SlotIndex, readonly WorkerId[]> {
    const servers = new Map<SlotIndex, WorkerId[]>();
    for (const { slot, adopter } of this.#sockets.values()) {
      const own = [...this.#workers].filter(([, worker]) => worker.slot === slot && worker.state === "ready");
      servers.set(slot, [...own.map(([id]) => id), ...(adopter === null ? [] : [adopter])]);
    }
    return servers;
  }

  /** Its adopter lets go of it, so that it can be closed: the queue is looked at once more. */
  isParting(slot: SlotIndex): boolean {
    return (this.#sockets.get(slot)?.parting ?? null) !== null;
  }

  #handle(event: SlotEvent, atMs: number): void {
    switch (event.type) {
      case "WorkerOrdered":
        return this.#ordered(event.slot, event.worker);
      case "WorkerReady":
        return this.#enter(event.worker, "ready");
      case "WorkerDraining":
        return this.#enter(event.worker, "draining");
      case "WorkerExited":
        return this.#exited(event.worker);
      case "SlotClosed":
        return this.#retire(event.slot, atMs);
      case "SocketReleased":
        return this.#released(event.slot, event.worker);
      case "QueueSeen":
        return this.#queueSeen(event.slot, event.length, atMs);
      case "SteeringLeaked":
        return this.#leaked(atMs);
      case "StopRequested":
        this.#isStopping = true;
        return;
      case "TimePassed":
        return this.#lookAtDue(atMs);
    }
  }

  #ordered(slot: SlotIndex, worker: WorkerId): void {
    this.#workers.set(worker, { slot, state: "booting", adopted: 0 });
    const socket = this.#sockets.get(slot);
    if (socket === undefined) {
      this.#sockets.set(slot, { slot, adopter: null, closableAtMs: null, parting: null });
      this.#commands.push({ type: "OpenSocket", slot });
    } else {
      socket.closableAtMs = null;
      socket.parting = null;
    }
  }

  #enter(id: WorkerId, state: SocketWorker["state"]): void {
    const worker = this.#workers.get(id);
    if (worker !== undefined) worker.state = state;
  }

  #exited(id: WorkerId): void {
    this.#workers.delete(id);
    for (const socket of this.#sockets.values()) {
      if (socket.adopter === id) socket.adopter = null;
      if (socket.parting === id) this.#commands.push({ type: "LookAtQueue", slot: socket.slot });
    }
  }

  #retire(slot: SlotIndex, atMs: number): void {
    const socket = this.#sockets.get(slot);
    if (socket !== undefined) socket.closableAtMs = atMs + HANDSHAKE_MS;
  }

  #lookAtDue(atMs: number): void {
    for (const socket of this.#sockets.values()) {
      const isDue = socket.closableAtMs !== null && socket.closableAtMs <= atMs;
      if (isDue && this.#isEmptying(socket)) this.#commands.push({ type: "LookAtQueue", slot: socket.slot });
    }
  }

  /** It gets nothing new, and its adopter takes what is there. */
  #isEmptying({ slot, adopter, parting }: SlotSocket): boolean {
    return this.#isSteeredAway(slot) && adopter !== null && parting === null;
  }

  #isSteeredAway(slot: SlotIndex): boolean {
    return this.#steered !== null && !this.#steered.includes(slot);
  }

  #released(slot: SlotIndex, worker: WorkerId): void {
    if (this.#sockets.get(slot)?.parting === worker) this.#commands.push({ type: "LookAtQueue", slot });
  }

  #queueSeen(slot: SlotIndex, length: number, atMs: number): void {
    const socket = this.#sockets.get(slot);
    if (socket === undefined || socket.closableAtMs === null) return;
    if (length > 0 || !this.#isSteeredAway(slot)) {
      socket.parting = null;
      socket.closableAtMs = atMs + LOOK_AGAIN_MS;
    } else if (socket.parting !== null) {
      this.#sockets.delete(slot);
      this.#commands.push({ type: "CloseSocket", slot });
    } else if (socket.adopter !== null) {
      socket.parting = socket.adopter;
      this.#giveUp(socket);
    }
  }

  /** Makes the rule true again. */
  #settle(atMs: number): void {
    const served = this.#slotsWithReady();
    for (const socket of this.#sockets.values()) {
      const hasOwn = served.has(socket.slot);
      if (hasOwn && socket.adopter !== null) this.#giveUp(socket);
      if (!hasOwn && socket.parting === null && !this.#isReady(socket.adopter)) this.#adopt(socket);
    }
    if (!this.#canSteer) return;
    const wanted = [...this.#sockets.values()]
      .filter(({ slot, closableAtMs }) => served.has(slot) && closableAtMs === null)
      .map(({ slot }) => slot);
    const next = wanted.length === 0 || wanted.length === this.#sockets.size ? null : wanted;
    if (String(next) !== String(this.#steered)) this.#steer(next, atMs);
  }

  #slotsWithReady(): ReadonlySet<SlotIndex> {
    const slots = new Set<SlotIndex>();
    for (const { slot, state } of this.#workers.values()) if (state === "ready") slots.add(slot);
    return slots;
  }

  #isReady(id: WorkerId | null): boolean {
    return id !== null && this.#workers.get(id)?.state === "ready";
  }

  /** The ready worker that serves the fewest others takes it. */
  #adopt(socket: SlotSocket): void {
    let best: readonly [WorkerId, SocketWorker] | null = null;
    for (const [id, worker] of this.#workers) {
      if (worker.state === "ready" && (best === null || worker.adopted < best[1].adopted))
        best = [id, worker];
    }
    // A leaving adopter closes it by itself; it may stay on until somebody else is there.
    if (best === null) return;
    this.#forgetAdopter(socket);
    socket.adopter = best[0];
    best[1].adopted += 1;
    this.#commands.push({ type: "Adopt", slot: socket.slot, worker: best[0] });
  }

  #giveUp(socket: SlotSocket): void {
    if (socket.adopter === null) return;
    this.#commands.push({ type: "Release", slot: socket.slot, worker: socket.adopter });
    this.#forgetAdopter(socket);
  }

  #forgetAdopter(socket: SlotSocket): void {
    const worker = socket.adopter === null ? undefined : this.#workers.get(socket.adopter);
    if (worker !== undefined) worker.adopted -= 1;
    socket.adopter = null;
  }

  /** Whoever is to be closed and was not steered away from starts anew: the kernel may just have given it one more. */
  #steer(slots: readonly SlotIndex[] | null, atMs: number): void {
    for (const socket of this.#sockets.values()) {
      if (socket.closableAtMs !== null && !this.#isSteeredAway(socket.slot))
        socket.closableAtMs = atMs + HANDSHAKE_MS;
    }
    this.#steered = slots;
    this.#commands.push({ type: "Steer", slots });
  }

  #leaked(atMs: number): void {
    for (const socket of this.#sockets.values()) {
      if (socket.closableAtMs === null) continue;
      socket.closableAtMs = atMs + HANDSHAKE_MS;
      socket.parting = null;
    }
  }
}
