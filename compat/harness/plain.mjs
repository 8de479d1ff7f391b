// The measure: `node <entry>`. It must answer whatever its clients ask, and end when it is told to.

import { readFileSync } from "node:fs";
import { startLoad } from "./load.mjs";
import { place, processesOf, start } from "./program.mjs";
import { deploy } from "./release.mjs";
import { until } from "./until.mjs";

const BOOT_MS = 60_000;

/** Node itself waits for connections that are kept; the load's are closed by then. */
const END_MS = 10_000;

const ANSWERS = 10;

/** @returns what was wrong, empty when nothing was */
export async function runPlain(row, folder, services) {
  const spot = await place();
  const version = deploy(folder, row.changes ?? row.files, 1);
  const args = [...(row.node ?? []), row.entry, ...argumentsOf(row, spot)];
  const program = start(args, { cwd: folder, env: { ...services, ...row.env }, spot });
  const wrong = [];
  try {
    await untilListening(spot.port, program, BOOT_MS);
    const load = await startLoad(row, folder, spot.port);
    const answered = () => load.answers(version) >= ANSWERS || program.hasEnded() || load.errors() > ANSWERS;
    await until("answers", answered, BOOT_MS, program.tail).catch((error) => wrong.push(error.message));
    const { errors } = await load.stop();
    if (errors.length > 0) wrong.push(`plain node: ${errors.length} errors, ${errors[0]}`);
    if ((await program.end(END_MS)) === undefined)
      wrong.push(`plain node does not end within ${END_MS} ms of TERM`);
    if (wrong.length === 0) wrong.push(...processesOf(spot).map((process) => `plain node leaves ${process}`));
  } catch (error) {
    wrong.push(`plain node: ${error.message}`);
  } finally {
    if (wrong.length > 0) wrong.push(program.tail());
    program.killAll();
    spot.remove();
  }
  return wrong;
}

/** `{port}` stands for the port. */
export function argumentsOf(row, spot) {
  return (row.args ?? []).map((argument) => argument.replaceAll("{port}", String(spot.port)));
}

/** By the kernel's own list, so that no connection is opened. */
async function untilListening(port, program, deadlineMs) {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const pattern = new RegExp(`:${hex} [0-9A-F]+:0000 0A`);
  const isListening = () =>
    ["tcp", "tcp6"].some((name) => pattern.test(readFileSync(`/proc/net/${name}`, "utf8")));
  await until(
    `listening on port ${port}`,
    () => {
      if (program.hasEnded()) throw new Error(`ended with ${program.child.exitCode} before it listened`);
      return isListening();
    },
    deadlineMs,
    program.tail,
  );
}
