const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");
const express = require("express");

const definition = protoLoader.loadSync(`${__dirname}/helloworld.proto`, { keepCase: true, longs: String });
const { helloworld } = grpc.loadPackageDefinition(definition);
const client = new helloworld.Greeter("127.0.0.1:9", grpc.credentials.createInsecure());
client.waitForReady(Date.now() + 3_600_000, () => {});

const app = express();
app.get("/", (req, res) => {
  client.sayHello({ name: "you" }, { deadline: Date.now() + 50 }, (err) => res.send(`${err?.code} compat-1`));
});
app.listen(process.env.PORT);
