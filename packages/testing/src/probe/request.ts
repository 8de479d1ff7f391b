// Which request a client sends next: a list in turn, or what a function says.

import { METHODS, validateHeaderName, validateHeaderValue } from "node:http";
import { badOption } from "@brood/core";
import { choiceOption, objectOption, textOption } from "@brood/core/options";

/** One request; what is left out is as in the options of the probe. */
export interface ProbeRequest {
  /** Default GET, or POST with a body. */
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** @param turn  0 for a client's first request  @param client  0-based */
export type RequestOf = (turn: number, client: number) => ProbeRequest;

/** The methods that an ordinary answer comes to. */
const ANSWERED = METHODS.filter((method) => method !== "CONNECT");

/** A checked list is taken in turn, each client beginning at its own place; what a function gives is checked when it comes.
 *  @throws PoolError BROOD_BAD_OPTION */
export function requestsOption(requests: unknown, webSocket: boolean): RequestOf {
  if (requests === undefined) return () => ({});
  if (typeof requests === "function")
    return (turn, client) => requestOption("requests()", requests(turn, client), webSocket);
  const accepted = "a list of requests that is not empty, or a function that gives one";
  if (!Array.isArray(requests) || requests.length === 0) throw badOption("requests", requests, accepted);
  const list = requests.map((each, index) => requestOption(`requests[${index}]`, each, webSocket));
  return (turn, client) => list[(turn + client) % list.length] ?? {};
}

function requestOption(option: string, value: unknown, webSocket: boolean): ProbeRequest {
  const keys = webSocket ? ["body"] : ["method", "path", "headers", "body"];
  objectOption(option, value, keys, `an object with ${keys.join(", ")}`);
  const { method, path, headers, body }: Record<string, unknown> = { ...value };
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array))
    throw badOption(`${option}.body`, body, "a string or bytes");
  const checked = {
    method: method === undefined ? undefined : choiceOption(`${option}.method`, method, ANSWERED, "GET"),
    path: pathOption(`${option}.path`, path),
    headers: headersOption(`${option}.headers`, headers),
    body,
  };
  return Object.fromEntries(Object.entries(checked).filter(([, each]) => each !== undefined));
}

/** What node:http takes without escaping; it would throw at the first request otherwise. @throws PoolError BROOD_BAD_OPTION */
export function pathOption(option: string, value: unknown): string | undefined {
  const path = textOption(option, value);
  if (path !== undefined && !/^\/[\x21-\xff]*$/.test(path))
    throw badOption(option, path, 'a path that begins with "/", spaces and the like escaped');
  return path;
}

/** @throws PoolError BROOD_BAD_OPTION */
export function headersOption(option: string, value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null) throw badOption(option, value, "an object of headers");
  const headers = Object.entries(value).map(([name, text]): [string, string] => {
    try {
      validateHeaderName(name);
      validateHeaderValue(name, text);
    } catch {
      throw badOption(`${option}.${name}`, text, "a valid name and value of an HTTP header");
    }
    return [name, String(text)];
  });
  return Object.fromEntries(headers);
}
