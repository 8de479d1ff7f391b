import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The engine's own sources instead of its build, so that a unit test needs no build and can put a defect into one. */
const engine = fileURLToPath(new URL("packages/core/src/engine.ts", import.meta.url));
const handoff = fileURLToPath(new URL("packages/http-adapter/src/handoff/index.ts", import.meta.url));

/** `unit` runs in this process, pure code and fakes of time only; `process` starts real processes, one file at a time;
 *  `template` repeats the main checks of it with workers that are forked from a template. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias: { "@brood/core/engine": engine, "@brood/http-adapter/handoff": handoff } },
        test: { name: "unit", include: ["packages/*/test/unit/**/*.test.ts"] },
      },
      {
        test: {
          name: "process",
          globalSetup: ["scripts/leave-no-trace.ts"],
          env: { NODE_DISABLE_COMPILE_CACHE: "1" },
          include: ["packages/*/test/process/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "template",
          globalSetup: ["scripts/leave-no-trace.ts"],
          env: { NODE_DISABLE_COMPILE_CACHE: "1", BROOD_TEST_SPAWN: "template" },
          include: ["seed", "faults", "signals"].map(
            (name) => `packages/http-adapter/test/process/${name}.test.ts`,
          ),
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
