// What the supervisor's side tells a worker's host while it runs, through the service's `post`. JSON.

export interface TicketKeysMessage {
  readonly brood: "ticket-keys";
  /** base64 */
  readonly keys: string;
}

/** The whole service ends: nobody else accepts what waits in the sockets that this worker serves. */
export interface ServiceEndsMessage {
  readonly brood: "service-ends";
}

export const SERVICE_ENDS: ServiceEndsMessage = { brood: "service-ends" };

export function isServiceEndsMessage(message: unknown): message is ServiceEndsMessage {
  return (
    typeof message === "object" && message !== null && Reflect.get(message, "brood") === SERVICE_ENDS.brood
  );
}

export function ticketKeysMessage(keys: string): TicketKeysMessage {
  return { brood: "ticket-keys", keys };
}

export function isTicketKeysMessage(message: unknown): message is TicketKeysMessage {
  return (
    typeof message === "object" &&
    message !== null &&
    Reflect.get(message, "brood") === "ticket-keys" &&
    typeof Reflect.get(message, "keys") === "string"
  );
}
