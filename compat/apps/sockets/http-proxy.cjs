const http = require("node:http");
const httpProxy = require("http-proxy");

const target = http.createServer((req, res) =>
  res.end(`request successfully proxied to: ${req.url} compat-1`),
);
target.listen(0, "127.0.0.1", () => {
  const proxy = httpProxy.createProxyServer({ target: { host: "127.0.0.1", port: target.address().port } });
  proxy.listen(Number(process.env.PORT));
});
