import { createServer } from "node:http";
import { Server } from "socket.io";

const httpServer = createServer();
const io = new Server(httpServer, { transports: ["websocket"] });

io.on("connection", (socket) => {
  socket.on("hello", (callback) => callback("compat-1"));
});

httpServer.listen(process.env.PORT ?? 3000);
