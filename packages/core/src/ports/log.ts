// Where log lines go. The default is `debug` under `brood:*`; pino, winston and console fit the same shape.

/** Fields of a line, in this order where present: slot, worker, gen, pid, then context. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Four levels, message first, fields second. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** It writes where the workers' stderr goes: what one has said there before it ended is not said again. */
  readonly isBesideStderr?: boolean;
}
