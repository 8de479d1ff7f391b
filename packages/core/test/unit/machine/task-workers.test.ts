// What task pools ask of the machine beside what services do: dismissals, workers deep in a task, spare workers.
import { describe, expect, it } from "vitest";
import { drive, releaseOf } from "./driver.ts";

describe("a dismissed worker", () => {
  it("drains and its seat is filled at once, without a failure", () => {
    const driver = drive({ desired: 1 }).start().fresh().at(100);
    driver.worker("w1", { type: "WorkerDismissed", reason: null }).at(110).exit("w1").ready("w2");
    expect(driver.trace).toMatchInlineSnapshot(`
      [
        "t=100 WorkerDismissed w1 g1 -> DrainWorker w1; SpawnWorker w2 slot=0 g1",
        "t=110 WorkerExited w1 g1",
        "t=110 WorkerReported w2 g1 -> AdmitWorker w2",
        "t=110 WorkerReady w2 g1",
      ]
    `);
    expect(driver.machine.world.registry.slots.get(0)?.failures).toBe(0);
  });

  it("is killed at once for a reason, again and again without a back-off, and the roll is not blamed", () => {
    const driver = drive({ desired: 1, minHealthyMs: 0 }).start().at(100);
    const reason = { code: "BROOD_TASK_TIMEOUT", message: "too slow" };
    for (const worker of ["w1", "w2", "w3", "w4"] as const) {
      driver.fresh().worker(worker, { type: "WorkerDismissed", reason });
      expect(driver.trace[0]).toContain(`KillWorker ${worker}; SpawnWorker`);
      driver.exit(worker, null, "SIGKILL").ready(`w${Number(worker.slice(1)) + 1}`);
    }
    expect(driver.machine.snapshot(200).counters).toMatchObject({ crashed: 0, killed: 4 });
  });
});

describe("a silent worker", () => {
  it("is asked, and spared as long as it is found at work on a task", () => {
    const driver = drive({ desired: 1, asksTheSilent: true }).start().fresh();
    const look = (atMs: number) => driver.at(atMs).deadlines();
    look(6_000);
    driver.worker("w1", { type: "WorkerBusy" });
    look(7_000);
    look(12_000);
    driver.worker("w1", { type: "WorkerBusy" });
    look(13_000);
    look(18_000);
    look(19_000);
    look(20_000);
    expect(driver.trace).toMatchInlineSnapshot(`
      [
        "t=6000 DeadlinesReached -> AskWorker w1",
        "t=6000 WorkerBusy w1 g1",
        "t=7000 DeadlinesReached",
        "t=12000 DeadlinesReached -> AskWorker w1",
        "t=12000 WorkerBusy w1 g1",
        "t=13000 DeadlinesReached",
        "t=18000 DeadlinesReached -> AskWorker w1",
        "t=19000 DeadlinesReached -> AskWorker w1; ExamineWorker w1",
        "t=20000 DeadlinesReached -> KillWorker w1; SpawnWorker w2 slot=0 g1",
      ]
    `);
  });
});

describe("a silent worker that had no task when it was asked", () => {
  it("is spared when it has begun one until its last look", () => {
    const driver = drive({ desired: 1, asksTheSilent: true }).start().fresh();
    driver.at(6_000).deadlines().at(7_000).deadlines().worker("w1", { type: "WorkerBusy" });
    driver.at(8_000).deadlines().at(13_000).deadlines();
    expect(driver.trace).toMatchInlineSnapshot(`
      [
        "t=6000 DeadlinesReached -> AskWorker w1",
        "t=7000 DeadlinesReached -> AskWorker w1; ExamineWorker w1",
        "t=7000 WorkerBusy w1 g1",
        "t=8000 DeadlinesReached",
        "t=13000 DeadlinesReached -> AskWorker w1",
      ]
    `);
  });
});

