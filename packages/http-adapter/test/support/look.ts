// For what nothing tells of: it is looked at again after a pause, so that a test does not take the core from what it waits
// for. Give it to `within`, which knows how long.

const AGAIN_AFTER_MS = 5;

export async function seen(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
}
