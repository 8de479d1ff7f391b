// What a service runs by, as one value for each time that its options were read: the machine's part, and how workers are
// started by it. The machine keeps its part with the generation and gives it back with each order; here lies what belongs
// to it. A generation that nobody can go back to any more takes its settings along.

import type { MachineConfig } from "./machine/config.ts";
import { templateBinding } from "./native/index.ts";
import type { Strategies } from "./ports/strategies.ts";
import { type CheckedServiceOptions, checkServiceOptions } from "./service-options.ts";
import type { FixedOption, ServiceOptions, ServiceSettings } from "./service-types.ts";
import { createFreshProcessStrategy } from "./spawn/fresh-process.ts";
import { createFreshThreadStrategy } from "./spawn/fresh-thread.ts";
import { processFlags, templateNodeFlags } from "./spawn/node-flags.ts";
import { createTemplateStrategy, type TemplateStrategyOptions } from "./spawn/template/template-strategy.ts";

const FIXED_OPTIONS: readonly FixedOption[] = [
  "name",
  "host",
  "sockets",
  "slotClosed",
  "takeMessage",
  "reload",
  "runtime",
  "spawn",
  "isOwnProcess",
  "stdout",
  "stderr",
  "logger",
];

export interface Settings {
  /** As they were given. */
  readonly options: ServiceSettings;
  readonly checked: CheckedServiceOptions;
  readonly strategies: Strategies;
}

export class SettingsBook {
  readonly first: Settings;
  readonly #options: ServiceOptions;
  readonly #warn: (message: string) => void;
  readonly #byConfig: WeakMap<MachineConfig, Settings> = new WeakMap();

  /** @param options  of the start. @throws PoolError BROOD_BAD_OPTION */
  constructor(options: ServiceOptions, warn: (message: string) => void) {
    this.#warn = warn;
    this.first = this.#add(options, options);
    this.#options = options;
  }

  /** As they were read anew; what cannot change is as it was at the start. @throws PoolError BROOD_BAD_OPTION */
  add(settings: ServiceSettings): Settings {
    const fixed = Object.fromEntries(FIXED_OPTIONS.map((name) => [name, this.#options[name]]));
    // Where the service stands is from its start: by now $PWD may lead elsewhere than to the working directory.
    const cwd = settings.cwd ?? this.first.checked.folder;
    return this.#add(settings, { ...settings, ...fixed, cwd });
  }

  #add(settings: ServiceSettings, options: ServiceOptions): Settings {
    const checked = checkServiceOptions(options);
    const added = { options: settings, checked, strategies: strategiesOf(options, checked, this.#warn) };
    this.#byConfig.set(checked.machine, added);
    return added;
  }

  of(config: MachineConfig): Settings {
    const found = this.#byConfig.get(config);
    if (found === undefined) throw new Error("the machine runs by settings that nobody has read");
    return found;
  }
}

function strategiesOf(
  options: ServiceOptions,
  checked: CheckedServiceOptions,
  warn: (message: string) => void,
): Strategies {
  const processOptions: TemplateStrategyOptions = {
    name: checked.name,
    host: options.host?.href ?? null,
    hostData: options.hostData ?? null,
    heartbeatIntervalMs: checked.heartbeatIntervalMs,
    watches: checked.watches,
    env: options.env ?? {},
    args: checked.args,
    execArgv: processFlags(checked.nodeFlags),
    compileCache: checked.compileCache,
    stdout: options.stdout ?? "inherit",
    stderr: options.stderr ?? "inherit",
    unsafe: checked.unsafe,
    hold: checked.hold,
  };
  const { resourceLimits } = checked;
  const threadOptions = {
    resourceLimits,
    isOwnProcess: options.isOwnProcess === true,
    warn,
    execArgv: checked.nodeFlags.given,
    preloads: checked.nodeFlags.preloads,
  };
  const templateOptions = { ...processOptions, execArgv: templateNodeFlags(checked.nodeFlags) };
  return {
    strategy:
      checked.runtime === "thread"
        ? createFreshThreadStrategy({ ...processOptions, ...threadOptions })
        : createFreshProcessStrategy(processOptions),
    templates:
      checked.spawn === "template" ? createTemplateStrategy(templateOptions, templateBinding()) : null,
  };
}
