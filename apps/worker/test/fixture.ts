import {
  accept,
  askDigest,
  cancel,
  conversationAddress,
  createBell,
  createBlobStore,
  createRoster,
  hearBeats,
  newNonce,
  newRef,
  openLog,
  queueExtraction,
  readProfile,
  readSecret,
  textKey,
  userAddress,
  type AskBody,
  type AskFile,
  type Bell,
  type BlobStore,
  type Cancelled,
  type Store,
} from "@docrelay/channel";
import { createProducer, type Producer } from "@docrelay/jobs";
import type { Extractor } from "@docrelay/pdf";
import { createLogger } from "@docrelay/platform";
import { isTerminal, type Event, type EventOf, type Terminal } from "@docrelay/protocol";
import { eventually, spawnNode, startRedis, type TestProcess, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { createHash } from "node:crypto";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startAskRole } from "../src/ask-role.ts";
import { openResources, type Resources } from "../src/resources.ts";
import { readConfig, type Config } from "../src/config.ts";
import { drain } from "../src/drain.ts";
import { profileOf, startExtractRole } from "../src/extract-role.ts";
import { openExtractor } from "../src/open-extractor.ts";
import { startSweeper } from "../src/sweep/sweeper.ts";
import { startEngine, type ScriptedEngine } from "./engine.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
export const USER = "someone";
export type Ending = EventOf<Terminal>;
type Env = Record<string, string>;

/** A worker in the process of the test, with real connections and its real parts. */
export interface LocalWorker {
  readonly resources: Resources;
  readonly jobs: number;
  stop(graceMs?: number): Promise<string>;
}

export interface WorkerFixture {
  readonly server: TestRedis;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  /** Rings bells as an edge does. */
  readonly bell: Bell;
  readonly engine: ScriptedEngine;
  readonly logged: string[];
  connect(): Redis;
  /** Starts a worker in this process. With `sweeper: false` it runs a conversation only when a bell is rung. */
  here(env?: Env, more?: { sweeper?: boolean }): Promise<LocalWorker>;
  /** Starts a real worker process and waits until it is ready. */
  process(env?: Env): Promise<TestProcess>;
  /** Accepts an ask as an edge does; rings the bell unless `wake` is false. */
  ask(
    conversation: string,
    id: string,
    body?: Partial<AskBody>,
    more?: { wake?: boolean; user?: string; deadlineMs?: number; replaces?: string },
  ): Promise<void>;
  cancel(conversation: string, id: string): Promise<Cancelled>;
  /** Stores a file's bytes as an edge does, and adds its extraction job unless `extract` is false. */
  file(
    name: string,
    bytes: Uint8Array,
    more?: { extract?: boolean; password?: string; user?: string },
  ): Promise<AskFile>;
  events(conversation: string, user?: string): Promise<Event[]>;
  /** Returns the state in an ask's record: queued, running, parked or ended. */
  stateOf(id: string): Promise<string | null>;
  /** Waits for the terminal event of an ask and returns it. Throws if there is a second terminal event. */
  ended(conversation: string, id: string, timeoutMs?: number, user?: string): Promise<Ending>;
}

