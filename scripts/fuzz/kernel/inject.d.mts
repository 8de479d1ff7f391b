import type { ChildProcess, SpawnOptions } from "node:child_process";

export function missing(): string | null;
export function underRefusal(
  calls: readonly string[],
  command: readonly string[],
  options?: SpawnOptions & { readonly seed?: number },
): Promise<{
  readonly child: ChildProcess;
  readonly pid: number;
  fail(call: string, errno: string, share?: number, ofPid?: number): Promise<string>;
  clear(): Promise<string>;
  count(): Promise<number>;
}>;
