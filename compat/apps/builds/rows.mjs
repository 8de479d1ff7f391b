// Frameworks that are built once, into the cache; a deploy changes what was built.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const NO_CHDIR = { refused: "process.chdir()", because: "Node has no process.chdir() in threads" };
const react = { react: "19.3.1", "react-dom": "19.3.1" };
const next = {
  ...{
    place: "next",
    packages: { next: "16.4.6" },
    with: react,
    files: ["next/"],
    build: [["npx", "next", "build"]],
  },
  ...{ path: "/version" },
};
const router = "7.18.5";

export const rows = [
  {
    ...{ name: "next-start", ...next, entry: "node_modules/.bin/next", args: ["start", "-p", "{port}"] },
    ...{ changes: [".next/server"], ...RUNS },
  },
  {
    ...{ name: "next-custom-server", ...next, entry: "server.mjs", changes: [".next/server"], ...RUNS },
  },
  {
    ...{ name: "next-standalone", ...next, entry: ".next/standalone/server.js" },
    ...{ changes: [".next/standalone/.next/server"], ...RUNS, thread: NO_CHDIR },
  },
  {
    ...{
      name: "nuxt",
      packages: { nuxt: "4.4.2" },
      files: ["nuxt/"],
      build: [["npx", "nuxt", "build"]],
      type: "module",
    },
    ...{ entry: ".output/server/index.mjs", changes: [".output/server"], ...NOT_RUN },
  },
  {
    ...{ name: "sveltekit", packages: { "@sveltejs/kit": "2.70.4" }, type: "module", files: ["sveltekit/"] },
    with: {
      ...{
        "@sveltejs/adapter-node": "5.5.7",
        "@sveltejs/vite-plugin-svelte": "7.3.1",
        svelte: "5.57.3",
        vite: "8.4.0",
      },
    },
    ...{ build: [["npx", "vite", "build"]], entry: "build/index.js", changes: ["build/server"], ...NOT_RUN },
  },
  {
    ...{
      name: "astro",
      packages: { astro: "5.18.2" },
      with: { "@astrojs/node": "9.5.5" },
      files: ["astro/"],
    },
    ...{
      build: [["npx", "astro", "build"]],
      entry: "dist/server/entry.mjs",
      changes: ["dist/server"],
      ...NOT_RUN,
    },
  },
  {
    ...{
      name: "react-router",
      packages: { "@react-router/serve": router },
      type: "module",
      files: ["react-router/"],
    },
    with: {
      ...{ ...react, "react-router": router, "@react-router/node": router, "@react-router/dev": router },
      ...{ vite: "7.3.8", isbot: "5.2.3" },
    },
    ...{ build: [["npx", "react-router", "build"]], entry: "node_modules/.bin/react-router-serve" },
    ...{ args: ["./build/server/index.js"], changes: ["build/server"], ...NOT_RUN },
  },
  {
    ...{
      name: "vite-ssr",
      packages: { vite: "8.4.0" },
      with: { express: "5.3.0" },
      type: "module",
      files: ["vite-ssr/"],
    },
    build: [["npx", "vite", "build", "--ssr", "src/entry-server.js", "--outDir", "dist/server"]],
    ...{ entry: "server.js", changes: ["dist/server"], ...RUNS },
  },
  {
    ...{ name: "adonis", packages: { "@adonisjs/core": "6.21.0" }, type: "module", files: ["adonis/"] },
    ...{
      env: { APP_KEY: "an-application-key-of-32-characters" },
      entry: "bin/server.js",
      changes: ["start"],
      ...NOT_RUN,
    },
  },
];
