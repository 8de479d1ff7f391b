// Promises that nobody waits for. One that rejects unheard ends the host process, so each goes through here and says what becomes
// of its failure (packages/core/test/unit/promises.test.ts proves that there is no other way).

/** Lets `promise` go on by itself. @param onFailure  takes what it rejects with */
export function detached(promise: PromiseLike<unknown>, onFailure: (reason: unknown) => void): void {
  // What the last word itself throws is heard by nobody.
  Promise.resolve(promise).then(ignored, onFailure).then(ignored, ignored);
}

/** For a promise whose failure somebody else is told of, or that means nothing any more. */
export function ignored(_reason: unknown): void {}
