// The releases that a strategy has to run: entries of the engine's plain host (`host: null`), each with one behaviour.

/** serves: lives, echoes what is posted to it, drains at once. blocks: never yields again once it is posted to. throws:
 *  cannot be loaded. exits: prints 30 lines to stderr and leaves with code 7 while it is loaded. */
export type ReleaseBehaviour = "serves" | "blocks" | "throws" | "exits";

/** How a worker that serves answers "where": with what it got of its surroundings. */
export interface Surroundings {
  readonly cwd: string;
  readonly given: string | undefined;
  readonly removed: string | undefined;
}

/** Its value must arrive; the other must not, though the supervisor has it. */
export const GIVEN_ENV = "CONTRACT_GIVEN";
export const REMOVED_ENV = "CONTRACT_REMOVED";

export const BOOT_ERROR = "contract: no database";
export const EXIT_CODE = 7;
export const LINES = 30;

export const SOURCES: Readonly<Record<ReleaseBehaviour, string>> = {
  serves: `export default ({ post }) => ({
    message: (payload) => post(payload !== "where" ? payload : {
      cwd: process.cwd(),
      given: process.env.${GIVEN_ENV},
      removed: process.env.${REMOVED_ENV},
    }),
  });`,
  blocks: `export default ({ post }) => ({
    message: () => {
      post("blocked from now on");
      for (;;);
    },
  });`,
  throws: `throw new Error("${BOOT_ERROR}");`,
  exits: `for (let line = 1; line <= ${LINES}; line += 1) process.stderr.write("line " + line + "\\n");
    process.exit(${EXIT_CODE});`,
};
