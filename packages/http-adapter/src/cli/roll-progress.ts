// A roll as it goes, on stderr: a bar on a terminal, else a line for each worker that has taken its slot.
// Only the newest roll is shown: a newer one supersedes the one before it.

import type { ServerEvent } from "./event-reader.ts";

export interface RollProgressView {
  show(event: ServerEvent): void;
  end(): void;
}

/** Nothing to see: `--json` into a pipe. */
export const NO_PROGRESS: RollProgressView = { show: () => undefined, end: () => undefined };

export function progressLines(write: (line: string) => void): RollProgressView {
  let to = 0;
  return {
    show: ({ name, data }) => {
      if (name === "roll:started" || name === "roll:progress") to = Number(data["to"]);
      if (name === "roll:started") {
        write(`roll gen=${data["from"]}->${data["to"]} slots=${data["total"]} id=${data["id"]}\n`);
      }
      if (name === "worker:ready" && data["generation"] === to) {
        const took = Math.round(Number(data["readyAfterMs"]));
        write(`${identity(data)} ready after ${took} ms\n`);
      }
      if (name === "worker:exited" && data["generation"] === to) {
        write(`${identity(data)} exited exitCode=${data["exitCode"]} signal=${data["signal"]}\n`);
      }
    },
    end: () => undefined,
  };
}

export async function progressBar(): Promise<RollProgressView> {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: "gen {from} -> {to} [{bar}] {value}/{total} slots, {step}, {duration} s",
    hideCursor: true,
    clearOnComplete: false,
    stopOnComplete: false,
  });
  let isStarted = false;
  return {
    show: ({ name, data }) => {
      if (name !== "roll:started" && name !== "roll:progress") return;
      const payload = { from: data["from"], to: data["to"], step: data["step"] };
      if (name === "roll:started" || !isStarted) bar.start(Number(data["total"]), 0, payload);
      isStarted = true;
      bar.setTotal(Number(data["total"]));
      bar.update(Number(data["replaced"]), payload);
    },
    end: () => bar.stop(),
  };
}

function identity(data: ServerEvent["data"]): string {
  return `slot=${data["slot"]} worker=${data["worker"]} gen=${data["generation"]} pid=${data["pid"]}`;
}
