// UDP sockets that a program binds to a port: as under node:cluster all workers share the supervisor's one, and each datagram is
// read by one of them. A socket that only sends has a port of its own, and so has one that asks for any port: what answers to it
// is for this worker. `exclusive` and `reusePort` go to Node as well.
// A member of a multicast group joins with the socket, which is a member then for all: Node's EADDRINUSE for the second worker
// that joins says only that.

import dgram from "node:dgram";
import { getSystemErrorMap } from "node:util";
import { BINDING, type DatagramState, stateOf, UNBOUND } from "../sharing/datagram-state.ts";
import { closeGiven, type GivenSocket, type ListenChannel } from "../sharing/listen-channel.ts";
import { describeWanted, type Wanted } from "../sharing/wanted.ts";

type Datagrams = Extract<Wanted, { readonly kind: "udp" }>;

interface Call {
  readonly port: number;
  readonly host: string | null;
}

const bindOfNode: unknown = dgram.Socket.prototype.bind;

export class DatagramCapture {
  #channel: ListenChannel | null = null;
  /** In a template: bound by each worker. */
  readonly #held: (() => void)[] = [];
  readonly #bound: Set<dgram.Socket> = new Set();

  /** For good: the process is a worker's. */
  install(): void {
    const capture = this;
    function bind(this: dgram.Socket, ...args: unknown[]): dgram.Socket {
      const call = readBind(args);
      const state = stateOf(this);
      if (call === null || state === null || state.bindState !== UNBOUND) return bindAsNode(this, args);
      const done = args.at(-1);
      if (typeof done === "function") this.once("listening", () => void Reflect.apply(done, this, []));
      state.bindState = BINDING;
      capture.#bind(this, state, call);
      return this;
    }
    Reflect.set(dgram.Socket.prototype, "bind", bind);
  }

  /** The worker itself, no template any more. */
  enter(channel: ListenChannel): void {
    this.#channel = channel;
    for (const bind of this.#held.splice(0)) bind();
  }

  /** The worker drains: what comes is for the others. */
  ending(): void {
    for (const socket of this.#bound) stateOf(socket)?.handle?.recvStop?.();
  }

  #bind(socket: dgram.Socket, state: DatagramState, call: Call): void {
    const channel = this.#channel;
    if (channel === null) return void this.#held.push(() => this.#bind(socket, state, call));
    const wanted: Datagrams = {
      kind: "udp",
      ...call,
      family: familyOf(socket),
      ipv6Only: state.ipv6Only === true,
      reuseAddr: state.reuseAddr === true,
      order: 0,
    };
    let id: number | null = null;
    let isClosed = false;
    socket.once("close", () => {
      isClosed = true;
      this.#bound.delete(socket);
      if (id !== null) channel.tell({ brood: "unlisten", id });
    });
    const question = { wanted, isPublic: false, backlog: null, addressOnly: false };
    channel.ask(question, (answer) => {
      if (!answer.ok) {
        state.bindState = UNBOUND;
        return fail(socket, wanted, answer.code);
      }
      id = answer.id;
      const [given] = answer.sockets;
      if (given === undefined) return;
      if (!isClosed) return this.#use(socket, state, given);
      closeGiven(given);
      channel.tell({ brood: "unlisten", id });
    });
  }

  #use(socket: dgram.Socket, state: DatagramState, given: GivenSocket): void {
    state.bindState = UNBOUND;
    this.#bound.add(socket);
    shareMembership(socket);
    bindAsNode(socket, ["handle" in given ? given.handle : { fd: given.descriptor }]);
  }
}

function bindAsNode(socket: dgram.Socket, args: readonly unknown[]): dgram.Socket {
  if (typeof bindOfNode !== "function") throw new TypeError("dgram has no bind in this Node");
  return Reflect.apply(bindOfNode, socket, args);
}

/** Null: it is Node's business. */
function readBind(args: readonly unknown[]): Call | null {
  const [first, second] = args;
  const options = typeof first === "object" && first !== null ? first : null;
  if (options !== null) {
    const own = ["fd", "exclusive", "reusePort", "recvStart"].some((name) =>
      Boolean(Reflect.get(options, name)),
    );
    if (own || Reflect.get(options, "fd") === 0) return null;
  }
  const port = Number(options === null ? first : Reflect.get(options, "port"));
  const host = options === null ? second : Reflect.get(options, "address");
  if (!Number.isInteger(port) || port <= 0 || port > 65_535) return null;
  return { port, host: typeof host === "string" && host !== "" ? host : null };
}

function familyOf(socket: dgram.Socket): 4 | 6 {
  return Reflect.get(socket, "type") === "udp6" ? 6 : 4;
}

function shareMembership(socket: dgram.Socket): void {
  const { addMembership } = socket;
  socket.addMembership = (...args) => {
    try {
      addMembership.apply(socket, args);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    }
  };
}

/** As Node does it when it cannot bind. */
function fail(socket: dgram.Socket, wanted: Datagrams, code: string): void {
  const errno = [...getSystemErrorMap()].find(([, [name]]) => name === code)?.[0];
  const shown = describeWanted(wanted).replace("udp ", "");
  const more = { code, errno, syscall: "bind", address: wanted.host ?? undefined, port: wanted.port };
  socket.emit("error", Object.assign(new Error(`bind ${code} ${shown}`), more));
}
