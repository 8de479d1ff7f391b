// `module.register` starts a thread that loads ES modules for this one. It is held like any thread: so its hooks see what a worker
// imports, and nothing of what was imported before. `module.registerHooks` has no thread, and is not held.

import module, { syncBuiltinESMExports } from "node:module";
import type { HeldThings } from "./held-things.ts";

type Register = (this: unknown, ...parameters: unknown[]) => unknown;

export function holdModuleHooks(held: HeldThings): void {
  const registerOfNode: unknown = Reflect.get(module, "register");
  if (typeof registerOfNode !== "function") return;
  const register: Register = function (...parameters) {
    if (!held.isHolding) return Reflect.apply(registerOfNode, this, parameters);
    const what = `the module hooks ${String(parameters[0])}`;
    process.stderr.write(
      `brood: ${what} are registered in each worker; what the template has imported by then, or imports, does not go through them. ` +
        "Use module.registerHooks, or template: { hold: false }.\n",
    );
    held.hold({
      kind: "hooks",
      what,
      isWanted: () => true,
      perform: () => void Reflect.apply(registerOfNode, this, parameters),
      failed: (error) => {
        process.nextTick(() => {
          throw error;
        });
      },
    });
    return undefined;
  };
  Reflect.set(module, "register", register);
  syncBuiltinESMExports();
}
