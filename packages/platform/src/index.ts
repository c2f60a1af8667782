export * from "./config.ts";
export * from "./logger.ts";
export { createLoopDelay, createMetrics, type LoopDelay, type Metrics } from "./metrics.ts";
export * from "./lifecycle.ts";
export * from "./signal.ts";
export * from "./health.ts";
export * from "./admin-server.ts";
export * from "./redis.ts";
export * from "./memory.ts";
