// A light, open-loop load: one request at a time at a fixed pace, half on a new connection each, half on a few kept
// ones. Paced, not as fast as it goes: the wall time of a roll shall not measure who wins the CPU.

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const KEPT_CONNECTIONS = 8;
const TIMEOUT_MS = 10_000;

/**
 * @typedef {object} Seen
 * @property {number} requests
 * @property {number} errorsNew of requests on a connection of their own
 * @property {number} errorsKept
 * @property {string[]} errorKinds
 * @property {number} stale answers of another version to requests sent after the deploy was said to be over
 *
 * @typedef {object} Load
 * @property {() => number} mark now, for `stop`
 * @property {(doneAt: number, version: string) => Promise<Seen>} stop lets what is in flight finish; `doneAt` is the
 *   mark at which the deploy was said to be over, `version` the new one
 */

/**
 * @param {string} target http://host:port
 * @param {number} perSecond of each kind
 * @returns {Load}
 */
export function lightLoad(target, perSecond = 40) {
  const agents = Array.from(
    { length: KEPT_CONNECTIONS },
    () => new http.Agent({ keepAlive: true, maxSockets: 1 }),
  );
  /** @type {{ kept: boolean, sentAt: number, version?: string, error?: string }[]} */
  const seen = [];
  /** @type {Set<Promise<void>>} */
  const open = new Set();

  const send = (/** @type {http.Agent | false} */ agent) => {
    const record = { kept: agent !== false, sentAt: performance.now() };
    seen.push(record);
    const answered = get(target, agent)
      .then((version) => Object.assign(record, { version }))
      .catch((error) => Object.assign(record, { error: error.code ?? error.message }))
      .then(() => void open.delete(answered));
    open.add(answered);
  };
  let turn = 0;
  const timer = setInterval(() => {
    send(false);
    send(/** @type {http.Agent} */ (agents[turn++ % agents.length]));
  }, 1_000 / perSecond);

  return {
    mark: () => performance.now(),
    async stop(doneAt, version) {
      clearInterval(timer);
      await Promise.race([Promise.all(open), sleep(TIMEOUT_MS * 2)]);
      for (const agent of agents) agent.destroy();
      const errors = seen.filter((each) => each.error !== undefined);
      const late = seen.filter((each) => each.sentAt > doneAt && each.version !== undefined);
      return {
        requests: seen.length,
        errorsNew: errors.filter((each) => !each.kept).length,
        errorsKept: errors.filter((each) => each.kept).length,
        errorKinds: [...new Set(errors.map((each) => String(each.error)))],
        stale: late.filter((each) => each.version !== version).length,
      };
    },
  };
}

/**
 * @param {string} target
 * @param {http.Agent | false} agent `false`: a connection for this request only
 * @returns {Promise<string>} the body
 */
export function get(target, agent = false) {
  return new Promise((resolve, reject) => {
    const request = http.get(target, { agent, timeout: TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
  });
}

/** Resolves when `target` answers. @param {string} target @param {number} timeoutMs */
export async function answering(target, timeoutMs) {
  const until = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await get(target);
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(10);
    }
  }
}
