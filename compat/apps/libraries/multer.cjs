const express = require("express");
const multer = require("multer");
const os = require("node:os");

const upload = multer({ dest: os.tmpdir() });
const app = express();
app.post("/", upload.single("avatar"), (req, res) => res.send(`${req.file.size} bytes compat-1`));
app.listen(process.env.PORT);
