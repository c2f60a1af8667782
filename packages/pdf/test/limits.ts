import type { ExtractLimits } from "../src/index.ts";

/** The limits that a worker has by default. */
export const LIMITS: ExtractLimits = {
  stallMs: 10_000,
  timeoutMs: 60_000,
  memoryBytes: 943_718_400,
  maxPages: 2000,
  maxTextBytes: 8_388_608,
};
