// jest-worker loads CommonJS; the functions are those of task-file.mjs.
exports.noop = (value) => value;
exports.spin = (ms) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
  return ms;
};
exports.size = (buffer) => buffer.byteLength;
