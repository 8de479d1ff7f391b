import { Agent, request } from "node:https";

export async function connect(port) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const ask = () =>
    new Promise((resolve, reject) => {
      const asked = request({ port, host: "127.0.0.1", agent }, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve(text);
      });
      asked.on("error", reject).end();
    });
  return { ask, close: () => agent.destroy() };
}
