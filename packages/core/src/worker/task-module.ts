// The task file: what piscina loads, loaded the same way. A default export or named functions, sync or async, ES module or
// CommonJS; an export may be a promise of its function. Functions are looked up once for each worker, so that a task costs one
// Map.get. Everything else (promises, getters) is read and awaited when a task asks for it first: an export that no task runs
// may throw, load half a framework, or never settle, as it may under `import`.

import { pathToFileURL } from "node:url";
import { types } from "node:util";
import { PoolError } from "../errors.ts";

export type TaskHandler = (task: unknown, context: unknown) => unknown;

/** Loads the file and finds its functions by name. @throws whatever the file throws; BROOD_BOOT_FAILED without a function. */
export async function loadTaskModule(entry: string): Promise<TaskModule> {
  const module = new TaskModule((await import(pathToFileURL(entry).href)) as object);
  if (module.names.length > 0) return module;
  const message = `task file ${entry} exports no function: give it a default export or named functions.`;
  throw new PoolError("BROOD_BOOT_FAILED", message);
}

export class TaskModule {
  readonly #functions: Map<string, TaskHandler> = new Map();
  /** Names that have to be read first, with the object that has them. */
  readonly #unread: Map<string, object> = new Map();

  /** @param exports the module's namespace */
  constructor(exports: object) {
    // `export default { a, b }`, defineTasks and CommonJS put the functions into an object; a named export wins over those.
    const whole = read(exports, "default");
    if (whole !== null && !types.isPromise(whole.value)) this.#collect(whole.value);
    this.#collect(exports);
  }

  /** Those that may be functions. */
  get names(): readonly string[] {
    return [...new Set([...this.#functions.keys(), ...this.#unread.keys()])];
  }

  /** A function that is known. */
  get(name: string): TaskHandler | undefined {
    return this.#functions.get(name);
  }

  /** Reads and awaits what may be the function; null: there is none of that name. @throws what the export throws */
  async find(name: string): Promise<TaskHandler | null> {
    const found = this.#functions.get(name) ?? (await this.#read(name));
    if (found !== null) return found;
    // The default export may be a promise of an object with functions.
    const holder = this.#unread.get("default");
    if (holder === undefined) return null;
    const whole: unknown = await Reflect.get(holder, "default");
    this.#unread.delete("default");
    this.#collect(whole);
    return this.#functions.get(name) ?? null;
  }

  async #read(name: string): Promise<TaskHandler | null> {
    const holder = this.#unread.get(name);
    if (holder === undefined) return null;
    const value: unknown = await Reflect.get(holder, name);
    if (!isHandler(value)) return null;
    this.#functions.set(name, value);
    return value;
  }

  #collect(exported: unknown): void {
    if (isHandler(exported)) this.#functions.set("default", exported);
    if (exported === null || (typeof exported !== "object" && typeof exported !== "function")) return;
    for (const name of Object.keys(exported)) {
      const property = read(exported, name);
      if (property === null || mayBePromise(property.value)) {
        this.#functions.delete(name);
        this.#unread.set(name, exported);
      } else if (isHandler(property.value)) {
        this.#functions.set(name, property.value);
        this.#unread.delete(name);
      }
    }
  }
}

/** Null: to read it runs code of the file, or its module has not got that far. */
function read(holder: object, name: string): { readonly value: unknown } | null {
  try {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property === undefined) return { value: undefined };
    return "value" in property ? { value: property.value } : null;
  } catch {
    return null;
  }
}

function mayBePromise(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const then = types.isProxy(value) ? null : read(value, "then");
  return types.isPromise(value) || then === null || isHandler(then.value) || isHandler(inherited(value));
}

/** A `then` of the object's class. */
function inherited(value: object): unknown {
  const above: unknown = Object.getPrototypeOf(value);
  if (typeof above !== "object" || above === null) return undefined;
  return read(above, "then")?.value;
}

function isHandler(value: unknown): value is TaskHandler {
  return typeof value === "function";
}
