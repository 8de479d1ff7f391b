// What the supervisor's side tells a worker's host while it runs, through the service's `post`. JSON.

export interface TicketKeysMessage {
  readonly brood: "ticket-keys";
  /** base64 */
  readonly keys: string;
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
