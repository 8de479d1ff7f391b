// What Linux says about processes. Everywhere else these benches do not run.

import { readdirSync, readFileSync } from "node:fs";

/** Linux reports CPU time in ticks of 10 ms (USER_HZ is 100 on every architecture Node runs on). */
const MS_PER_TICK = 10;

function read(/** @type {string} */ path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Fields of /proc/<pid>/stat after the command, which may contain spaces and brackets: [0] is the state. */
function statFields(/** @type {number} */ pid) {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** Identifies a process together with its pid, which may be used again. */
export function startTime(/** @type {number} */ pid) {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === "Z" ? undefined : fields[19];
}

/** @param {number} pid @returns {number[]} all descendants, parents first */
export function descendants(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statFields(Number(entry))?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [...(children.get(pid) ?? [])];
  for (const each of found) found.push(...(children.get(each) ?? []));
  return found;
}

/** CPU time of the whole process so far, in milliseconds. Exact to 10 ms. */
export function cpuMs(/** @type {number} */ pid) {
  const fields = statFields(pid);
  return fields === undefined ? Number.NaN : (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/**
 * CPU time so far of a process, of its descendants, and of those of them that have ended, in milliseconds. Other work
 * on the machine changes it far less than it changes wall time.
 */
export function treeCpuMs(/** @type {number} */ pid) {
  let ticks = 0;
  for (const each of [pid, ...descendants(pid)]) {
    const fields = statFields(each) ?? [];
    for (const index of [11, 12, 13, 14]) ticks += Number(fields[index] ?? 0);
  }
  return ticks * MS_PER_TICK;
}

/** Per thread: its name, how often it went to sleep by itself, and its time on a CPU in nanoseconds. */
export function threads(/** @type {number} */ pid) {
  const found = new Map();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const status = read(`/proc/${pid}/task/${tid}/status`);
    const schedule = read(`/proc/${pid}/task/${tid}/schedstat`);
    if (status === undefined) continue;
    const [, name] = /** @type {RegExpExecArray} */ (/^Name:\t(.*)$/m.exec(status));
    const [, sleeps] = /** @type {RegExpExecArray} */ (/^voluntary_ctxt_switches:\t(\d+)$/m.exec(status));
    found.set(tid, { name, sleeps: Number(sleeps), cpuNs: Number(schedule?.split(" ")[0] ?? 0) });
  }
  return found;
}

/** Resident and proportional set in MiB. */
export function memory(/** @type {number} */ pid) {
  const kib = (/** @type {string | undefined} */ text, /** @type {RegExp} */ line) =>
    Number(line.exec(text ?? "")?.[1] ?? Number.NaN) / 1024;
  return {
    rssMiB: kib(read(`/proc/${pid}/status`), /^VmRSS:\s+(\d+)/m),
    pssMiB: kib(read(`/proc/${pid}/smaps_rollup`), /^Pss:\s+(\d+)/m),
  };
}
