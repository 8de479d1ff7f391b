// A handle that a worker's application has sent along (`process.send(message, socket)`). Node has opened it in this process, and
// nobody here knows it: kept, it would hold a descriptor and the other side of a connection for ever.

/** Closes what `process.send` can carry: a socket, a server, a datagram socket, or a bare handle of them. */
export function closeForeign(handle: unknown): void {
  if (typeof handle !== "object" || handle === null) return;
  for (const name of ["destroy", "close"]) {
    const close: unknown = Reflect.get(handle, name);
    if (typeof close === "function") return void Reflect.apply(close, handle, []);
  }
}
