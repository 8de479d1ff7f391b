// Run by orphan-claim.ts: starts one worker with the strategy under test, says its pid, and waits to be killed.

import { type CreateStrategy, Stage } from "./stage.ts";

const module: { readonly create: CreateStrategy } = await import(String(process.argv[2]));

await Stage.run(
  module.create,
  () => ({}),
  async (stage) => {
    const worker = await stage.ready(1, "serves");
    process.send?.(worker.pid);
    await new Promise<never>(() => {});
  },
);
