import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/longest-first.ts";

/** The engine's own sources instead of its build, so that a unit test needs no build and can put a defect into one. */
const engine = fileURLToPath(new URL("packages/core/src/engine.ts", import.meta.url));
const handoff = fileURLToPath(new URL("packages/http-adapter/src/handoff/index.ts", import.meta.url));

const SOURCES = { "@brood/core/engine": engine, "@brood/http-adapter/handoff": handoff };

/** Random runs for as long as SIMULATION_SECONDS says: beside real processes, which leave it cores enough. */
const SIMULATION = "packages/testing/test/unit/simulation.test.ts";

/** Put something of theirs in the place of a module, so that each needs its modules for itself. The mutants take half a
 *  minute: beside real processes too. */
const PATCHING = [
  "core/test/unit/health",
  "testing/test/unit/mutants",
  "testing/test/unit/slot-socket-twin",
].map((name) => `packages/${name}.test.ts`);

/** Real processes are what two cores bear; every test waits for events, so one that is slowed down is only late.
 *  BROOD_TEST_FILES is for machines with more of them. */
const FILES_AT_ONCE = Number(process.env["BROOD_TEST_FILES"] ?? 2);

/** Every check of services that says nothing of how workers come to be. Not here: files with rows for both of their own,
 *  and those that start no worker of a service. */
const TEMPLATE_FILES = {
  core: ["service", "service-releases", "release-folder", "service-faults", "compile-cache", "wire"],
  "http-adapter": [
    ...[
      "draining",
      "faults",
      "go-back",
      "handoff-connection",
      "handoff-reuseport",
      "idle-connections",
      "pid-one",
    ],
    ...["programs", "scripts", "serve", "signals", "socket-io", "supervision", "systemd", "trial"],
  ],
};

/** The one that holds the most; all of them with BROOD_TEST_TEMPLATE=all, as `pnpm test:template` and `test:nodes` have it. */
function templateFiles(which: string | undefined): string[] {
  const main = "packages/http-adapter/test/process/seed.test.ts";
  if (which !== "all") return [main];
  const others = Object.entries(TEMPLATE_FILES).flatMap(([folder, names]) =>
    names.map((name) => `packages/${folder}/test/process/${name}.test.ts`),
  );
  return [main, ...others];
}

/** `unit`, `unit-patching` and `simulation` run in this process, pure code and fakes of time only; `process` starts real
 *  processes, two files at a time, since they mostly wait; `template` repeats checks of it with workers that are forked from a template. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        resolve: { alias: SOURCES },
        test: {
          name: "unit",
          include: ["packages/*/test/unit/**/*.test.ts", "compat/test/page.test.mjs"],
          exclude: [SIMULATION, ...PATCHING],
          // Nothing of them is left behind, so that files may share a process: 36 s instead of 62.
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        resolve: { alias: SOURCES },
        test: {
          name: "unit-patching",
          include: PATCHING,
          sequence: { groupOrder: 1 },
          maxWorkers: FILES_AT_ONCE,
        },
      },
      {
        resolve: { alias: SOURCES },
        test: {
          name: "simulation",
          include: [SIMULATION],
          sequence: { groupOrder: 1 },
          maxWorkers: FILES_AT_ONCE,
        },
      },
      {
        test: {
          name: "process",
          sequence: { groupOrder: 1 },
          globalSetup: ["scripts/leave-no-trace.ts"],
          env: { NODE_DISABLE_COMPILE_CACHE: "1" },
          include: ["packages/*/test/process/**/*.test.ts", "compat/test/rows.test.mjs"],
          maxWorkers: FILES_AT_ONCE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "template",
          sequence: { groupOrder: 1 },
          globalSetup: ["scripts/leave-no-trace.ts"],
          env: { NODE_DISABLE_COMPILE_CACHE: "1", BROOD_TEST_SPAWN: "template" },
          include: templateFiles(process.env["BROOD_TEST_TEMPLATE"]),
          maxWorkers: FILES_AT_ONCE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
