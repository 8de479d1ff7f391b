// What has to be ended when the run itself is told to end in the middle: programs under test, databases.

const endings = new Set();

/** @returns takes it back, for what has ended */
export function atEnd(ending) {
  endings.add(ending);
  return () => endings.delete(ending);
}

export function endOnSignals() {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(signal, () => {
      for (const ending of endings) ending();
      process.exit(1);
    });
}
