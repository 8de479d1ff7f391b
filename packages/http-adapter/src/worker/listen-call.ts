// The arguments of `server.listen(...)` in one shape, by Node's own rules (net.Server.listen takes a port, a path,
// options, a descriptor or a handle, each with optional trailing parts). Pure. Calls that name no address of their
// own (descriptor, handle) and calls that Node will refuse are not read: Node gets them as they are, and its errors
// stay its errors.

export interface ListenCall {
  /** 0 means any free port; null when no port is named. */
  readonly port: number | null;
  /** Of a unix socket; with neither path nor port Node takes any free port. */
  readonly path: string | null;
  /** Null: every interface. */
  readonly host: string | null;
  readonly ipv6Only: boolean;
  /** The program wants a socket that nobody shares. */
  readonly exclusive: boolean;
  /** Kept for the real listen: the length of the queue and the signal that closes the server. */
  readonly options: { readonly backlog?: number; readonly signal?: AbortSignal };
  readonly onListening: (() => void) | null;
}

/** @returns null when the call is to go to Node unchanged. */
export function readListenCall(args: readonly unknown[]): ListenCall | null {
  const last = args.at(-1);
  const onListening = isCallback(last) ? last : null;
  const [first, ...rest] = onListening === null ? args : args.slice(0, -1);
  if (typeof first === "object" && first !== null) return readOptions(first, onListening);
  const address = readAddress(first);
  const backlog = rest.find((each) => typeof each === "number");
  const host = readHost(rest[0]);
  const options = backlog === undefined ? {} : { backlog };
  return address && { ...address, host, ipv6Only: false, exclusive: false, options, onListening };
}

/** The descriptor that is listened on; null when it is none. */
export function readListenDescriptor(args: readonly unknown[]): number | null {
  const [first] = args;
  if (typeof first !== "object" || first === null || hasHandle(first)) return null;
  const fd: unknown = Reflect.get(first, "fd");
  return typeof fd === "number" && fd >= 0 ? fd : null;
}

function hasHandle(options: object): boolean {
  return Boolean(Reflect.get(options, "handle") ?? Reflect.get(options, "_handle"));
}

function readOptions(options: object, onListening: ListenCall["onListening"]): ListenCall | null {
  const [fd, port, path, backlog, signal, host, ipv6Only, exclusive, reusePort] = OPTIONS.map((name) =>
    Reflect.get(options, name),
  );
  // With SO_REUSEPORT each worker has a socket of its own, and that is what was asked for.
  if (hasHandle(options) || typeof fd === "number" || reusePort === true) return null;
  const address = "port" in options ? readPort(port) : typeof path === "string" ? { port: null, path } : null;
  const kept = {
    ...(typeof backlog === "number" && { backlog }),
    ...(signal instanceof AbortSignal && { signal }),
  };
  return (
    address && {
      ...address,
      host: readHost(host),
      ipv6Only: ipv6Only === true,
      exclusive: exclusive === true,
      options: kept,
      onListening,
    }
  );
}

const OPTIONS: readonly string[] = [
  "fd",
  "port",
  "path",
  "backlog",
  "signal",
  "host",
  "ipv6Only",
  "exclusive",
  "reusePort",
];

function readHost(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

type Address = Pick<ListenCall, "port" | "path">;

/** A first argument: a string that is not a number is a path. */
function readAddress(value: unknown): Address | null {
  if (typeof value === "string" && !(Number(value) >= 0)) return { port: null, path: value };
  return readPort(value);
}

function readPort(value: unknown): Address | null {
  if (value === undefined || value === null) return { port: null, path: null };
  if (typeof value !== "number" && typeof value !== "string") return null;
  const port = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? { port, path: null } : null;
}

function isCallback(value: unknown): value is () => void {
  return typeof value === "function";
}
