import { setFlagsFromString } from "node:v8";
import { expect, it, onTestFinished } from "vitest";
import { setFlagUnlessGiven } from "../../src/worker/v8-flag.ts";

/** A flag whose effect shows at once: V8's own calls in JavaScript. */
const FLAG = "--allow-natives-syntax";
let looks = 0;
/** Another source each time, or V8 finds it compiled already. */
const isSet = (): boolean => {
  looks += 1;
  try {
    return typeof new Function(`%DebugPrint(${looks})`) === "function";
  } catch {
    return false;
  }
};

it.each([
  [[], undefined, true],
  [["--inspect-port=0"], undefined, true],
  [["--allow-natives-syntax"], undefined, false],
  [["--allow_natives_syntax=false"], undefined, false],
  [["--no-lazy"], "--no-lazy", false],
] as const)("with execArgv %j and %s looked for, the flag is set: %s", (given, name, expected) => {
  const before = process.execArgv;
  process.execArgv = [...given];
  onTestFinished(() => {
    process.execArgv = before;
    setFlagsFromString("--no-allow-natives-syntax");
  });
  setFlagUnlessGiven(FLAG, name);
  expect(isSet()).toBe(expected);
});
