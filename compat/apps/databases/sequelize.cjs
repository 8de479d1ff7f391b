const express = require("express");
const { DataTypes, Sequelize } = require("sequelize");

const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false });
const User = sequelize.define("User", { firstName: { type: DataTypes.STRING } });

const app = express();
app.get("/", async (req, res) => res.json({ users: await User.count(), version: "compat-1" }));

async function main() {
  await sequelize.authenticate();
  await User.sync();
  app.listen(process.env.PORT);
}

main();
