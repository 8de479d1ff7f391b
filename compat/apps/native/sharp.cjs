const express = require("express");
const sharp = require("sharp");

const semiTransparentRed = { r: 255, g: 0, b: 0, alpha: 0.5 };

const app = express();
app.get("/", async (req, res) => {
  const image = sharp({ create: { width: 48, height: 48, channels: 4, background: semiTransparentRed } });
  const png = await image.png().toBuffer();
  res.send(`${png.length} bytes compat-1`);
});
app.listen(process.env.PORT);
