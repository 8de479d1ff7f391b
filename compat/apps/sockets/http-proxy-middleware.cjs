const express = require("express");
const { createProxyMiddleware, responseInterceptor } = require("http-proxy-middleware");

const app = express();
app.use(
  createProxyMiddleware({
    target: process.env.UPSTREAM_URL,
    changeOrigin: true,
    selfHandleResponse: true,
    on: { proxyRes: responseInterceptor(async (buffer) => `${buffer.toString("utf8")} compat-1`) },
  }),
);
app.listen(process.env.PORT);
