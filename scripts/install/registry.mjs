// A package registry on this machine that has the three packages as they would be published, and answers everything else
// from the registry that npm is set to. So a package manager resolves, fetches and checks them as it would any other.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";

/** npm's own setting, without the slash at its end. */
function upstream() {
  const { stdout } = spawnSync("npm", ["config", "get", "registry"], { encoding: "utf8" });
  return stdout.trim().replace(/\/$/, "");
}

/** The document of one package with one version. */
function packument(tarball, origin) {
  const { stdout } = spawnSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" });
  const manifest = JSON.parse(stdout);
  const bytes = readFileSync(tarball);
  const dist = {
    tarball: `${origin}/tarballs/${basename(tarball)}`,
    shasum: createHash("sha1").update(bytes).digest("hex"),
    integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
  };
  const { name, version } = manifest;
  const _id = `${name}@${version}`;
  return {
    ...{
      _id: name,
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, _id, dist } },
    },
    // Package managers that wait some days before they trust a version look at it.
    time: {
      created: "2026-01-01T00:00:00.000Z",
      modified: "2026-01-01T00:00:00.000Z",
      [version]: "2026-01-01T00:00:00.000Z",
    },
  };
}

/**
 * @param {readonly string[]} tarballs
 * @returns {Promise<{ origin: string, close(): void }>} `origin` without a slash at its end
 */
export async function startRegistry(tarballs) {
  const above = upstream();
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  const packages = new Map(tarballs.map((file) => [file, packument(file, origin)]));

  async function answer(request, response) {
    const path = decodeURIComponent(request.url);
    const tarball = tarballs.find((file) => path === `/tarballs/${basename(file)}`);
    if (tarball !== undefined) return void response.end(readFileSync(tarball));
    const own = [...packages.values()].find(({ name }) => path === `/${name}`);
    if (own !== undefined)
      return void response.setHeader("content-type", "application/json").end(JSON.stringify(own));
    const { accept = "*/*" } = request.headers;
    const got = await fetch(above + request.url, { method: request.method, headers: { accept } });
    response.writeHead(got.status, { "content-type": got.headers.get("content-type") ?? "application/json" });
    response.end(Buffer.from(await got.arrayBuffer()));
  }
  return { origin, close: () => void server.close().closeAllConnections() };
}
