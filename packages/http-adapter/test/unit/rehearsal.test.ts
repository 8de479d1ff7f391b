import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Server } from "node:http";
import { expect, it, onTestFinished, vi } from "vitest";
import { rehearse } from "../../src/worker/rehearsal.ts";

const openTcp = (): string[] => process.getActiveResourcesInfo().filter((each) => /^TCP/.test(each));

it("a rehearsal is seen by nobody who watches all servers, and leaves nothing open", async () => {
  const emit = vi.spyOn(Server.prototype, "emit");
  onTestFinished(() => emit.mockRestore());
  await rehearse();
  expect(emit).not.toHaveBeenCalled();
  expect(openTcp()).toEqual([]);
});

it("does not take place where somebody is told of each request", async () => {
  const told = vi.fn();
  const connected = vi.fn();
  subscribe("http.server.request.start", told);
  subscribe("net.client.socket", connected);
  onTestFinished(() => {
    unsubscribe("http.server.request.start", told);
    unsubscribe("net.client.socket", connected);
  });
  await rehearse();
  expect(told).not.toHaveBeenCalled();
  expect(connected).not.toHaveBeenCalled();
});

it("does take place otherwise", async () => {
  const connected = vi.fn();
  subscribe("net.client.socket", connected);
  onTestFinished(() => void unsubscribe("net.client.socket", connected));
  await rehearse();
  expect(connected).toHaveBeenCalledOnce();
});
