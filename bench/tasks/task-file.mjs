// The tasks, as brood, piscina and tinypool load them. The other peers' worker files wrap these same functions.

export default function noop(value) {
  return value;
}

/** Keeps the CPU for so many milliseconds. */
export function spin(ms) {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
  return ms;
}

export function size(buffer) {
  return buffer.byteLength;
}
