// The `template` strategy: a process loads the release once and is forked for each worker. See template-process.ts for the
// supervisor's end of it and src/template for what runs there.

import type { Writable } from "node:stream";
import type { Binding } from "../../native/index.ts";
import type { TemplateStrategy } from "../../ports/template-strategy.ts";
import type { FreshProcessOptions } from "../fresh-process.ts";
import { createOutputFunnel, type OutputFunnel } from "../output.ts";
import { TemplateProcess } from "./template-process.ts";

export interface TemplateStrategyOptions extends FreshProcessOptions {
  readonly unsafe: "refuse" | "warn";
  readonly hold: boolean;
}

/** What the processes of one service have in common. */
export interface TemplateSetting {
  readonly binding: Binding;
  readonly options: TemplateStrategyOptions;
  /** Null: theirs is the supervisor's. */
  readonly stdout: OutputFunnel | null;
  readonly stderr: OutputFunnel;
}

export function createTemplateStrategy(options: TemplateStrategyOptions, binding: Binding): TemplateStrategy {
  const funnel = (destination: Writable): OutputFunnel => createOutputFunnel(destination);
  const setting: TemplateSetting = {
    binding,
    options,
    stdout: options.stdout === "inherit" ? null : funnel(options.stdout),
    stderr: funnel(options.stderr === "inherit" ? process.stderr : options.stderr),
  };
  return { build: (order, sink) => new TemplateProcess(setting, order, sink) };
}
