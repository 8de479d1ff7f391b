// Adds headers to a response at the moment its head is written. All that writes a head of HTTP/1 goes through
// `writeHead`, also `end()` and `flushHeaders()`, so that is the one place, and what is added there wins over what
// the application says. `setHeader` before the application runs was rejected: before Node 22, `writeHead` with a
// list of headers then keeps only the last of equal names, and a second Set-Cookie is lost.

import type { ServerResponse } from "node:http";

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** @param headersOf asked when the head is about to be written */
export function addToHead(response: ServerResponse, headersOf: () => HeaderList): void {
  const writeHead = response.writeHead;
  const adding = (...args: readonly unknown[]): unknown => {
    const added = headersOf();
    if (added.length === 0) return Reflect.apply(writeHead, response, args);
    const last = args.at(-1);
    if (Array.isArray(last))
      return Reflect.apply(writeHead, response, [...args.slice(0, -1), withList(last, added)]);
    for (const [name, value] of added) response.setHeader(name, value);
    return Reflect.apply(
      writeHead,
      response,
      args.map((each) => (isHeaders(each) ? without(each, added) : each)),
    );
  };
  Reflect.set(response, "writeHead", adding);
}

/** Both forms of a list: names and values in turn, and pairs. */
function withList(list: readonly unknown[], added: HeaderList): readonly unknown[] {
  if (Array.isArray(list[0])) {
    return [...list.filter((pair) => !Array.isArray(pair) || !names(added, pair[0])), ...added];
  }
  return [...list.filter((_, index) => !names(added, list[index - (index % 2)])), ...added.flat()];
}

function without(headers: object, added: HeaderList): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names(added, name)));
}

function names(added: HeaderList, name: unknown): boolean {
  return typeof name === "string" && added.some(([each]) => each === name.toLowerCase());
}

function isHeaders(argument: unknown): argument is object {
  return typeof argument === "object" && argument !== null;
}
