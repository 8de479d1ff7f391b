// The clock that instants of a report are read from: as fine as performance.now(), and never apart from the
// Date.now() that a caller compares them with. performance.timeOrigin alone is off by some tenths of a
// millisecond, and by much more once the system's clock has been set; both would blame or excuse the wrong answers.

/** Milliseconds since the epoch, never whole; `Math.floor` of it is what Date.now() gives at the same moment. */
export function wallClockMs(): number {
  const wholeMs = Date.now();
  const fineMs = performance.timeOrigin + performance.now();
  return Math.min(Math.max(fineMs, wholeMs + 0.001), wholeMs + 0.999);
}
