const express = require("express");
const session = require("express-session");

const app = express();
app.use(session({ secret: "keyboard cat", resave: false, saveUninitialized: true }));
app.get("/", (req, res) => {
  req.session.views = (req.session.views || 0) + 1;
  res.send(`id=${req.sessionID} compat-1`);
});
app.listen(process.env.PORT);
