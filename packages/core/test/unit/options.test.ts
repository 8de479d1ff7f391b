import { describe, expect, it } from "vitest";
import { createService, createTaskPool } from "../../src/index.ts";
import { objectOption } from "../../src/options.ts";
import { checkRestartOptions } from "../../src/restart-options.ts";

describe("an option that is an object", () => {
  it.each([
    [
      "recycle",
      { requsts: 1 },
      "option recycle.requsts: got 1, expected one of requests (did you mean requests?)",
    ],
    ["", { requsts: 1 }, "option requsts: got 1, expected one of requests (did you mean requests?)"],
    ["", { entirely: 1 }, "option entirely: got 1, expected one of requests"],
    ["recycle", null, "option recycle: got null, expected an object"],
    ["recycle", "often", 'option recycle: got "often", expected an object'],
    [
      "recycle",
      new Map([["requests", 1]]),
      "option recycle: got an object, expected a plain object, not one of class Map: its own fields are read",
    ],
    [
      "",
      new (class Config {
        get requests() {
          return 1;
        }
      })(),
      "option options: got an object, expected a plain object, not one of class Config: its own fields are read",
    ],
    ["", ["requests"], "option options: got an array, expected an object"],
  ])("is refused by name: %s %j", (option, value, message) => {
    expect(() => objectOption(option, value, ["requests"])).toThrow(
      expect.objectContaining({ code: "BROOD_BAD_OPTION", message }),
    );
  });

  it("is refused by name where a getter of it throws", () => {
    const options = {
      get requests() {
        throw new Error("no");
      },
    };
    const message = 'option requests: got "a getter that throws no", expected a value';
    expect(() => objectOption("", options, ["requests"])).toThrow(expect.objectContaining({ message }));
  });

  it.each([
    ["env", new Map([["PATH", "/bin"]])],
    ["env", null],
    ["env", ["PATH=/bin"]],
    ["env.PATH", { PATH: 7 }, "env"],
    ["logger", null],
    ["logger", { info() {} }],
    ["recycle", null],
    ["recycle", new Map()],
    ["resourceLimits", null],
  ])("%s %o is refused by name, for pools and services", (option, value, key = option) => {
    const refused = expect.objectContaining({
      code: "BROOD_BAD_OPTION",
      message: expect.stringContaining(`option ${option}: `),
    });
    const entry = { entry: "/srv/app.js", runtime: "thread", [key]: value };
    expect(() => createService(entry as never)).toThrow(refused);
    expect(() => createTaskPool({ filename: "/srv/tasks.js", [key]: value } as never)).toThrow(refused);
  });

  it("healthCheck and batching null are refused by name", () => {
    const refused = (option: string) =>
      expect.objectContaining({ message: expect.stringContaining(`option ${option}: got null`) });
    expect(() => createService({ entry: "/a.js", healthCheck: null } as never)).toThrow(
      refused("healthCheck"),
    );
    expect(() => createTaskPool({ filename: "/a.js", batching: null } as never)).toThrow(refused("batching"));
  });

  // What a JavaScript user may pass where a configuration is expected.
  const notOptions = ["/srv/app.js", null, 7] as unknown as readonly never[];

  it.each(notOptions)("is asked for by everything that takes one: %j", (value) => {
    const refused = expect.objectContaining({ code: "BROOD_BAD_OPTION" });
    expect(() => createService(value)).toThrow(refused);
    expect(() => createTaskPool(value)).toThrow(refused);
    expect(() => checkRestartOptions(value, "/srv", [])).toThrow(refused);
  });
});
