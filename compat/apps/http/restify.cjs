const restify = require("restify");

function respond(req, res, next) {
  res.send(`hello ${req.params.name} compat-1`);
  next();
}

const server = restify.createServer();
server.get("/hello/:name", respond);
server.get("/", (req, res, next) => {
  res.send("compat-1");
  next();
});
server.listen(process.env.PORT, () => console.log("%s listening at %s", server.name, server.url));
