import { defineConfig } from "vitest/config";

/** `unit` runs in this process, pure code and fakes of time only; `process` starts real processes, one file at a time. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["packages/*/test/unit/**/*.test.ts"] } },
      {
        test: {
          name: "process",
          include: ["packages/*/test/process/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
