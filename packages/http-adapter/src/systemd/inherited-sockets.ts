// Sockets that systemd has opened for this process (sd_listen_fds(3)): descriptors from 3 on, meant for one pid, each
// with a name. With no address configured they are what is served; `fd:3` and `fd:<name>` pick some of them.

/** SD_LISTEN_FDS_START. */
const FIRST_FD = 3;

/** More than any unit has; a larger number is no count. */
const SOCKETS_MAX = 1_000;

export interface InheritedSocket {
  readonly fd: number;
  /** FileDescriptorName= of the socket unit, by default its unit's name; null when none came along. */
  readonly name: string | null;
}

/** One sentence when sockets were passed to another process: then this one must not touch them. Null otherwise. */
export function foreignSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): string | null {
  const { LISTEN_FDS: count = "", LISTEN_PID: meant = "" } = env;
  if (!/^[1-9]\d{0,3}$/.test(count) || meant === String(pid)) return null;
  const whom = meant === "" ? "nobody (there is no LISTEN_PID)" : `process ${meant}`;
  return `LISTEN_FDS=${count} was meant for ${whom}, not for this one (${pid}): these sockets are not served. Let the service start node itself, without a shell or npm in between.`;
}

/** In systemd's order; none when they were meant for another process. */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly InheritedSocket[] {
  const count = env["LISTEN_FDS"] ?? "";
  if (env["LISTEN_PID"] !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > SOCKETS_MAX) return [];
  const names = env["LISTEN_FDNAMES"]?.split(":") ?? [];
  return Array.from({ length: Number(count) }, (_, index) => ({
    fd: FIRST_FD + index,
    name: names[index] || null,
  }));
}
