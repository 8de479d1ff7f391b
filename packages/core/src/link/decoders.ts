// Decoders: what comes over a wire goes in, and either comes out with its type, made anew of the fields that it should have,
// or ends in a Mismatch that says which field is wrong and what was there. PURE.
// Plain checks and no schema library: a heartbeat with all its fields costs about a microsecond (`pnpm fuzz:wire` prints it).
// Rule: no value is believed before its decoder has seen it, and what no decoder names is left behind.

/** Gives the value with its type. @throws Mismatch */
export type Decoder<Value> = (value: unknown) => Value;

/** A field that may be missing. */
export interface Optional<Value> {
  readonly whenThere: Decoder<Value>;
}

/** A decoder for each field of a shape. A field without one does not compile. */
export type Fields<Shape> = {
  readonly [Name in keyof Shape]-?: object extends Pick<Shape, Name>
    ? Optional<Exclude<Shape[Name], undefined>>
    : Decoder<Shape[Name]>;
};

/** For each type of a union of messages its fields beside those that all of them have. */
export type Rows<Message extends { readonly type: string }, Common extends keyof Message = "type"> = {
  readonly [Type in Message["type"]]: Fields<
    Omit<Extract<Message, { readonly type: Type }>, Common | "type">
  >;
};

/** The value does not fit: `message` names the field, what was there, and what fits. */
export class Mismatch extends Error {
  override readonly name: string = "Mismatch";

  /** The same, seen from outside of `field`. */
  within(field: string): Mismatch {
    const separator = this.message.startsWith("[") || this.message.startsWith(":") ? "" : ".";
    return new Mismatch(`${field}${separator}${this.message}`);
  }
}

/** Longer texts are refused: whoever writes one cuts it (`wireErrorOf`). UTF-16 units. */
export const TEXT_MAX: number = 64 * 1_024;

export const anything: Decoder<unknown> = (value) => value;

export const flag: Decoder<boolean> = (value) => {
  if (typeof value !== "boolean") throw mismatch(value, "true or false");
  return value;
};

/** 0 and more. */
export const count: Decoder<number> = whole(0, Number.MAX_SAFE_INTEGER);
export const pid: Decoder<number> = whole(1, 2 ** 31 - 1);
export const descriptor: Decoder<number> = whole(0, 2 ** 31 - 1);
export const generation: Decoder<number> = count;
/** A length of time or a size that may have a fraction. */
export const amount: Decoder<number> = number(0, Number.MAX_SAFE_INTEGER);

export const text: Decoder<string> = (value) => {
  if (typeof value !== "string") throw mismatch(value, "a text");
  if (value.length > TEXT_MAX)
    throw new Mismatch(`: a text of ${value.length} characters, at most ${TEXT_MAX}`);
  return value;
};

/** A text that goes on to where it is checked. */
export const longText: Decoder<string> = (value) => {
  if (typeof value !== "string") throw mismatch(value, "a text");
  return value;
};

export function whole(min: number, max: number): Decoder<number> {
  return (value) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    throw mismatch(value, `a whole number from ${min} to ${max}`);
  };
}

export function number(min: number, max: number): Decoder<number> {
  return (value) => {
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw mismatch(value, `a number from ${min} to ${max}`);
  };
}

export function oneOf<Value extends string>(...values: readonly Value[]): Decoder<Value> {
  return (value) => {
    const known = values.find((each) => each === value);
    if (known === undefined) throw mismatch(value, values.join(" or "));
    return known;
  };
}

/** An id: this letter, then a number. */
export function id<Letter extends string>(letter: Letter): Decoder<`${Letter}${number}`> {
  const pattern = new RegExp(`^${letter}[0-9]{1,15}$`);
  return (value) => {
    if (typeof value !== "string" || !pattern.test(value)) throw mismatch(value, `an id like ${letter}1`);
    return value as `${Letter}${number}`;
  };
}

export function orNull<Value>(decode: Decoder<Value>): Decoder<Value | null> {
  return (value) => (value === null ? null : decode(value));
}

export function optional<Value>(decode: Decoder<Value>): Optional<Value> {
  return { whenThere: decode };
}

/** @param max more are refused */
export function list<Value>(decode: Decoder<Value>, max: number): Decoder<readonly Value[]> {
  return (value) => {
    if (!Array.isArray(value)) throw mismatch(value, "a list");
    if (value.length > max) throw new Mismatch(`: a list of ${value.length}, at most ${max}`);
    const decoded: Value[] = [];
    for (let at = 0; at < value.length; at += 1) decoded.push(within(`[${at}]`, decode, value[at]));
    return decoded;
  };
}

/** An object with these fields; others are left behind. */
export function record<Shape>(fields: Fields<Shape>): Decoder<Shape> {
  const complete = completerOf(fields);
  return (value) => complete(objectOf(value), {}) as Shape;
}

/** One of a union of messages. `common` fields are those of all of them; `rows` is the table. */
export function oneMessage<Message extends { readonly type: string }, Common extends keyof Message = "type">(
  common: Fields<Omit<Pick<Message, Common>, "type">>,
  rows: Rows<Message, Common>,
): Decoder<Message> {
  const first = completerOf(common);
  const rest = new Map(Object.entries<Fields<unknown>>(rows).map(([type, row]) => [type, completerOf(row)]));
  return (value) => {
    const from = objectOf(value);
    const type = own(from, "type");
    const complete = typeof type === "string" ? rest.get(type) : undefined;
    if (complete === undefined) throw within("type", (given) => fail(given, "a message's type"), type);
    try {
      return complete(from, first(from, { type })) as unknown as Message;
    } catch (error) {
      throw error instanceof Mismatch ? error.within(String(type)) : error;
    }
  };
}

type Unknowns = Readonly<Record<string, unknown>>;
type Complete = (from: Unknowns, into: Record<string, unknown>) => Record<string, unknown>;

/** Reads the fields of one object into another. */
function completerOf(fields: object): Complete {
  const entries = Object.entries<Decoder<unknown> | Optional<unknown>>({ ...fields });
  return (from, into) => {
    for (const [name, decoder] of entries) {
      const value = own(from, name);
      if (typeof decoder === "function") into[name] = within(name, decoder, value);
      else if (value !== undefined) into[name] = within(name, decoder.whenThere, value);
    }
    return into;
  };
}

function within<Value>(field: string, decode: Decoder<Value>, value: unknown): Value {
  try {
    return decode(value);
  } catch (error) {
    throw error instanceof Mismatch ? error.within(field) : error;
  }
}

function objectOf(value: unknown): Unknowns {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mismatch(value, "an object");
  return value as Unknowns;
}

function own(from: Unknowns, name: string): unknown {
  return Object.hasOwn(from, name) ? from[name] : undefined;
}

function fail(value: unknown, expected: string): never {
  throw mismatch(value, expected);
}

function mismatch(value: unknown, expected: string): Mismatch {
  return new Mismatch(`: ${shown(value)}, not ${expected}`);
}

/** What stands in a message about it: short, whatever it is. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string")
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}...` : JSON.stringify(value);
  if (typeof value === "bigint") return "a bigint";
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : "an object";
}
