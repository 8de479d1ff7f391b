// The arguments of `server.listen(...)` in one shape, by Node's own rules (net.Server.listen takes a port, a path,
// options, a descriptor or a handle, each with optional trailing parts). Pure. Calls that name no address of their
// own (descriptor, handle) and calls that Node will refuse are not read: Node gets them as they are, and its errors
// stay its errors.

export interface ListenCall {
  /** 0 means any free port; null when no port is named. */
  readonly port: number | null;
  /** Of a unix socket; with neither path nor port Node takes any free port. */
  readonly path: string | null;
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
  return address && { ...address, options: backlog === undefined ? {} : { backlog }, onListening };
}

function readOptions(options: object, onListening: ListenCall["onListening"]): ListenCall | null {
  const [handle, rawHandle, fd, port, path, backlog, signal] = OPTIONS.map((name) =>
    Reflect.get(options, name),
  );
  if (handle || rawHandle || typeof fd === "number") return null;
  const address = "port" in options ? readPort(port) : typeof path === "string" ? { port: null, path } : null;
  const kept = {
    ...(typeof backlog === "number" && { backlog }),
    ...(signal instanceof AbortSignal && { signal }),
  };
  return address && { ...address, options: kept, onListening };
}

const OPTIONS: readonly string[] = ["handle", "_handle", "fd", "port", "path", "backlog", "signal"];

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