describe("a worker that is stopped in the middle of a task", () => {
  const look = (driver: ReturnType<typeof drive>, atMs: number) => driver.at(atMs).deadlines();

  it("is killed when it was seen stopped for the heartbeat timeout", () => {
    const driver = drive({ desired: 1, asksTheSilent: true }).start().fresh();
    look(driver, 6_000).worker("w1", { type: "WorkerSuspended" });
    look(driver, 7_000);
    look(driver, 12_000).worker("w1", { type: "WorkerSuspended" });
    look(driver, 13_000);
    look(driver, 14_000);
    expect(driver.trace).toMatchInlineSnapshot(`
      [
        "t=6000 DeadlinesReached -> AskWorker w1",
        "t=6000 WorkerSuspended w1 g1",
        "t=7000 DeadlinesReached",
        "t=12000 DeadlinesReached -> AskWorker w1",
        "t=12000 WorkerSuspended w1 g1",
        "t=13000 DeadlinesReached -> AskWorker w1; ExamineWorker w1",
        "t=14000 DeadlinesReached -> KillWorker w1; SpawnWorker w2 slot=0 g1",
      ]
    `);
  });

  it("is spared when it goes on in time, and a second stop counts anew", () => {
    const driver = drive({ desired: 1, asksTheSilent: true }).start().fresh();
    look(driver, 6_000).worker("w1", { type: "WorkerSuspended" });
    look(driver, 7_000);
    look(driver, 12_000).worker("w1", { type: "WorkerBusy" });
    look(driver, 18_000).worker("w1", { type: "WorkerSuspended" });
    look(driver, 19_000);
    look(driver, 23_999);
    look(driver, 24_000);
    driver.at(24_500).beat("w1");
    look(driver, 25_000);
    look(driver, 30_500);
    expect(driver.trace).toMatchInlineSnapshot(`
      [
        "t=6000 DeadlinesReached -> AskWorker w1",
        "t=6000 WorkerSuspended w1 g1",
        "t=7000 DeadlinesReached",
        "t=12000 DeadlinesReached -> AskWorker w1",
        "t=12000 WorkerBusy w1 g1",
        "t=18000 DeadlinesReached -> AskWorker w1",
        "t=18000 WorkerSuspended w1 g1",
        "t=19000 DeadlinesReached",
        "t=23999 DeadlinesReached",
        "t=24000 DeadlinesReached -> AskWorker w1",
        "t=24500 WorkerHeartbeat w1 g1",
        "t=25000 DeadlinesReached",
        "t=30500 DeadlinesReached -> AskWorker w1",
      ]
    `);
  });
});

describe("a start", () => {
  it("is not held against a worker that had been fit: a task may end its worker while others still boot", () => {
    const driver = drive({ desired: 4, minHealthyMs: 0, maxFailures: 2 });
    driver.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    driver.step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    driver.ready("w1", "w2", "w3").at(10).exit("w1", 1).exit("w2", 1).exit("w3", 1);
    driver.ready("w4", "w5", "w6", "w7");
    expect(driver.trace.at(-1)).toBe("t=10 WorkerReady w7 g1 -> SettleStart ok");
  });

  it("is over with the workers that were asked for first, whatever becomes of those it is scaled to meanwhile", () => {
    const driver = drive({ desired: 1, startsWith: 1, minHealthyMs: 0, maxFailures: 2 });
    driver.step({ type: "StartRequested", entry: "/srv/current/app.js" });
    driver.step({ type: "ReleaseResolved", generation: 1, release: releaseOf(1) });
    driver.step({ type: "ScaleRequested", requestId: "s", desired: 2 });
    driver.ready("w1").at(10).exit("w1", 1).ready("w3").at(20).exit("w3", 1).at(300).deadlines().ready("w4");
    driver.at(310).exit("w4", 1).at(900).deadlines().ready("w5").ready("w2");
    expect(driver.trace.filter((line) => line.includes("Settle"))).toMatchInlineSnapshot(`
      [
        "t=0 WorkerReady w1 g1 -> SettleStart ok",
        "t=20 WorkerExited w3 g1 -> SettleScale BROOD_WORKER_EXITED",
      ]
    `);
    expect(driver.seats()).toEqual(["0:w5/g1 ready", "1:w2/g1 ready"]);
  });
});

describe("scaling down", () => {
  it("takes the workers that can be spared", () => {
    const driver = drive({ desired: 3 }).start().fresh();
    driver.step({ type: "ScaleRequested", requestId: "s", desired: 2, spare: ["w1"] });
    expect(driver.trace).toEqual(["t=0 ScaleRequested -> DrainWorker w1; CloseSlot slot=0"]);
  });
});
