const express = require("express");
const morgan = require("morgan");

const app = express();
app.use(morgan("combined"));
app.get("/", (req, res) => res.send("hello, world! compat-1"));
app.listen(process.env.PORT);
