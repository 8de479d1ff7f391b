// A socket of Node's that is to leave this process: whether it can, and how it stands still until it has. Standing still it
// reads nothing, so what its client sends waits in the kernel, and no timer of Node's touches it.
// Rule: it is closed by `destroy()` alone. That closes our descriptor and shuts nothing down, so its client sees nothing.

import type { Socket } from "node:net";

/** libuv's stream, as Node has it inside. */
interface StreamHandle {
  readonly fd: number;
  readonly writeQueueSize: number;
  readStop(): number;
  readStart(): number;
}

/** Node's own fields (looked up in Node 20, 22, 24 and 26). */
type HttpSocket = Socket & {
  readonly _handle?: StreamHandle | null;
  /** Node's http server has stopped reading: too much is to be written. */
  readonly _paused?: boolean;
  readonly parser?: object | null;
};

/** Its descriptor, when nothing of it is in this process: nothing read and unanswered, nothing to be written.
 *  Null: it has to stay. Whether a request has begun is for IdleLook to say. */
export function movableDescriptor(socket: HttpSocket): number | null {
  const { _handle: handle, parser } = socket;
  if (handle === undefined || handle === null || parser === undefined || parser === null) return null;
  if (typeof handle.readStop !== "function" || handle.fd < 0 || "encrypted" in socket) return null;
  const isWhole = !socket.destroyed && socket.readable && socket.writable && !socket.writableEnded;
  const isEmpty = socket.readableLength === 0 && socket.writableLength === 0 && handle.writeQueueSize === 0;
  const isPaused = socket.isPaused() || socket._paused === true;
  const isAnswering = socket._httpMessage !== null && socket._httpMessage !== undefined;
  return isWhole && isEmpty && !isPaused && !isAnswering ? handle.fd : null;
}

/** @returns what undoes it */
export function standStill(socket: HttpSocket): () => void {
  const timeoutMs = socket.timeout ?? 0;
  socket._handle?.readStop();
  socket.setTimeout(0);
  return () => {
    if (socket.destroyed) return;
    socket._handle?.readStart();
    socket.setTimeout(timeoutMs);
  };
}
