const swc = require("@swc/core");
const express = require("express");

const { code } = swc.transformSync("const a: number = 1", { jsc: { parser: { syntax: "typescript" } } });

const app = express();
app.get("/", async (req, res) => {
  const output = await swc.transform("const b: string = 'compat-1'", {
    jsc: { parser: { syntax: "typescript" } },
  });
  res.send(`${code} ${output.code}`);
});
app.listen(process.env.PORT);
