// The order of test files: those that take longest begin first, so that none of them runs on alone when all others are done.
// The runner would go by what it measured before, which a clean clone has not, or by the size of the file, which says little.

import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Half a minute and more on two cores, longest first. A file that is not here comes later, the order is only for speed. */
const LONG = [
  "testing/test/unit/simulation",
  "http-adapter/test/process/handoff-matrix",
  "http-adapter/test/process/seed",
  "core/test/process/template/soak",
  "core/test/process/tasks/crash",
  "testing/test/unit/mutants",
  "compat/test/rows",
  "http-adapter/test/process/faults",
  "http-adapter/test/process/tls",
  "http-adapter/test/process/template-entries",
  "http-adapter/test/process/long-connections",
  "http-adapter/test/process/scripts",
  "http-adapter/test/process/thread-faults",
  "http-adapter/test/process/bad-release",
  "testing/test/process/demo",
  "testing/test/process/soak",
];

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const file = moduleId.replace(/\.test\.m?[jt]s$/, "");
  const place = LONG.findIndex((name) => file.endsWith(`/${name}`));
  return place === -1 ? LONG.length : place;
}
