// The fuzzer of wires, for a few seconds: forged messages, bytes and handles of real workers.
import { it } from "vitest";
import { allHeld } from "./fuzz.ts";

it("G75: what workers forge, drawn by chance, ends at most themselves", () => allHeld("wire", 3));
