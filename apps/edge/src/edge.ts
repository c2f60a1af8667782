import { KEYS, pauseIntake, writeQuota } from "@docrelay/channel";
import {
  createHealth,
  pingRedis,
  startAdminServer,
  type AdminPages,
  type Health,
  type Logger,
} from "@docrelay/platform";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAsking } from "./asking.ts";
import type { Config } from "./config.ts";
import { drain, shutDownAll } from "./drain.ts";
import { openEndpoints, type Endpoints } from "./endpoints.ts";
import { createAdminAsks } from "./http/admin/admin-asks.ts";
import { createAdminPages } from "./http/admin/admin-pages.ts";
import { createOverview } from "./http/admin/overview.ts";
import { createLoopback } from "./http/loopback.ts";
import { openResources, type Resources } from "./resources.ts";

/** One running edge process: its public port, its admin port and its connections to Redis. */
export interface Edge {
  readonly port: number;
  readonly node: string;
  /** Drains the edge, then closes all its parts. Resolves to the names of the parts that did not close in time. */
  stop(): Promise<readonly string[]>;
}

const CHECKED_RECENTLY_MS = 10_000;

/** Starts an edge. If this throws, nothing stays open. @throws what `openResources` throws; errors of `listen` */
export async function startEdge(config: Config, log: Logger): Promise<Edge> {
  const resources = await openResources(config, log);
  try {
    return await serve(config, log, resources);
  } catch (error) {
    await resources.life.close();
    throw error;
  }
}

async function serve(config: Config, log: Logger, resources: Resources): Promise<Edge> {
  const { life, node } = resources;
  const asking = createAsking(config, resources);
  const { health, msSinceCheck } = watchHealth(resources);
  const { http, metrics, hasPolling, connections } = openEndpoints({ config, log, resources, asking, health });
  if (config.ADMIN_PORT > 0) {
    const { ADMIN_PORT: port, HOST: host } = config;
    const pages = openAdminPages({ config, log, resources, health, metrics, connections });
    const admin = await startAdminServer({ port, host, health, metrics: metrics.metrics, pages });
    life.add("admin server", () => admin[Symbol.asyncDispose]());
  }
  http.listen(config.PORT, config.HOST);
  await once(http, "listening");

  return {
    port: (http.address() as AddressInfo).port,
    node,
    async stop() {
      // The delay gives a balancer time to notice that this edge is not ready. If no readiness check came in the last
      // ten seconds, no balancer checks, and the delay is skipped.
      const delayMs = msSinceCheck() < CHECKED_RECENTLY_MS ? config.DRAIN_DELAY_MS : 0;
      await drain({ health, http, connections, delayMs, spreadMs: config.DRAIN_SPREAD_MS, hasPolling });
      return (await life.close()).map(({ step }) => step);
    },
  };
}

interface AdminDeps extends Pick<Endpoints, "metrics" | "connections"> {
  readonly config: Config;
  readonly log: Logger;
  readonly resources: Resources;
  readonly health: Health;
}

function openAdminPages({ config, log, resources, health, metrics, connections }: AdminDeps): AdminPages {
  const { store, bell, redis, quotaSettings, node, producer, revocations, onTrouble } = resources;
  return createAdminPages({
    token: config.ADMIN_TOKEN,
    log,
    revoke: revocations.revoke,
    asks: createAdminAsks({ store, bell }),
    overview: createOverview({
      store,
      node,
      producer,
      metrics,
      isDraining: () => health.draining,
      isPaused: () => quotaSettings.isPaused,
      identities: () => connections().map(({ identity }) => identity),
    }),
    quotas: () => redis.hgetall(KEYS.quotas.pattern),
    async setQuota(field, value) {
      await writeQuota(redis, field, value);
      await quotaSettings.look();
    },
    async pause(isPaused) {
      await pauseIntake(redis, isPaused);
      await quotaSettings.look();
    },
    drain() {
      if (health.draining) return;
      health.drain();
      shutDownAll(connections(), config.DRAIN_SPREAD_MS).catch(onTrouble);
    },
  });
}

/** Returns the health of the edge, and the time since a balancer last checked its readiness. */
function watchHealth({ redis, subscriber, selfTest, node }: Resources): { health: Health; msSinceCheck: () => number } {
  const health = createHealth();
  const loopback = createLoopback({ subscriber, publisher: redis, node });
  health.check("redis", () => pingRedis(redis));
  health.check("pubsub", () => loopback.check());
  health.check("self-test", () => selfTest.check());
  let checkedAt = Number.NEGATIVE_INFINITY;
  return {
    health: {
      check: (name, holds) => health.check(name, holds),
      drain: () => health.drain(),
      get draining() {
        return health.draining;
      },
      ready() {
        checkedAt = performance.now();
        return health.ready();
      },
    },
    msSinceCheck: () => performance.now() - checkedAt,
  };
}
