import express from "express";

const app = express();
app.use("*all", async (req, res) => {
  const { render } = await import("./dist/server/entry-server.js");
  const { html } = await render(req.originalUrl);
  res.status(200).set({ "Content-Type": "text/html" }).send(html);
});
app.listen(process.env.PORT || 5173);
