// In a template, what the application begins (a connection, a server) is held back until a worker is forked
// (template/held). What Brood begins for itself there, such as a warm-up request to the application's own server, is not.

let depth = 0;

/** Whatever `call` begins before it returns is begun now. */
export function unheld<Result>(call: () => Result): Result {
  depth += 1;
  try {
    return call();
  } finally {
    depth -= 1;
  }
}

export function isUnheld(): boolean {
  return depth > 0;
}
