// Every form that writeHead takes its headers in, and every way around it.

import { createServer, get, type OutgoingHttpHeader, type ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { addToHead } from "../../src/worker/response-head.ts";

type Respond = (response: ServerResponse) => void;

const flat = ["Set-Cookie", "a=1", "X-Added", "theirs", "Set-Cookie", "b=2"];
const pairs: OutgoingHttpHeader[] = JSON.parse(
  '[["Set-Cookie","a=1"],["X-Added","theirs"],["Set-Cookie","b=2"]]',
);
const object = { "Set-Cookie": ["a=1", "b=2"], "X-Added": "theirs" };

describe("addToHead", () => {
  it.each<[string, Respond]>([
    ["an object", (response) => response.writeHead(200, object).end()],
    ["a reason and an object", (response) => response.writeHead(200, "Fine", object).end()],
    ["a flat list", (response) => response.writeHead(200, flat).end()],
    ["a list of pairs", (response) => response.writeHead(200, pairs).end()],
    [
      "setHeader",
      (response) => response.setHeader("Set-Cookie", ["a=1", "b=2"]).setHeader("x-added", "theirs").end(),
    ],
    [
      "setHeader and an object",
      (response) => response.setHeader("x-added", "theirs").writeHead(200, object).end(),
    ],
  ])("wins over %s, and keeps the rest", async (_, respond) => {
    const headers = await headersOf((response) => {
      addToHead(response, () => [["x-added", "ours"]]);
      respond(response);
    });
    expect(headers).toMatchObject({ "x-added": "ours", "set-cookie": ["a=1", "b=2"] });
  });

  it("leaves a head alone when there is nothing to add", async () => {
    const headers = await headersOf((response) => {
      addToHead(response, () => []);
      response.writeHead(200, object).end();
    });
    expect(headers).toMatchObject({ "x-added": "theirs" });
  });
});

function headersOf(respond: Respond): Promise<NodeJS.Dict<string | string[]>> {
  return new Promise((resolve, reject) => {
    const server = createServer((_request, response) => respond(response)).listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? address?.port : undefined;
      get({ host: "127.0.0.1", port, agent: false }, (response) => {
        response.resume().on("end", () => server.close(() => resolve(response.headers)));
      }).on("error", reject);
    });
  });
}
