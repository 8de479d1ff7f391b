const express = require("express");
const session = require("express-session");
const passport = require("passport");
const LocalStrategy = require("passport-local");

passport.use(
  new LocalStrategy((username, password, cb) => {
    if (password !== "secret") return cb(null, false, { message: "Incorrect username or password." });
    return cb(null, { id: 1, username });
  }),
);
passport.serializeUser((user, cb) => process.nextTick(() => cb(null, user)));
passport.deserializeUser((user, cb) => process.nextTick(() => cb(null, user)));

const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(session({ secret: "keyboard cat", resave: false, saveUninitialized: false }));
app.use(passport.authenticate("session"));
app.post("/", passport.authenticate("local"), (req, res) => res.send(`hello ${req.user.username} compat-1`));
app.listen(process.env.PORT);
