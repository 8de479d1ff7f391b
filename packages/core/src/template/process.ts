// The template's process: takes its link over, waits for its order, becomes that template. What every fork must find in
// place is put there first: a Math.random that can be seeded anew, stdio streams that are nobody's discovery. Before all, as it
// holds for what is mapped from then on: where mappings go.

import { createTemplateCommandReader } from "../link/frames.ts";
import { decodeJson } from "../link/json-frame.ts";
import { createFramedLink, nativeSupport } from "../native/index.ts";
import { leaveBrokenLink, NO_FRAME } from "../worker/link.ts";
import { endWithSupervisor } from "../worker/watchdog.ts";
import { holdAll } from "./held/index.ts";
import { holdSignals } from "./held-signals.ts";
import { Identity } from "./identity.ts";
import { ownRandomness } from "./randomness.ts";
import { actAsSnapshot } from "./startup-snapshot.ts";
import { Template } from "./template.ts";

/** stdin, stdout, stderr, then the link. */
const LINK_FD = 3;

const support = nativeSupport();
if (!support.ok) throw new Error(support.reason);
const { binding } = support;
endWithSupervisor(binding);
binding.occupyAddresses();
const randomness = ownRandomness();
const snapshot = actAsSnapshot();
const signals = holdSignals();
const identity = new Identity();
const held = holdAll();
void process.stdout;
void process.stderr;

const reader = createTemplateCommandReader();
const link = createFramedLink(binding, LINK_FD, {
  frame(payload, descriptors) {
    const reading = reader.read(decodeJson(payload));
    if (reading.kind === "message") return template.receive(reading.message, descriptors);
    for (const each of descriptors) binding.close(each);
    if (reading.kind !== "duplicate")
      leaveBrokenLink(reading.kind === "violation" ? reading.detail : NO_FRAME);
  },
  // Without all that came with an order there is no worker, but this template may fork others later.
  cutOff(payload, descriptors, dropped) {
    for (const each of descriptors) binding.close(each);
    const reading = reader.read(decodeJson(payload));
    if (reading.kind === "message") template.receiveCutOff(reading.message, dropped);
  },
  // The supervisor is gone. The workers notice by themselves, on their own links.
  ended: () => binding.exitNow(0),
});
const template = new Template({ binding, link, randomness, snapshot, signals, identity, held });
// A terminal or an operator may signal the whole group: the supervisor decides when a template ends.
for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"] as const) process.on(signal, () => {});
