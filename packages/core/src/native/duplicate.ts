// A descriptor of one's own for the same socket. Only the addon can make one: Node has no dup(2).

import { nativeSupport } from "./binding.ts";

/** Another descriptor of the same file, close-on-exec; the caller closes it. @throws Error with `code` (EBADF, EMFILE) */
export function duplicateDescriptor(descriptor: number): number {
  const support = nativeSupport();
  if (!support.ok) throw new Error(support.reason);
  return support.binding.duplicate(descriptor);
}
