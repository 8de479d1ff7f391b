// How many cores this process may use: what the operating system says, less what a container's CPU quota leaves. Node itself
// looks at quotas from libuv 1.49 on only (Node 22.12, 24); on Node 20 a container of one core on a host of 64 would get 64
// workers. Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst (cpu.max), Documentation/scheduler/sched-bwc.rst
// (cpu.cfs_quota_us, cpu.cfs_period_us).

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** The text of a file; null where it cannot be read. */
type Read = (path: string) => string | null;

/** A mounted hierarchy: what of it is visible where. */
interface Mount {
  readonly version: 1 | 2;
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
}

/** Whole cores, 1 or more: os.availableParallelism(), and at most the CPU quota of this process's cgroups, rounded down. */
export function usableCores(cores: number = availableParallelism(), read: Read = readText): number {
  const quota = Math.min(...mounts(read).map((mount) => quotaOf(mount, read)), Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(cores, Math.floor(quota)));
}

/** Those whose files may bound the CPU. A line of mountinfo: id, parent, device, root, mount point, options, optional
 *  fields, "-", type, source, the file system's own options. */
function mounts(read: Read): readonly Mount[] {
  return (read("/proc/self/mountinfo") ?? "").split("\n").flatMap((line): Mount[] => {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , root = "", point = ""] = before.split(" ");
    const [type, , options = ""] = after.split(" ");
    if (type === "cgroup2") return [{ version: 2, root, point }];
    return type === "cgroup" && options.split(",").includes("cpu") ? [{ version: 1, root, point }] : [];
  });
}

/** In cores, of this process's cgroup and everything above it that is visible; Infinity when there is none. */
function quotaOf(mount: Mount, read: Read): number {
  let quota = Number.POSITIVE_INFINITY;
  for (let path = cgroupOf(mount, read); path !== null; path = parentOf(path))
    quota = Math.min(quota, quotaAt(join(mount.point, path), mount.version, read));
  return quota;
}

/** Below the mount point. Without a cgroup namespace a container reads the host's path and sees only its own part. */
function cgroupOf({ version, root }: Mount, read: Read): string | null {
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [id, controllers = "", ...rest] = line.split(":");
    const path = rest.join(":");
    const isMeant = version === 2 ? id === "0" : controllers.split(",").includes("cpu");
    if (!isMeant) continue;
    if (root === "/") return path;
    return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) || "/" : "/";
  }
  return null;
}

function parentOf(path: string): string | null {
  if (path === "/" || path === "") return null;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function quotaAt(folder: string, version: 1 | 2, read: Read): number {
  const [quota, period] =
    version === 2
      ? (read(join(folder, "cpu.max")) ?? "max").trim().split(" ")
      : ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((name) => read(join(folder, name))?.trim());
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
