// A request to the control socket, without starting the command for it.

import { request } from "node:http";

export function post(
  control: string,
  path: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: control, path, method: "POST" }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(JSON.parse(text === "" ? "{}" : text));
        else reject(new Error(`POST ${path}: ${response.statusCode} ${text}`));
      });
    });
    asked.on("error", reject).end(JSON.stringify(body));
  });
}
