// Questions to a worker of fixtures/template/abilities.mjs, answered by name.
import { fileURLToPath } from "node:url";
import type { Service, WorkerId } from "@brood/core";
import { nextEvent } from "../support.ts";

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/template/${name}`, import.meta.url));

interface Answer {
  readonly ask: string;
  readonly answer?: unknown;
  readonly failure?: string;
}

/** Rejects with the failure as the worker tells it. */
export async function ask(service: Service, worker: WorkerId, question: string): Promise<unknown> {
  const answered = nextEvent(
    service,
    "worker:message",
    (event) => event.worker === worker && (event.payload as Answer).ask === question,
  );
  service.post(worker, { ask: question });
  const { answer, failure } = (await answered).payload as Answer;
  if (failure !== undefined) throw new Error(`${question} in ${worker}: ${failure}`);
  return answer;
}

export function workersOf(service: Service): WorkerId[] {
  return service.stats().workers.map(({ worker }) => worker);
}
