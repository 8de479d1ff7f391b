// A request to the control socket, without starting the command for it: a process for each look at a server would be most
// of what a test costs.

import { request } from "node:http";
import type { ServiceStats } from "@brood/core";

type Answer = Record<string, unknown>;

export function post(control: string, path: string, body: Readonly<Answer> = {}): Promise<Answer> {
  return ask(control, "POST", path, JSON.stringify(body));
}

export async function statsOf(control: string): Promise<ServiceStats> {
  return (await ask(control, "GET", "/stats", "")) as unknown as ServiceStats;
}

function ask(control: string, method: "GET" | "POST", path: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: control, path, method, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text === "" ? "{}" : text));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    asked.on("error", reject).end(body);
  });
}
