const express = require("express");
const { Kafka, logLevel } = require("kafkajs");

const kafka = new Kafka({ clientId: "my-app", brokers: ["127.0.0.1:9"], logLevel: logLevel.NOTHING });
const producer = kafka.producer();
producer.connect().catch((err) => console.log(err.message));

const app = express();
app.get("/", (req, res) => res.send("compat-1"));
app.listen(process.env.PORT);
