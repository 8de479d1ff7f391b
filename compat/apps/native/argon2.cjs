const argon2 = require("argon2");
const express = require("express");

argon2.hash("password", { timeCost: 2, memoryCost: 1024 }).then((hash) => {
  const app = express();
  app.get("/", async (req, res) => res.send(`${await argon2.verify(hash, "password")} compat-1`));
  app.listen(process.env.PORT);
});
