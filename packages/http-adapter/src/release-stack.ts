// What a server has taken, given back in reverse order. One list serves the failed start and the stop, so that the
// two can never release different things. Callers take turns: each returns only when all it asked for is released.
// A release that fails is reported and does not keep the rest from going.

export class ReleaseStack {
  readonly #releases: { readonly what: string; readonly release: () => Promise<void> | void }[] = [];
  readonly #report: (what: string, error: unknown) => void;
  #turn: Promise<void> = Promise.resolve();

  constructor(report: (what: string, error: unknown) => void) {
    this.#report = report;
  }

  push(what: string, release: () => Promise<void> | void): void {
    this.#releases.push({ what, release });
  }

  /** Releases everything, the newest first. */
  release(): Promise<void> {
    return this.#next(() => this.#releases.length > 0);
  }

  /** Releases everything newer than `what`, and it too. */
  releaseDownTo(what: string): Promise<void> {
    return this.#next(() => this.#releases.some((each) => each.what === what));
  }

  #next(isMore: () => boolean): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      while (isMore()) await this.#releaseNewest();
    });
    return this.#turn;
  }

  async #releaseNewest(): Promise<void> {
    const newest = this.#releases.pop();
    try {
      await newest?.release();
    } catch (error) {
      this.#report(newest?.what ?? "", error);
    }
  }
}
