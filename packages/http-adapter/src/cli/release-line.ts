// A release in one line, the same in every command.

import type { Release } from "@brood/core";

/** `entry=/srv/r2/server.js version=1.4.0 folder=/srv/r2 fingerprint=…` */
export function releaseLine({ entry, version, folder, fingerprint }: Release): string {
  return `entry=${entry} version=${version ?? "none"} folder=${folder} fingerprint=${fingerprint}`;
}
