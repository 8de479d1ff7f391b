// Everything that a test server and its workers say, in one file in the order in which it was said; read when a test
// wants to know, kept when the folder has gone.

import { appendFileSync, readFileSync } from "node:fs";
import { formatLine, type Logger } from "@brood/core";

export class ServerLog {
  readonly logger: Logger;
  readonly path: string;
  #kept: string | null = null;

  constructor(path: string, prints: boolean) {
    this.path = path;
    const write =
      (level: "debug" | "info" | "warn" | "error"): Logger["info"] =>
      (message, fields) => {
        const line = `${level} ${formatLine(message, fields)}\n`;
        if (this.#kept === null) append(path, line);
        if (prints) process.stderr.write(line);
      };
    this.logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  }

  text(): string {
    if (this.#kept !== null) return this.#kept;
    try {
      return readFileSync(this.path, "utf8");
    } catch {
      return "";
    }
  }

  /** Before the file goes. */
  keep(): void {
    this.#kept = this.text();
  }
}

/** A log that cannot be written must not end the server: somebody has removed the folder. */
function append(path: string, line: string): void {
  try {
    appendFileSync(path, line);
  } catch {
    process.stderr.write(line);
  }
}
