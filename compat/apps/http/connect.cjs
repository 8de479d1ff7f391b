const connect = require("connect");
const http = require("node:http");

const app = connect();
app.use("/", (req, res) => res.end("Hello from Connect! compat-1\n"));

http.createServer(app).listen(process.env.PORT);
