// An ordinary server that knows nothing of Brood: `node server.js` starts it too.

import { createServer } from "node:http";

const server = createServer((_request, response) => {
  response.end("Hello from a plain script\n");
});

server.listen(process.env.PORT ?? 3000);
