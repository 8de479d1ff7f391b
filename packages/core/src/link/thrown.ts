// What a task threw, on its way to whoever waits for it. Structured clone forgets an error's own fields, its name when it
// is not a standard one, and in part its cause; so errors travel as plain data and are built again on the other side.

export type WireThrown =
  | {
      readonly kind: "error";
      readonly name: string;
      readonly message: string;
      readonly stack: string;
      readonly cause: WireThrown | null;
      readonly errors: readonly WireThrown[] | null;
      /** Its own enumerable fields, `code` among them. */
      readonly fields: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "value"; readonly value: unknown };

/** Causes of causes are followed so far; a cycle must end somewhere. */
const DEPTH_MAX = 8;

const STANDARD: Readonly<Record<string, ErrorConstructor>> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

const TAKEN = ["name", "message", "stack", "cause", "errors"];

/** @param isSafe keep only what can always be cloned: used when the first attempt to send it failed. */
export function encodeThrown(thrown: unknown, isSafe = false, depth = 0): WireThrown {
  if (!isErrorLike(thrown)) return { kind: "value", value: isSafe ? safe(thrown) : thrown };
  const { cause } = thrown;
  const inner: unknown = Reflect.get(thrown, "errors");
  const follow = (each: unknown): WireThrown => encodeThrown(each, isSafe, depth + 1);
  const isDeep = depth >= DEPTH_MAX;
  return {
    kind: "error",
    name: String(thrown.name),
    message: String(thrown.message),
    stack: String(thrown.stack ?? thrown.message),
    cause: cause === undefined || isDeep ? null : follow(cause),
    errors: Array.isArray(inner) && !isDeep ? inner.map(follow) : null,
    fields: fieldsOf(thrown, isSafe),
  };
}

/** The error again: of the same standard class, with name, message, stack, cause and fields. */
export function decodeThrown(wire: WireThrown): unknown {
  if (wire.kind === "value") return wire.value;
  const inner = wire.errors?.map(decodeThrown);
  const error =
    inner === undefined
      ? new (STANDARD[wire.name] ?? Error)(wire.message)
      : new AggregateError(inner, wire.message);
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperty(error, "stack", { ...hidden, value: wire.stack });
  if (error.name !== wire.name) Object.defineProperty(error, "name", { ...hidden, value: wire.name });
  if (wire.cause !== null)
    Object.defineProperty(error, "cause", { ...hidden, value: decodeThrown(wire.cause) });
  for (const [key, value] of Object.entries(wire.fields)) {
    Object.defineProperty(error, key, { ...hidden, enumerable: true, value });
  }
  return error;
}

function isErrorLike(thrown: unknown): thrown is Error {
  return (
    thrown instanceof Error ||
    (typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown)
  );
}

function fieldsOf(error: Error, isSafe: boolean): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  // A DOMException's code and name are getters of its prototype.
  const code: unknown = Reflect.get(error, "code");
  if (typeof code === "string" || typeof code === "number") fields["code"] = code;
  for (const key of Object.keys(error)) {
    if (TAKEN.includes(key)) continue;
    const value: unknown = Reflect.get(error, key);
    if (!isSafe || isPrimitive(value)) fields[key] = value;
  }
  return fields;
}

function isPrimitive(value: unknown): boolean {
  return (
    value === null || (typeof value !== "object" && typeof value !== "function" && typeof value !== "symbol")
  );
}

function safe(value: unknown): unknown {
  return isPrimitive(value) ? value : String(value);
}
