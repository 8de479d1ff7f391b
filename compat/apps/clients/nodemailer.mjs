import express from "express";
import nodemailer from "nodemailer";

const transporter = nodemailer.createTransport({ host: "127.0.0.1", port: 9, pool: true });
transporter.verify().catch((err) => console.log(err.message));

const app = express();
app.get("/", (req, res) => res.send(`${transporter.isIdle()} compat-1`));
app.listen(process.env.PORT);
