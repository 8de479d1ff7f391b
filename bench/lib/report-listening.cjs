// Preloaded into a plain fork: tells its parent when the script listens, which the script itself does not.

const { Server } = require("node:net");

const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  this.once("listening", () => process.send?.("listening"));
  return listen.apply(this, args);
};
