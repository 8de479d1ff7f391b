// One session; after a GOAWAY the next request opens another, as clients do.
import { connect as open } from "node:http2";

export async function connect(port) {
  let session;
  const current = () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = open(`http://127.0.0.1:${port}`);
      session.on("error", () => {});
      session.once("goaway", function () {
        if (session === this) session = undefined;
      });
    }
    return session;
  };
  const ask = () =>
    new Promise((resolve, reject) => {
      const stream = current().request({ ":path": "/" });
      let text = "";
      stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      stream
        .on("end", () => resolve(text))
        .on("error", reject)
        .end();
    });
  return { ask, close: () => session?.close() };
}
