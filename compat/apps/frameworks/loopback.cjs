const { RestApplication } = require("@loopback/rest");

async function main() {
  const app = new RestApplication({ rest: { port: Number(process.env.PORT), gracePeriodForClose: 5000 } });
  app.route("get", "/hello", { responses: { 200: { description: "hello" } } }, () => "hello compat-1");
  await app.start();
}

main();
