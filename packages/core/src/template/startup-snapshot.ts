// Node's own way for code to prepare for being copied: v8.startupSnapshot. A library that asks whether a snapshot is built and
// says what to do before and after (bson draws ObjectId's five bytes anew) means a template just as well. So while it loads a
// template says yes, and calls what was registered: before the first fork, and in each worker. Only a main function cannot be
// set: workers have one.

import { startupSnapshot } from "node:v8";

export interface SnapshotCallbacks {
  /** In the template, when all is loaded. */
  serialize(): void;
  /** In each forked worker. */
  deserialize(): void;
}

type Callback = (data: unknown) => void;

export function actAsSnapshot(): SnapshotCallbacks {
  let isBuilding = true;
  const before: (() => void)[] = [];
  const after: (() => void)[] = [];
  const registerIn = (list: (() => void)[]) => (callback: Callback, data?: unknown) =>
    void list.push(() => callback(data));
  Object.assign(startupSnapshot, {
    isBuildingSnapshot: () => isBuilding,
    addSerializeCallback: registerIn(before),
    addDeserializeCallback: registerIn(after),
  });
  return {
    serialize() {
      for (const each of before) each();
      isBuilding = false;
    },
    deserialize() {
      for (const each of after) each();
    },
  };
}
