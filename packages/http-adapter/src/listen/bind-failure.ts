// The operating system's word for a failed bind or listen, as an error that says what to do.

import { dirname } from "node:path";
import { PoolError } from "@brood/core/errors";
import { describeAddress, formatAddress, type ListenAddress } from "./addresses.ts";

/** BROOD_ADDRESS_IN_USE for EADDRINUSE, else BROOD_ADDRESS_UNAVAILABLE. */
export function addressFailure(address: ListenAddress, code: string): PoolError {
  const what = `address ${describeAddress(address)}`;
  const details = { address: formatAddress(address), errno: code };
  if (code === "EADDRINUSE") {
    const message = `${what} is in use: stop the program that listens there, or listen on another address.`;
    return new PoolError("BROOD_ADDRESS_IN_USE", message, { details });
  }
  const message = `${what} cannot be used (${code}): ${advice(address, code)}`;
  return new PoolError("BROOD_ADDRESS_UNAVAILABLE", message, { details });
}

function advice(address: ListenAddress, code: string): string {
  if (address.kind === "fd") return "it must be an inherited stream socket that is bound.";
  if (address.kind === "unix") {
    // libuv answers EACCES for a folder that does not exist.
    return `the folder ${dirname(address.path)} must exist and be writable for this user.`;
  }
  if (code === "EACCES") return "this user may not bind that port; ports below 1024 need a privilege.";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address.";
  return "listen on another address.";
}
