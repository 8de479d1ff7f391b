// What is seen while a deploy goes on: a line for each slot and a bar for the roll, drawn in place on a terminal;
// elsewhere (a pipe, CI) one plain line for each worker that came up or failed.

import { MultiBar } from "cli-progress";
import { colors, count, isTerminal } from "./terminal.mjs";

const { bold, cyan, dim, green, red, yellow } = colors;

const REDRAW_MS = 100;

export function createScreen(server, load) {
  /** By slot: which generation serves, and what else happens there. */
  const slots = server.stats().workers.map(({ generation }) => ({ generation, note: "", draining: "" }));
  let bars = null;
  let timer;

  const line = (slot) => {
    const { generation, note, draining } = slots[slot];
    const rest = [note, draining].filter(Boolean).join(dim(", "));
    return `  slot ${slot}   ${bold(`generation ${generation}`)}   ${rest}`;
  };
  const change = (slot, next) => {
    Object.assign(slots[slot], next);
    bars?.lines[slot].update({ line: line(slot) });
  };
  const news = (slot, next) => {
    change(slot, next);
    if (bars !== null && !isTerminal) console.log(line(slot));
  };
  const counts = () => {
    const { requests, errors } = load.totals();
    return `${count(requests)} requests   ${errors === 0 ? green("0 errors") : red(`${count(errors)} errors`)}`;
  };

  server.on("worker:spawned", ({ slot, generation }) =>
    change(slot, { note: yellow(`generation ${generation} is booting`) }),
  );
  server.on("worker:ready", ({ slot, generation, readyAfterMs }) =>
    news(slot, { generation, note: green(`ready after ${count(readyAfterMs)} ms`) }),
  );
  server.on("worker:draining", ({ slot, generation }) =>
    change(slot, { draining: dim(`generation ${generation} is draining`) }),
  );
  server.on("worker:exited", ({ slot, generation, exitCode, reason }) => {
    if (reason === null) change(slot, { draining: "" });
    else news(slot, { note: red(`generation ${generation} failed to boot, exit code ${exitCode}`) });
  });
  server.on("roll:progress", ({ replaced }) => bars?.roll.update(replaced, { load: counts() }));

  const { pid, ready, generation } = server.stats();
  console.log(`\n${bold("Brood")}  an Express app on ${ready} workers, supervisor pid ${pid}`);
  console.log(dim(`       ${server.addresses.join("   ")}`));
  console.log(dim(`       ${load.clients} clients ask without a break; generation ${generation} answers`));

  const close = () => {
    clearInterval(timer);
    bars?.stop();
    bars = null;
  };
  return {
    close,
    deployStarted(version) {
      console.log(`\n${bold(`Deploying ${version}`)}`);
      for (const slot of slots) Object.assign(slot, { note: "", draining: "" });
      bars = startBars(slots.map((_, slot) => line(slot)));
      timer = setInterval(() => bars.roll.update({ load: counts() }), REDRAW_MS);
    },
    deployEnded({ result, replaced, durationMs }) {
      bars.roll.update(replaced, { load: counts() });
      close();
      const outcome = result === "completed" ? green(result) : red(result);
      const roll = `${replaced} of ${slots.length} workers replaced`;
      console.log(
        `  roll     ${outcome} in ${count(durationMs)} ms, ${roll}   ${isTerminal ? "" : counts()}`,
      );
    },
  };
}

/** On a terminal. Elsewhere nothing is drawn in place. */
function startBars(lines) {
  const none = { update: () => {} };
  if (!isTerminal) return { lines: lines.map(() => none), roll: none, stop: () => {} };

  const all = new MultiBar({
    stream: process.stdout,
    format: `  roll     ${cyan("{bar}")} {value}/{total}   {load}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    gracefulExit: false,
  });
  const slots = lines.map((line) => all.create(1, 0, { line }, { format: "{line}" }));
  return { lines: slots, roll: all.create(lines.length, 0, { load: "" }), stop: () => all.stop() };
}
