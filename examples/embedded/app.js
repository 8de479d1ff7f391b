/** @param {import("node:http").IncomingMessage} _request @param {import("node:http").ServerResponse} response */
export default function app(_request, response) {
  response.end("Hello from an embedded server\n");
}
