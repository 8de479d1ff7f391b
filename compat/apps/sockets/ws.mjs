import { WebSocketServer } from "ws";

const wss = new WebSocketServer({ port: Number(process.env.PORT ?? 8080) });

wss.on("connection", (ws) => {
  ws.on("error", console.error);
  ws.on("message", (data) => ws.send(`received: ${data} compat-1`));
});
