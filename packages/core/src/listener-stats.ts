// Where the workers of a service listen, as its stats show it.

/** An address that workers listen on. */
export interface ListenerStats {
  /** With the real port: `tcp://127.0.0.1:9100`, `unix:/run/app.sock`, `udp://0.0.0.0:5353`. */
  readonly address: string;
  /** "public": one of the service's own; a worker is ready when it serves it. "shared": the program listens there besides. */
  readonly kind: "public" | "shared";
  /** Workers that listen there now. */
  readonly workers: number;
}
