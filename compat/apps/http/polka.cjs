const polka = require("polka");

polka()
  .use((req, res, next) => {
    req.hello = "compat-1";
    next();
  })
  .get("/", (req, res) => res.end(`Hello, ${req.hello}`))
  .listen(process.env.PORT || 3000, (err) => {
    if (err) throw err;
    console.log("> Running");
  });
