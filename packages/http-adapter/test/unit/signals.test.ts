import { describe, expect, it, onTestFinished } from "vitest";
import { handleSignals, SAME_WITHIN_MS } from "../../src/signals.ts";

const SIGNALS = [
  ...["SIGTERM", "SIGINT", "SIGQUIT", "SIGUSR1"],
  ...["SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGHUP"],
] as NodeJS.Signals[];

/** Signals as this process would get them; nobody else's listeners are touched. */
function heard() {
  const done: string[] = [];
  let atMs = 0;
  const before = new Map(SIGNALS.map((signal) => [signal, process.rawListeners(signal)]));
  handleSignals(
    {
      stop: ({ now, hint }) => void done.push(`stop now=${now} hint=${hint}`),
      restart: () => void done.push("restart"),
      scaleBy: (change) => void done.push(`scale ${change}`),
      hangUp: () => void done.push("hang up"),
    },
    () => atMs,
  );
  const ours = SIGNALS.flatMap((signal) =>
    process
      .rawListeners(signal)
      .filter((each) => before.get(signal)?.includes(each) !== true)
      .map((listener) => ({ signal, listener })),
  );
  onTestFinished(() => {
    for (const { signal, listener } of ours) process.off(signal, listener as () => void);
  });
  return {
    done,
    send(signal: NodeJS.Signals, afterMs = 0) {
      atMs += afterMs;
      for (const each of ours) if (each.signal === signal) Reflect.apply(each.listener, process, [signal]);
    },
  };
}

describe("signals to the command", () => {
  it("a second TERM or INT within 500 ms is the first one again, a later one means now", () => {
    const signals = heard();
    signals.send("SIGTERM");
    signals.send("SIGTERM", 1);
    signals.send("SIGINT", SAME_WITHIN_MS - 2);
    expect(signals.done).toEqual(["stop now=false hint=false"]);
    signals.send("SIGINT", 1);
    expect(signals.done.at(-1)).toBe("stop now=true hint=false");
  });

  it("Ctrl-C says what it waits for, QUIT waits for nothing", () => {
    const signals = heard();
    signals.send("SIGINT");
    signals.send("SIGQUIT", 1);
    expect(signals.done).toEqual(["stop now=false hint=true", "stop now=true hint=false"]);
  });

  it("the others each have their own meaning", () => {
    const signals = heard();
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGTTIN", "SIGTTOU", "SIGHUP"] as const)
      signals.send(signal);
    expect(signals.done).toEqual(["restart", "restart", "scale 1", "scale -1", "hang up"]);
  });
});
