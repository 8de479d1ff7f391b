export interface Row {
  readonly call: string;
  readonly fn: string;
  readonly errnos: readonly string[];
  readonly outcome: string;
  readonly gives?: unknown;
  readonly fuzz?: boolean;
}
export const ROWS: readonly Row[];
export const FUZZED: readonly { readonly call: string; readonly errnos: readonly string[] }[];
