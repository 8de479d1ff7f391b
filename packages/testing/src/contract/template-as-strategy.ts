// A template strategy as a spawn strategy, so that one contract says what both owe: the first order of a generation builds
// its template, every order is forked from it once it is ready, and a template that fails fails its orders, with its reasons.

import type {
  SpawnOrder,
  SpawnStrategy,
  TemplateHandle,
  TemplateSink,
  TemplateStrategy,
  WorkerHandle,
  WorkerSink,
} from "@brood/core/engine";
import type { StrategyUnderTest } from "./stage.ts";

/** For `create` of `spawnStrategyContract`. */
export function templateAsStrategy(templates: TemplateStrategy): StrategyUnderTest {
  const sources = new Map<string, Source>();
  const strategy: SpawnStrategy = {
    kind: "template",
    spawn(order, sink) {
      const key = `${order.generation} ${order.release.entry}`;
      const source = sources.get(key) ?? new Source(templates, order, sources.size + 1);
      sources.set(key, source);
      return source.spawn(order, sink);
    },
  };
  return {
    strategy,
    close: () => Promise.all([...sources.values()].map((each) => each.end())).then(() => {}),
  };
}

interface Waiting {
  readonly order: SpawnOrder;
  readonly sink: WorkerSink;
  handle: WorkerHandle | null;
}

/** One template and who waits for it. */
class Source {
  readonly #template: TemplateHandle;
  readonly #waiting: Waiting[] = [];
  readonly #ended: Promise<void>;
  #isReady = false;

  constructor(
    templates: TemplateStrategy,
    { generation, release, stamps, bootTimeoutMs }: SpawnOrder,
    number: number,
  ) {
    let hasEnded: () => void = () => {};
    this.#ended = new Promise((resolve) => {
      hasEnded = resolve;
    });
    const order = { template: `t${number}`, generation, release, stamps, bootTimeoutMs } as const;
    this.#template = templates.build(order, this.#sink(hasEnded));
  }

  spawn(order: SpawnOrder, sink: WorkerSink): WorkerHandle {
    if (this.#isReady) return this.#template.fork(order, sink);
    const waiting: Waiting = { order, sink, handle: null };
    this.#waiting.push(waiting);
    return {
      send: (message, handle) => waiting.handle?.send(message, handle) ?? false,
      kill: () => this.#kill(waiting),
    };
  }

  async end(): Promise<void> {
    this.#template.kill();
    await this.#ended;
  }

  #kill(waiting: Waiting): void {
    if (waiting.handle !== null) return waiting.handle.kill();
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    waiting.sink.exited({ exitCode: null, signal: "SIGKILL", stderr: "" });
  }

  #sink(hasEnded: () => void): TemplateSink {
    return {
      spawned: () => {},
      violated: (detail) => this.#tell(({ sink }) => sink.violated(detail)),
      message: (message) => {
        if (message.type === "Ready") this.#forkAll();
        if (message.type !== "Failed") return;
        this.#tell(({ sink, order: { worker, generation } }) =>
          sink.message({ type: "Failed", worker, generation, error: message.error }),
        );
      },
      failed: (error) => {
        hasEnded();
        for (const { sink } of this.#waiting.splice(0)) sink.failed(error);
      },
      exited: (end) => {
        hasEnded();
        for (const { sink } of this.#waiting.splice(0)) sink.exited(end);
      },
    };
  }

  #tell(tell: (waiting: Waiting) => void): void {
    for (const each of this.#waiting) tell(each);
  }

  #forkAll(): void {
    this.#isReady = true;
    for (const each of this.#waiting.splice(0)) each.handle = this.#template.fork(each.order, each.sink);
  }
}
