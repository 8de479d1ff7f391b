const express = require("express");
const path = require("node:path");

const app = express();
app.set("port", process.env.PORT || 3000);
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.use(express.static(path.join(__dirname, "public")));
app.get("/", (req, res) => res.json({ title: "Express", version: "compat-1" }));

if (require.main === module) app.listen(app.get("port"));
module.exports = app;
