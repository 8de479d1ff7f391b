import express from "express";
import mqtt from "mqtt";

const client = mqtt.connect("mqtt://127.0.0.1:9");
client.on("connect", () => client.subscribe("presence"));
client.on("error", () => {});

const app = express();
app.get("/", (req, res) => res.send(`${client.connected} compat-1`));
app.listen(process.env.PORT);
