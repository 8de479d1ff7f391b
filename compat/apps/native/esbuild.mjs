import * as esbuild from "esbuild";
import express from "express";

const { code } = await esbuild.transform("let x: number = 1", { loader: "ts" });

const app = express();
app.get("/", async (req, res) => {
  const result = await esbuild.transform("const y: string = 'compat-1'; export default y", { loader: "ts" });
  res.send(`${code} ${result.code}`);
});
app.listen(process.env.PORT);
