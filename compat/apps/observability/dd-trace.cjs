const express = require("express");

const app = express();
app.get("/", (req, res) => res.send("compat-1"));
app.listen(process.env.PORT);
