// What a task threw, on its way to whoever waits for it. Structured clone forgets an error's own fields, its name when it is not a
// standard one, and in part its cause; and many errors cannot be cloned at all (a request with its functions, a getter that
// throws). So an error travels as plain data (plain-copy.ts) and is built again on the other side.
// Errors form graphs: causes, aggregates, fields, circles. They travel as a flat list; where one stands inside a value, an empty
// object stands for it, the same one everywhere, and structured clone keeps that identity. So a graph costs what its errors cost.

import { textOf } from "./described.ts";
import { attempt, LEFT_OUT, PlainCopy } from "./plain-copy.ts";

interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** None, or one. */
  readonly cause: readonly unknown[];
  /** Of an AggregateError. */
  readonly errors: readonly unknown[] | null;
  /** Its own enumerable fields, `code` among them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** `places[n]` stands for `errors[n]` wherever it occurs. */
export interface WireThrown {
  readonly thrown: unknown;
  readonly places: readonly object[];
  readonly errors: readonly ErrorRecord[];
}

/** Of one throw; more is left out. */
const ERRORS_MAX = 1_000;

const STANDARD: ReadonlyMap<string, ErrorConstructor> = new Map(
  [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((each) => [each.name, each]),
);

const TAKEN: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);
const TAKEN_OF_AGGREGATE: ReadonlySet<string> = new Set([...TAKEN, "errors"]);

/** Never throws, and what it returns can be sent over every link and read. */
export function encodeThrown(thrown: unknown): WireThrown {
  return attempt(() => encode(thrown), { thrown: textOf(thrown), places: [], errors: [] });
}

function encode(thrown: unknown): WireThrown {
  const found: object[] = [];
  const places: object[] = [];
  const placeFor = (error: object): unknown => {
    if (found.length >= ERRORS_MAX) return LEFT_OUT;
    const place = {};
    found.push(error);
    places.push(place);
    return place;
  };
  const copy = new PlainCopy(placeFor);
  const isLikeError = attempt(() => isErrorLike(thrown), false);
  const top = isLikeError ? placeFor(thrown as object) : copy.of(thrown);
  if (isLikeError) copy.note(thrown as object, top);
  copy.finish();
  const errors: ErrorRecord[] = [];
  for (let error = found[0]; error !== undefined; error = found[errors.length]) {
    errors.push(describe(error, copy));
    copy.finish();
  }
  return { thrown: top === LEFT_OUT ? textOf(thrown) : top, places, errors };
}

/** The errors again: of the same standard class, with name, message, stack, cause and fields. */
export function decodeThrown({ thrown, places, errors }: WireThrown): unknown {
  if (errors.length === 0) return thrown;
  const made = errors.map(blank);
  const errorAt = new Map<unknown, Error>(made.map((error, at) => [places[at], error]));
  const restore = restorer(errorAt);
  made.forEach((error, at) => {
    const wire = errors[at];
    if (wire !== undefined) complete(error, wire, restore);
  });
  return restore(thrown);
}

function isErrorLike(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null) return false;
  return thrown instanceof Error || ("message" in thrown && "stack" in thrown);
}

function describe(error: object, copy: PlainCopy): ErrorRecord {
  const read = (name: string): unknown => attempt(() => Reflect.get(error, name), undefined);
  const [name, message, stack, cause, inner] = ["name", "message", "stack", "cause", "errors"].map(read);
  const known = typeof name === "string" ? name : "Error";
  const said = message === undefined ? "" : textOf(message);
  const isAggregate = attempt(() => Array.isArray(inner) && !Object.keys(error).includes("errors"), false);
  const copied = cause === undefined ? LEFT_OUT : copy.of(cause);
  const fields = copy.fieldsOf(error, isAggregate ? TAKEN_OF_AGGREGATE : TAKEN);
  // A DOMException's code is a getter of its prototype.
  const code = read("code");
  if (typeof code === "string" || typeof code === "number") fields["code"] = code;
  return {
    name: known,
    message: said,
    stack: typeof stack === "string" ? stack : `${known}: ${said}`,
    cause: copied === LEFT_OUT ? [] : [copied],
    errors: isAggregate ? listed(copy.of(inner)) : null,
    fields,
  };
}

function listed(copy: unknown): readonly unknown[] {
  return Array.isArray(copy) ? copy : [];
}

function blank({ name, message, errors }: ErrorRecord): Error {
  return errors === null ? new (STANDARD.get(name) ?? Error)(message) : new AggregateError([], message);
}

function complete(error: Error, wire: ErrorRecord, restore: (value: unknown) => unknown): void {
  const set = (key: string, value: unknown, enumerable: boolean): void =>
    void Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  set("stack", wire.stack, false);
  if (error.name !== wire.name) set("name", wire.name, false);
  for (const cause of wire.cause) set("cause", restore(cause), false);
  if (wire.errors !== null) set("errors", restore(wire.errors), false);
  for (const [key, value] of Object.entries(wire.fields)) set(key, restore(value), true);
}

/** Puts errors back where their places stand, in copies that are ours. */
function restorer(errorAt: ReadonlyMap<unknown, Error>): (value: unknown) => unknown {
  const seen = new Set<object>();
  return (value) => {
    const unfinished: object[] = [];
    const restored = (each: unknown): unknown => {
      const error = errorAt.get(each);
      if (error !== undefined) return error;
      if (typeof each === "object" && each !== null && !seen.has(each)) {
        seen.add(each);
        unfinished.push(each);
      }
      return each;
    };
    const whole = restored(value);
    for (let next = unfinished.pop(); next !== undefined; next = unfinished.pop()) {
      restoreInside(next, restored);
    }
    return whole;
  };
}

function restoreInside(value: object, restored: (value: unknown) => unknown): void {
  if (ArrayBuffer.isView(value)) return;
  if (value instanceof Map) {
    const entries = [...value];
    value.clear();
    for (const [key, inner] of entries) value.set(restored(key), restored(inner));
  } else if (value instanceof Set) {
    const values = [...value];
    value.clear();
    for (const each of values) value.add(restored(each));
  } else {
    for (const [key, inner] of Object.entries(value)) {
      const whole = restored(inner);
      if (whole !== inner)
        Object.defineProperty(value, key, {
          value: whole,
          writable: true,
          enumerable: true,
          configurable: true,
        });
    }
  }
}
