// The data plane between a pool and one task worker: arrays, many tasks or results in one, beside the frames of the
// control plane on the same ordered channel (so a Drain stands behind the tasks that were sent before it). An array is
// never a frame. No object for each task, which would cost a structured clone, most of a short task; tasks travel in columns,
// since V8 writes and reads arrays of small integers faster than mixed ones.
// Rule: `seq` is a task's number on this one link, from 1 and rising; tasks begin in that order.

import { decodeValue } from "./carried.ts";
import { textOf } from "./described.ts";

/** To the worker: `[RUN, seq, names, values, flags]`, tasks of consecutive numbers from `seq` on, each with its place in three
 *  columns. `names` may stand for all of them: a string, or null for the default one; so null within it. */
export const RUN = 0;
/** Among a forked worker's descriptors: the memory in which it notes what it begins. */
export const JOURNAL_ROLE = "journal";
/** `[ABORT, seq]` */
export const ABORT = 1;
/** `[RUN_ONE, seq, name, value, flags]`: a task alone, without columns of one. */
export const RUN_ONE = 3;
/** `[ASK, seq]`: answer with HOLDS. Sent when a message was lost, either way, because it could not be read. */
export const ASK = 4;

/** A flag of a task: what was done before it must have been told before it begins (its own clock starts then). */
export const TELL_FIRST = 1;
/** A flag of a task: what it carries was transferred, so it cannot be given back. */
export const ONE_WAY = 2;
/** A flag of a task alone: its value travels as bytes (carried.ts). Where several travel so, it is the column of values. */
export const VALUE_ENCODED = 4;
/** Above the flags stands the task's cell. */
export const CELL_SHIFT = 4;

/** From the worker: `[seq, status, value, durationUs, seq, …]`, durations in whole microseconds. */
export const RESULT_STRIDE = 4;
export const DONE = 0;
/** The value is a WireThrown (thrown.ts). */
export const THREW = 1;
/** It never began, and never will. */
export const RETURNED = 2;
/** The result cannot be sent; the value says why. */
export const NOT_CLONEABLE = 3;
/** The task file has no function of that name; the value lists those it has. */
export const NO_SUCH_TASK = 4;

/** The task cannot be read by the worker; the value says why. */
export const UNREADABLE = 5;
/** Of all tasks up to `seq` the worker has those that the value lists; every other one was answered, or never came. */
export const HOLDS = 6;
/** A message came that could not be read; `seq` means nothing. */
export const UNREAD = 7;
/** Added to a status whose value travels as bytes of its own. */
export const ANSWER_ENCODED = 16;

export type TaskMessage = readonly unknown[];

/** What a task sends by itself (`process.send`, `parentPort.postMessage`), as processes carry it: as bytes, so that nothing of it
 *  can be taken for an answer, or not be read. */
export interface Posted {
  readonly posted: Uint8Array;
}

export function isPosted(value: unknown): value is Posted {
  return (
    typeof value === "object" && value !== null && "posted" in value && value.posted instanceof Uint8Array
  );
}

/** A message whose answers travel together as bytes, and any other as it is; null: it cannot be read. */
export function opened(message: TaskMessage): TaskMessage | null {
  const [together] = message;
  if (!(together instanceof Uint8Array)) return message;
  try {
    const answers = decodeValue(together);
    return Array.isArray(answers) ? answers : null;
  } catch {
    return null;
  }
}

/** More than a worker may have outstanding (task-cells.ts), with room for what it says of itself. */
const ANSWERS_MAX = 4_096;

/** What is wrong with a message of answers, or null. Before `eachAnswer`, which believes it. */
export function faultOfAnswers(message: TaskMessage): string | null {
  const { length } = message;
  if (length === 0 || length % RESULT_STRIDE !== 0 || length > ANSWERS_MAX * RESULT_STRIDE)
    return `a message of ${length} values where answers have ${RESULT_STRIDE} each`;
  for (let at = 0; at < length; at += RESULT_STRIDE) {
    const status = message[at + 1];
    if (!Number.isSafeInteger(message[at])) return "an answer to a task without a number";
    if (!isStatus(status)) return "an answer that says nothing of its task";
    if (!Number.isSafeInteger(message[at + 3])) return "an answer whose duration is no number";
    if (status === HOLDS && !isListOfNumbers(message[at + 2])) return "a list of held tasks without numbers";
  }
  return null;
}

function isStatus(value: unknown): value is number {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  // HOLDS and what comes after it have values of their own, which are never encoded.
  return (value >= DONE && value <= UNREAD) || (value >= ANSWER_ENCODED && value < ANSWER_ENCODED + HOLDS);
}

function isListOfNumbers(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length <= ANSWERS_MAX && value.every((each) => Number.isSafeInteger(each))
  );
}

/** The answers of a message, one after the other. One that cannot be read is told as NOT_CLONEABLE. */
export function eachAnswer(
  message: TaskMessage,
  take: (seq: number, status: number, value: unknown, durationUs: number) => void,
): void {
  for (let at = 0; at < message.length; at += RESULT_STRIDE) {
    const seq = message[at] as number;
    const status = message[at + 1] as number;
    const us = message[at + 3] as number;
    if (status < ANSWER_ENCODED) {
      take(seq, status, message[at + 2], us);
      continue;
    }
    let value: unknown;
    try {
      value = decodeValue(message[at + 2]);
    } catch (error) {
      take(seq, NOT_CLONEABLE, textOf(error), us);
      continue;
    }
    take(seq, status - ANSWER_ENCODED, value, us);
  }
}

export function isTaskMessage(value: unknown): value is TaskMessage {
  return Array.isArray(value);
}

/** What a task worker must know beside its boot order. Sent once. */
export interface TaskOrder {
  readonly concurrency: number;
  /** The export that runs when a task names none. */
  readonly defaultName: string;
  readonly workerData: unknown;
  /** Tell with an extra heartbeat each time so many tasks more are done; null: only when one is due. */
  readonly beatEachTasks: number | null;
}
