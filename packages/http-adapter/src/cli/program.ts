// The command line. `brood server.js` is `brood start server.js`. Each command's code is loaded when it runs, so that
// the server carries none of the clients' libraries. commander's own complaints become our one line and exit code 2.

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { EXIT_BAD_INPUT, reportError } from "./bad-input.ts";
import { passEarlySignalsOn } from "./early-signals.ts";
import { OPTION_ROWS, variableOf } from "./option-table.ts";
import type { CommandValues } from "./start-config.ts";

/** Runs one command. @returns its exit code; for `start`, when the server has stopped. */
export async function runCommand(parameters: readonly string[]): Promise<number> {
  let exitCode = 0;
  const settle = async (running: Promise<number>): Promise<void> => {
    exitCode = await running;
  };
  try {
    const { before, args } = splitAtDashes(parameters);
    await program(settle, args).parseAsync([...before], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error);
    if (error.exitCode === 0) return 0;
    process.stderr.write(`brood: ${complaint(error)}\n`);
    return EXIT_BAD_INPUT;
  }
}

const ENVIRONMENT_HELP = `
Each option can be set in the environment as well: ${variableOf("--boot-timeout")} for --boot-timeout, several values separated by
commas. The command line wins over the environment, the environment over the configuration file. \`brood config\` shows which
one decided. \`brood restart\` reads the file and the env files again.`;

type Settle = (running: Promise<number>) => Promise<void>;

/** What stands behind `--` is the script's own: `brood server.js -w 4 -- --greeting hi`. */
function splitAtDashes(parameters: readonly string[]): {
  readonly before: readonly string[];
  /** Null: there is no `--`. */
  readonly args: readonly string[] | null;
} {
  const at = parameters.indexOf("--");
  if (at < 0) return { before: parameters, args: null };
  return { before: parameters.slice(0, at), args: parameters.slice(at + 1) };
}

function program(settle: Settle, args: readonly string[] | null): Command {
  const root = new Command("brood");
  // What goes wrong is thrown, and said in runCommand.
  root.exitOverride().configureOutput({ writeErr: () => undefined });
  root.description("Serve an HTTP application on many workers and replace them without a dropped request.");
  root.version(version(), "-V, --version");
  root.hook("preAction", (_, command) => {
    const takesArguments = ["start", "config"].includes(command.name());
    if (args !== null && !takesArguments)
      command.error(`brood ${command.name()} takes no arguments of a script, got "-- ${args.join(" ")}"`);
    if (command.name() !== "start") passEarlySignalsOn();
  });
  addStart(root, settle, args);
  addRestart(root, settle);
  addStatus(root, settle);
  addScale(root, settle);
  addStop(root, settle);
  addConfig(root, settle, args);
  addBuildAddon(root, settle);
  return root;
}

function addStart(root: Command, settle: Settle, args: readonly string[] | null): void {
  const command = root
    .command("start [entry]", { isDefault: true })
    .description(
      "start a server in the foreground (same as: brood <entry>); behind -- the script's own arguments",
    )
    .usage("[entry] [options] [-- <arguments of the script>]")
    .addHelpText("after", ENVIRONMENT_HELP);
  addStartOptions(command).action(async (entry: string | undefined, values: CommandValues) => {
    const { start } = await import("./start.ts");
    await settle(start(entry, { ...values, args }));
  });
}

function addConfig(root: Command, settle: Settle, args: readonly string[] | null): void {
  const command = root
    .command("config [entry]")
    .description("print the configuration that `brood start` would use, and where each value comes from");
  addStartOptions(command)
    .option("--json", "print it as JSON")
    .action(async (entry: string | undefined, values: CommandValues) => {
      const { config } = await import("./config.ts");
      await settle(config(entry, { ...values, args }));
    });
}

function addStartOptions(command: Command): Command {
  command.option(
    "--config <file>",
    "paths in it are meant beside it; default: ./brood.config.{ts,mts,js,mjs,json} where present",
  );
  for (const row of OPTION_ROWS) {
    if (row.isRepeatable === true) command.option(row.flags, row.description, collect);
    else command.option(row.flags, row.description);
  }
  // After --control, or commander would take true for its default.
  command.option("--no-control", "no control socket: signals alone steer the server");
  command.option("--no-template-hold", "a connection or thread that the loading program opens is refused");
  command.option("--no-move-connections", "kept connections stay with their worker, and go with it");
  return command;
}

function addRestart(root: Command, settle: Settle): void {
  const command = root
    .command("restart")
    .description("phased restart: replace every worker, one after the other");
  addControlOptions(command)
    .option("--to <generation|entry>", "go back to an earlier generation's release, or to another entry")
    .option("--no-wait", "do not wait until it has ended")
    .option("--json", "print the result as JSON")
    .action(async (values: CommandValues) => {
      const { restart } = await import("./restart.ts");
      await settle(restart(values));
    });
}

function addStatus(root: Command, settle: Settle): void {
  addControlOptions(root.command("status").description("the server and its workers"))
    .option("--json", "print the stats document")
    .action(async (values: CommandValues) => {
      const { status } = await import("./status.ts");
      await settle(status(values));
    });
}

function addScale(root: Command, settle: Settle): void {
  addControlOptions(root.command("scale <workers>").description("more or fewer workers: n, +n or -n")).action(
    async (target: string, values: CommandValues) => {
      const { scale } = await import("./scale-and-stop.ts");
      await settle(scale(target, values));
    },
  );
}

function addStop(root: Command, settle: Settle): void {
  addControlOptions(
    root.command("stop").description("stop the server, workers answer what they have accepted"),
  )
    .option("--now", "kill the workers instead")
    .action(async (values: CommandValues) => {
      const { stop } = await import("./scale-and-stop.ts");
      await settle(stop(values));
    });
}

function addBuildAddon(root: Command, settle: Settle): void {
  root
    .command("build-addon")
    .description("compile the native addon for this machine, where no shipped binary loads")
    .option("--headers <folder>", "where node_api.h is; default: beside this Node, or of node-api-headers")
    .action(async (values: CommandValues) => {
      const { buildAddon } = await import("./build-addon.ts");
      await settle(Promise.resolve(buildAddon(values)));
    });
}

function addControlOptions(command: Command): Command {
  return command
    .option("--control <path>", "control socket of the server")
    .option("--name <name>", "name of the server (default: as `brood start` in this folder has it)");
}

function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}

function complaint(error: CommanderError): string {
  return error.message
    .replace(/^error: /, "")

    .replace(/\s*\n\s*/g, " ");
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isNamed = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isNamed ? String(manifest.version) : "unknown";
}
