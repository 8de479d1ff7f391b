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

  // What a JavaScript user may pass where a configuration is expected.
  const notOptions = ["/srv/app.js", null, 7] as unknown as readonly never[];

  it.each(notOptions)("is asked for by everything that takes one: %j", (value) => {
    const refused = expect.objectContaining({ code: "BROOD_BAD_OPTION" });
    expect(() => createService(value)).toThrow(refused);
    expect(() => createTaskPool(value)).toThrow(refused);
    expect(() => checkRestartOptions(value, "/srv", [])).toThrow(refused);
  });
});
