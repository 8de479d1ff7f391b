const bcrypt = require("bcrypt");
const express = require("express");

const hash = bcrypt.hashSync("s0/\\/\\P4$$w0rD", 4);

const app = express();
app.get("/", async (req, res) => res.send(`${await bcrypt.compare("s0/\\/\\P4$$w0rD", hash)} compat-1`));
app.listen(process.env.PORT);
