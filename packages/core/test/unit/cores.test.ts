// How many cores a process may use, read from what the kernel shows of cgroups; and the same on this machine, for real.
import { availableParallelism } from "node:os";
import { describe, expect, it } from "vitest";
import { usableCores } from "../../src/cores.ts";

const V2 = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
const V1 = (root: string): string =>
  [
    "31 24 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
    `32 24 0:28 ${root} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct`,
  ].join("\n");

const CASES: readonly (readonly [string, number, Readonly<Record<string, string>>])[] = [
  ["no cgroups", 8, {}],
  ["version 2, no quota", 8, { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "max 100000\n" }],
  [
    "version 2 in a namespace",
    2,
    { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "200000 100000\n" },
  ],
  ["part of a core", 1, { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "25000 100000\n" }],
  ["a core and a half", 1, { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" }],
  [
    "more than there are",
    8,
    { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "6400000 100000\n" },
  ],
  [
    "version 2, a service below a slice that is bounded",
    3,
    {
      ...{ mountinfo: V2, cgroup: "0::/system.slice/app.service\n" },
      "/sys/fs/cgroup/system.slice/app.service/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/system.slice/cpu.max": "300000 100000\n",
    },
  ],
  [
    "version 1 in a container that reads the host's path",
    4,
    {
      ...{ mountinfo: V1("/docker/abc"), cgroup: "4:cpu,cpuacct:/docker/abc\n5:memory:/docker/abc\n" },
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    },
  ],
  [
    "version 1, no quota",
    8,
    {
      ...{ mountinfo: V1("/"), cgroup: "4:cpu,cpuacct:/\n" },
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
      "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    },
  ],
  ["text that is no number", 8, { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "all of it\n" }],
  ["an empty file", 8, { mountinfo: V2, cgroup: "0::/\n", "/sys/fs/cgroup/cpu.max": "" }],
];

describe("usable cores", () => {
  it.each(CASES)("%s: %i of 8", (_, expected, { mountinfo = null, cgroup = null, ...files }) => {
    const system: Readonly<Record<string, string | null>> = {
      ...{ "/proc/self/mountinfo": mountinfo, "/proc/self/cgroup": cgroup },
      ...files,
    };
    expect(usableCores(8, (path) => system[path] ?? null)).toBe(expected);
  });

  it("are a whole number of this machine's", () => {
    const cores = usableCores();
    expect(Number.isInteger(cores)).toBe(true);
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(cores).toBeLessThanOrEqual(availableParallelism());
  });
});
