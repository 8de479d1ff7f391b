// Addons in C, C++ and Rust; files with locks.

const RUNS = { fresh: "runs", template: "runs", thread: "runs" };
const NOT_RUN = { fresh: "not yet run", template: "not yet run", thread: "not yet run" };
const express = "5.3.0";

const LOCKED = {
  refused: "a lock (POSIX) on",
  because: "the database locks a file: open it in onWorkerBoot",
};
const ONE_PROCESS = { refused: "LEVEL_LOCKED", because: "LevelDB opens a database once" };
const CRASHES = {
  differs: "the process ended without a word once threads that had used the addon were gone",
};

/** One folder for all of them. */
export const place = "native";

export const rows = [
  {
    ...{
      name: "better-sqlite3",
      place: "better-sqlite3",
      packages: { "better-sqlite3": "12.11.1" },
      with: { express },
    },
    ...{ files: ["better-sqlite3.cjs"], entry: "better-sqlite3.cjs", ...NOT_RUN },
  },
  {
    ...{
      name: "level",
      packages: { level: "10.0.0" },
      with: { express },
      note: "LevelDB lets one process in: no server of several workers",
    },
    ...{
      files: ["level.cjs"],
      entry: "level.cjs",
      ...RUNS,
      fresh: ONE_PROCESS,
      template: LOCKED,
      thread: ONE_PROCESS,
    },
  },
  {
    ...{
      name: "lmdb",
      packages: { lmdb: "3.5.6" },
      with: { express },
      files: ["lmdb.mjs"],
      entry: "lmdb.mjs",
      ...RUNS,
      template: LOCKED,
    },
  },
  {
    ...{
      name: "sharp",
      packages: { sharp: "0.35.5" },
      with: { express },
      files: ["sharp.cjs"],
      entry: "sharp.cjs",
      ...RUNS,
    },
  },
  {
    ...{
      name: "esbuild",
      packages: { esbuild: "0.28.2" },
      with: { express },
      files: ["esbuild.mjs"],
      entry: "esbuild.mjs",
      ...RUNS,
    },
  },
  {
    ...{
      name: "swc",
      packages: { "@swc/core": "1.16.22" },
      with: { express },
      files: ["swc.cjs"],
      entry: "swc.cjs",
      ...RUNS,
      thread: CRASHES,
    },
  },
  {
    ...{
      name: "bcrypt",
      packages: { bcrypt: "6.0.0" },
      with: { express },
      files: ["bcrypt.cjs"],
      entry: "bcrypt.cjs",
      ...RUNS,
    },
  },
  {
    ...{
      name: "argon2",
      packages: { argon2: "0.45.1" },
      with: { express },
      files: ["argon2.cjs"],
      entry: "argon2.cjs",
      ...RUNS,
    },
  },
];
