// Messages to the service manager (sd_notify(3)): one datagram each, to the socket that $NOTIFY_SOCKET names. Sent by the
// addon. Rejected: systemd-notify(1), a process for each message, which systemd hears only with NotifyAccess=all, and
// which is not there in a container. A message that cannot be sent is a warning, once: nothing else depends on it.

import type { Logger } from "@brood/core";
import { nativeSupport } from "@brood/core/native";

/** `READY=1`, `STATUS=…`: names and values. */
export type Fields = Readonly<Record<string, string | number>>;

export type Notify = (fields: Fields) => void;

/** Null when no service manager listens. */
export function openNotifySocket(
  env: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Notify | null {
  const path = env["NOTIFY_SOCKET"];
  if (path === undefined || path === "") return null;
  const native = nativeSupport();
  if (!native.ok) {
    logger.warn(`systemd will not be told that the server is ready: ${native.reason}`);
    return null;
  }
  let hasFailed = false;
  return (fields) => {
    try {
      native.binding.notify(path, format(fields));
    } catch (error) {
      if (!hasFailed) logger.warn("could not notify systemd", { socket: path, reason: String(error) });
      hasFailed = true;
    }
  };
}

/** A newline in a value would begin another field. */
export function format(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${String(value).replaceAll("\n", " ")}`)
    .join("\n");
}
