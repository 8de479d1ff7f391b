import type { ServeConfig } from "./serve-options.ts";

/** Types a configuration file; returns it as it is. */
export function defineConfig(config: ServeConfig): ServeConfig {
  return config;
}
