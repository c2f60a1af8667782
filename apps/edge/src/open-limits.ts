import { countUnfinished, type Store } from "@docrelay/channel";
import { mastersOf, type Lifecycle, type Logger } from "@docrelay/platform";
import type { Config } from "./config.ts";
import { createConnections, type Connections } from "./limits/connections.ts";
import { createMemoryGate, type MemoryGate } from "./limits/memory-gate.ts";
import { createNetworks, type Networks } from "./limits/networks.ts";
import { createQueueGate, type QueueGate } from "./limits/queue-gate.ts";
import { createTenants, type Tenants } from "./limits/tenants.ts";
import { createQuotaSettings, loggedField, type QuotaSettings } from "./quotas/quota-settings.ts";

/**
 * The parts of an edge that bound what users may do on all edges together. The numbers that they check are in Redis.
 */
export interface EdgeLimits {
  readonly connections: Connections;
  /**
   * `tenants`: the tenant of each user. `connections`: counts the connections of each tenant; undefined if
   * `USERS_PER_TENANT` is 0.
   */
  readonly byTenant: { readonly tenants: Tenants; readonly connections: Connections | undefined };
  /**
   * `networks`: the network of each user. `connections`: counts the connections of each network; undefined if
   * `USERS_PER_ADDRESS` is 0.
   */
  readonly byNetwork: { readonly networks: Networks; readonly connections: Connections | undefined };
  readonly quotaSettings: QuotaSettings;
  readonly queueGate: QueueGate;
  readonly memoryGate: MemoryGate;
}

interface CountDeps {
  readonly redis: Store["redis"];
  readonly node: string;
  onTrouble(error: unknown): void;
}

interface OpenLimitsDeps extends CountDeps {
  readonly log: Logger;
  readonly life: Lifecycle;
  readonly store: Store;
}

export function openLimits(config: Config, { redis, node, onTrouble, log, life, store }: OpenLimitsDeps): EdgeLimits {
  const connections = createConnections({ redis, node, max: config.MAX_CONNECTIONS_PER_USER, onError: onTrouble });
  life.add("connections", () => connections[Symbol.asyncDispose]());
  const byTenant = openTenants(config, { redis, node, onTrouble });
  life.add("connections of tenants", () => byTenant.connections?.[Symbol.asyncDispose]());
  const byNetwork = openNetworks(config, { redis, node, onTrouble });
  life.add("connections of networks", () => byNetwork.connections?.[Symbol.asyncDispose]());
  const quotaSettings = createQuotaSettings({
    redis,
    onChange: (changes) => log.info({ changes }, "quotas changed"),
    onPause: (isPaused) => log.warn({ isPaused }, "the intake was paused or opened"),
    onUnknown: (fields) => log.warn({ fields: fields.map(loggedField) }, "quotas are not understood"),
    onTrouble,
  });
  life.add("quotas", () => quotaSettings[Symbol.dispose]());
  const queueGate = createQueueGate({
    max: config.MAX_QUEUED_ASKS,
    count: () => countUnfinished(store).then(({ sum }) => sum),
  });
  life.add("queue gate", () => queueGate[Symbol.dispose]());
  const memoryGate = createMemoryGate(() =>
    Promise.all(mastersOf(redis).map((master) => master.info("memory", "stats"))),
  );
  life.add("memory gate", () => memoryGate[Symbol.dispose]());
  return { connections, byTenant, byNetwork, quotaSettings, queueGate, memoryGate };
}

function openTenants(
  { USERS_PER_TENANT: users, MAX_CONNECTIONS_PER_USER: each }: Config,
  { redis, node, onTrouble }: CountDeps,
): EdgeLimits["byTenant"] {
  const counted = { redis, node: `${node}-tenants`, max: users * each, onError: onTrouble };
  return { tenants: createTenants(), connections: users > 0 ? createConnections(counted) : undefined };
}

function openNetworks(
  { USERS_PER_ADDRESS: users, MAX_CONNECTIONS_PER_USER: each }: Config,
  { redis, node, onTrouble }: CountDeps,
): EdgeLimits["byNetwork"] {
  const counted = { redis, node: `${node}-networks`, max: users * each, onError: onTrouble };
  return { networks: createNetworks(), connections: users > 0 ? createConnections(counted) : undefined };
}
