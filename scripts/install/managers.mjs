// The package managers as rows: what is run to install, what stands in the project, and how a program of it is started.
// Each comes from the registry by npx, at a version of its own.

/** `npx` arguments before a command of that package. */
const via = (spec, command) => ["npx", "-y", "-p", spec, command];

const RUN_BIN = ["node_modules/.bin/brood"];

/** `files`: of the project. `install`: commands, in order. `node`: what starts a script, where that is not Node itself. */
export const MANAGERS = [
  { name: "npm 11", install: [[...via("npm@11", "npm"), "install"]] },
  { name: "npm 12", install: [[...via("npm@12", "npm"), "install"]] },
  {
    name: "npm 12, --ignore-scripts --omit=optional",
    install: [[...via("npm@12", "npm"), "install", "--ignore-scripts", "--omit=optional"]],
  },
  { name: "pnpm 10", install: [[...via("pnpm@10", "pnpm"), "install"]] },
  { name: "pnpm 12", install: [[...via("pnpm@12", "pnpm"), "install"]] },
  { name: "yarn 1", install: [[...via("yarn@1", "yarn"), "install", "--no-progress"]] },
  {
    name: "yarn 4, node-modules",
    files: { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" },
    install: [[...via("@yarnpkg/cli-dist@4", "yarn"), "install"]],
  },
  {
    name: "yarn 4, Plug'n'Play",
    files: { ".yarnrc.yml": "nodeLinker: pnp\n", "yarn.lock": "" },
    install: [[...via("@yarnpkg/cli-dist@4", "yarn"), "install"]],
    start: [...via("@yarnpkg/cli-dist@4", "yarn"), "node"],
  },
  { name: "bun", install: [[...via("bun@1", "bun"), "install"]] },
];

/** What every manager is told by the environment: where the packages are, and to keep everything in this folder. */
export function environmentOf(origin, home) {
  return {
    npm_config_registry: origin,
    npm_config_cache: `${home}/npm`,
    npm_config_userconfig: `${home}/npmrc`,
    npm_config_update_notifier: "false",
    pnpm_config_registry: origin,
    YARN_REGISTRY: origin,
    YARN_NPM_REGISTRY_SERVER: origin,
    YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    YARN_ENABLE_TELEMETRY: "false",
    YARN_GLOBAL_FOLDER: `${home}/yarn`,
    YARN_CACHE_FOLDER: `${home}/yarn-cache`,
    BUN_CONFIG_REGISTRY: origin,
    BUN_INSTALL_CACHE_DIR: `${home}/bun`,
    XDG_DATA_HOME: `${home}/data`,
    XDG_CACHE_HOME: `${home}/cache`,
    HOME: home,
  };
}

export { RUN_BIN };
