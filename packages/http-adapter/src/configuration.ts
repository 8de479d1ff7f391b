// The configuration of one server over its life: read at the start, and again for each restart. What has changed is told
// against the one that counts, which after a failed restart is not the last that was read.

import type { Reloaded, ServiceSettings } from "@brood/core";
import { changedNames, refuseNeedingStart } from "./effective-config.ts";
import type { ServeConfig } from "./serve-options.ts";
import {
  type CheckedConfig,
  checkServeConfig,
  type ServiceParts,
  serviceOptions,
} from "./service-options.ts";

/** A configuration, or what reads it: at the start, and again for each restart. */
export type ConfigSource = ServeConfig | (() => ServeConfig | Promise<ServeConfig>);

export class Configuration {
  readonly first: CheckedConfig;
  readonly #read: () => Promise<ServeConfig>;
  readonly #explain: (error: unknown) => unknown;
  /** Of readings that a generation may still live by; all others are the first. */
  readonly #known: WeakMap<ServiceSettings, CheckedConfig> = new WeakMap();

  private constructor(
    first: CheckedConfig,
    read: () => Promise<ServeConfig>,
    explain: (error: unknown) => unknown,
  ) {
    this.first = first;
    this.#read = read;
    this.#explain = explain;
  }

  /** @param explain  puts an error of a later reading into other words. @throws PoolError BROOD_BAD_OPTION */
  static async read(
    source: ConfigSource,
    explain: (error: unknown) => unknown = (error) => error,
  ): Promise<Configuration> {
    const read = readerOf(source);
    return new Configuration(checkServeConfig(await read()), read, explain);
  }

  /** @param before  what counts. @throws PoolError BROOD_BAD_OPTION, BROOD_NEEDS_START */
  async reload(before: ServiceSettings, parts: ServiceParts): Promise<Reloaded> {
    const now = await this.#reread();
    const changed = changedNames(this.#known.get(before) ?? this.first, now);
    if (changed.length === 0) return { settings: before, changed };
    const settings = serviceOptions(now.options, parts);
    this.#known.set(settings, now);
    return { settings, changed };
  }

  async #reread(): Promise<CheckedConfig> {
    const { first } = this;
    try {
      const config = await this.#read();
      // A name that nobody gave comes from the release's folder, and is from the start on the server's.
      const isNameless = first.given.name === undefined && config.name === undefined;
      const now = checkServeConfig(
        isNameless ? { ...config, name: first.options.name } : config,
        first.options,
      );
      refuseNeedingStart(first.effective, now.effective);
      return now;
    } catch (error) {
      throw this.#explain(error);
    }
  }
}

/** The caller's object may change; what it was at the start does not. */
function readerOf(source: ConfigSource): () => Promise<ServeConfig> {
  if (typeof source === "function") return async () => source();
  const copy = { ...source };
  return async () => copy;
}
