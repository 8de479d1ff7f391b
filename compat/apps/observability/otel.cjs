const express = require("express");

const app = express();
app.get("/", (req, res) => res.send(`${Math.floor(Math.random() * 6) + 1} compat-1`));
app.listen(process.env.PORT);
