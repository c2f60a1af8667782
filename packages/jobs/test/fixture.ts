import { startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll } from "vitest";
import {
  consumeExtracts,
  createProducer,
  type Consumer,
  type ConsumerOptions,
  type Disposition,
  type ExtractJob,
  type Producer,
} from "../src/index.ts";

/** The calls of a consumer's handler. Each call runs until the test calls `end`. */
export interface Runs {
  readonly jobs: ExtractJob[];
  /** Ends the oldest running call of the handler: the call returns `disposition`, or throws it if it is an Error. */
  end(disposition?: Disposition | Error): void;
  readonly going: number;
  readonly errors: Error[];
  readonly consumer: Consumer;
}

export interface JobsFixture {
  readonly url: string;
  /** The prefix of the queue's keys, which differs from test to test. */
  readonly prefix: string;
  readonly server: TestRedis;
  readonly producer: Producer;
  connect(): Redis;
  extracts(more?: Partial<ConsumerOptions>): Promise<Runs>;
}

export function extractOf(letter: string): Omit<ExtractJob, "v"> {
  const key = letter.repeat(32);
  return { key, ref: `ref-${letter}`, sha256: "a".repeat(64), bytes: 10, shard: "s7f", u: "u".repeat(22), trace: "t" };
}

export function useJobs(): JobsFixture {
  let server: TestRedis | undefined;
  let producer: Producer | undefined;
  let prefix = newPrefix();
  const open: AsyncDisposable[] = [];
  const clients: Redis[] = [];
  const running = (): TestRedis => {
    if (!server) throw new Error("the Redis of this file has not started");
    return server;
  };
  const connect = (): Redis => {
    const client = new Redis(running().url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    // A test may have closed some consumers or producers of `open` already, perhaps with an error. Closing them again
    // gives the same result.
    await Promise.allSettled(open.splice(0).map((one) => one[Symbol.asyncDispose]()));
    producer = undefined;
    prefix = newPrefix();
    for (const client of clients.splice(0)) client.disconnect();
  });
  afterAll(async () => {
    await server?.stop();
  });

  async function extracts(more: Partial<ConsumerOptions> = {}): Promise<Runs> {
    const jobs: ExtractJob[] = [];
    const errors: Error[] = [];
    const ends: Array<(how: Disposition | Error) => void> = [];
    const consumer = consumeExtracts({
      connection: connect(),
      prefix,
      concurrency: 10,
      briefMs: 600_000, // longer than any test, so the extra place stays closed
      onError: (error) => void errors.push(error),
      handle(job) {
        jobs.push(job);
        return new Promise((resolve, reject) => {
          ends.push((how) => (how instanceof Error ? reject(how) : resolve(how)));
        });
      },
      ...more,
    });
    open.push({
      async [Symbol.asyncDispose]() {
        for (const end of ends.splice(0)) end("done");
        await consumer[Symbol.asyncDispose]();
      },
    });
    await consumer.ready();
    return {
      jobs,
      errors,
      consumer,
      end: (how = "done") => ends.shift()?.(how),
      get going() {
        return ends.length;
      },
    };
  }

  return {
    get url() {
      return running().url;
    },
    get prefix() {
      return prefix;
    },
    get server() {
      return running();
    },
    get producer() {
      if (!producer) {
        producer = createProducer({ connection: connect(), prefix });
        open.push(producer);
      }
      return producer;
    },
    connect,
    extracts,
  };
}

const newPrefix = (): string => `{test-${Math.random().toString(36).slice(2)}}`;