export function useWorker(settings: { env?: Env; redis?: { aof?: boolean } } = {}): WorkerFixture {
  let server: TestRedis | undefined;
  let engine: ScriptedEngine | undefined;
  let store: Store | undefined;
  let producer: Producer | undefined;
  let bell: Bell | undefined;
  const roster = createRoster();
  const clients: Redis[] = [];
  const open: Array<() => Promise<unknown>> = [];
  const logged: string[] = [];
  /**
   * The extractors by the settings that they depend on. Workers with equal settings share one, so that a new worker
   * need not start child processes again.
   */
  const extractors = new Map<string, Promise<Extractor>>();
  async function sharedExtractor(config: Config): Promise<Extractor> {
    const key = `${profileOf(config)}|${config.EXTRACT_CONCURRENCY}`;
    const opened = extractors.get(key) ?? openExtractor(config);
    extractors.set(key, opened);
    return { ...(await opened), async [Symbol.asyncDispose]() {} };
  }
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("the fixture has not started");
    return value;
  };
  const envOf = (env: Env): Env => ({
    REDIS_URL: there(server).url,
    ENGINE_URL: there(engine).url,
    ENGINE_REPLY: "stream",
    WORKER_ROLES: "ask",
    LOG_LEVEL: "debug",
    RETENTION_MS: "600000",
    ASK_DEADLINE_MS: String(there(store).askDeadlineMs),
    ...settings.env,
    ...env,
  });

  beforeAll(async () => {
    server = await startRedis(settings.redis ?? {});
    engine = await startEngine();
    const askDeadlineMs = Number(settings.env?.["ASK_DEADLINE_MS"] ?? 60_000);
    store = { redis: fixture.connect(), retentionMs: 600_000, askDeadlineMs };
    producer = createProducer({ connection: fixture.connect() });
    await hearBeats(fixture.connect(), roster);
    bell = createBell(fixture.connect(), roster);
  });
  beforeEach(async () => {
    await there(store).redis.flushall();
    logged.length = 0;
    there(engine).reset();
  });
  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });
  afterAll(async () => {
    for (const extractor of extractors.values()) await (await extractor)[Symbol.asyncDispose]();
    for (const client of clients) client.disconnect();
    await engine?.close();
    await server?.stop();
  });

  const fixture: WorkerFixture = {
    get server() {
      return there(server);
    },
    get store() {
      return there(store);
    },
    get blobs() {
      return createBlobStore("redis", there(store));
    },
    get producer() {
      return there(producer);
    },
    get bell() {
      return there(bell);
    },
    get engine() {
      return there(engine);
    },
    logged,
    connect() {
      const client = new Redis(there(server).url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
      client.on("error", () => undefined);
      clients.push(client);
      return client;
    },

    async here(env = {}, more = {}) {
      const parsed = readConfig(envOf(env));
      if (!parsed.ok) throw new Error(parsed.problems.join("; "));
      const { config } = parsed;
      const destination = new Writable({
        write(line, _encoding, done) {
          logged.push(String(line));
          done();
        },
      });
      const resources = await openResources(
        config,
        createLogger({ level: config.LOG_LEVEL, name: "worker", destination }),
      );
      if (more.sweeper !== false) {
        const sweeper = startSweeper(resources, 100);
        resources.life.add("sweeper", () => sweeper[Symbol.asyncDispose]());
      }
      const ask = config.WORKER_ROLES.has("ask") ? await startAskRole(resources) : undefined;
      const extract = config.WORKER_ROLES.has("extract")
        ? await startExtractRole(resources, sharedExtractor)
        : undefined;
      await extract?.consumer.ready();
      await resources.membership.start();
      await eventually(() => roster.has(resources.membership.worker), { what: "the first beat" });
      let stopped: Promise<string> | undefined;
      const worker: LocalWorker = {
        resources,
        get jobs() {
          return (ask?.slots.active ?? 0) + (extract?.consumer.active ?? 0);
        },
        stop: (graceMs = 0) =>
          (stopped ??= (async () => {
            const how = await drain({
              membership: resources.membership,
              consumers: [...(ask ? [ask.slots] : []), ...(extract ? [extract.consumer] : [])],
              running: ask?.running,
              stopping: resources.stopping,
              leaving: resources.leaving,
              graceMs,
            });
            await resources.life.close();
            return how;
          })()),
      };
      open.push(() => worker.stop());
      return worker;
    },
    async process(env = {}) {
      const before = roster.workers;
      const child = spawnNode(MAIN, { env: envOf(env) });
      open.push(async () => {
        child.kill("SIGKILL");
        await child.exited;
      });
      await child.waitFor(/"msg":"ready"/);
      await eventually(() => roster.workers.some((worker) => !before.includes(worker)), { what: "the first beat" });
      return child;
    },

    async ask(conversation, id, body = {}, { wake = true, user = USER, deadlineMs, replaces } = {}) {
      const whole: AskBody = { message: `question ${id}`, files: [], origin: "socket", ...body };
      const { askDeadlineMs } = there(store);
      const accepted = await accept(
        { ...there(store), askDeadlineMs: deadlineMs ?? askDeadlineMs },
        {
          user,
          conversation,
          id,
          body: whole,
          replaces,
          digest: askDigest("secret", {
            conversation,
            message: whole.message,
            files: whole.files.map(({ name, sha256 }) => ({ name, sha256 })),
          }),
          trace: `trace-${id}`,
          nonce: newNonce(),
          maxInFlight: 10_000,
        },
      );
      if (accepted.kind !== "accepted") throw new Error(accepted.kind);
      if (wake) await there(bell).ring({ conversation: conversationAddress(user, conversation) });
    },
    async cancel(conversation, id) {
      const cancelled = await cancel(there(store), { user: USER, conversation, id, nonce: newNonce() });
      if ("conversation" in cancelled) await there(bell).ring({ conversation: cancelled.conversation });
      return cancelled;
    },
    async file(name, bytes, { extract = true, password, user: owner = USER } = {}) {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const [secret, profile] = [await readSecret(there(store)), await readProfile(there(store))];
      const text = textKey(secret, { sha256, profile, ...(password === undefined ? {} : { password }) });
      const ref = newRef();
      const step = 65_536;
      for (let at = 0; at < bytes.length; at += step) await fixture.blobs.write(ref, at, bytes.subarray(at, at + step));
      await fixture.blobs.renew(ref, there(store).retentionMs);
      const file: AskFile = { name, size: bytes.length, sha256, text, ref };
      if (extract) {
        const user = userAddress(owner);
        const priority = await queueExtraction(there(store), user, text);
        await there(producer).extract(
          { key: text, ref, sha256, bytes: bytes.length, ...user, trace: "upload" },
          priority,
        );
      }
      return file;
    },

    async events(conversation, user = USER) {
      const events: Event[] = [];
      for (;;) {
        const last = events.at(-1);
        const log = await openLog(there(store), user, conversation, {
          after: last && { seq: last.seq, nonce: last.nonce },
        });
        if (log.kind === "lost") throw new Error("lost");
        events.push(...log.events);
        if (!log.more) return events;
      }
    },
    async stateOf(id) {
      const { redis } = there(store);
      const keys = await redis.keys("{*}:*:ask:*");
      for (const key of keys) if ((await redis.hget(key, "id")) === id) return redis.hget(key, "state");
      throw new Error(`no record of ${id}`);
    },
    async ended(conversation, id, timeoutMs = 100_000, user = USER) {
      const terminals = async (): Promise<Ending[]> =>
        (await fixture.events(conversation, user)).filter(isTerminal).filter(({ ask }) => ask === id);
      await eventually(async () => (await terminals()).length > 0, { timeoutMs, what: `the end of ${id}` });
      const all = await terminals();
      if (all.length !== 1) throw new Error(`${id} has ${all.length} ends`);
      return all[0] as Ending;
    },
  };
  return fixture;
}

/** Returns the text that a reader shows for an ask: the joined deltas of the last attempt with a `started` event. */
export function shownText(events: readonly Event[], ask: string): string {
  let text = "";
  for (const event of events) {
    if (event.ask !== ask) continue;
    if (event.type === "started") text = "";
    if (event.type === "delta") text += event.text;
  }
  return text;
}
