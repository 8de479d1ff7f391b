// A failure in words that are not said twice: what a process wrote to its stderr stands there already.

/** `worker=w1 slot=0 failed to boot: no database` without what follows the colon, where that stands in `stderr`. */
export function withoutRepeat(message: string, stderr: string): string {
  const at = message.indexOf(": ");
  if (at === -1) return message;
  const cause = message.slice(at + 2).trim();
  return cause !== "" && stderr.includes(cause) ? message.slice(0, at) : message;
}
