import { choice, integer, LOG_LEVELS, type LogLevel } from "@docrelay/platform";
import * as z from "zod";

/** Settings whose names begin with `DEMO_` are for demonstrations and tests. */
export const schema = z.object({
  PORT: integer({ min: 0, max: 65_535, default: 7800 }),
  HOST: z.string().default("127.0.0.1"),
  LOG_LEVEL: choice<LogLevel>(LOG_LEVELS, "info"),
  /** Whether a reply is one frame or a stream of frames. */
  DEMO_REPLY: choice(["stream", "single"], "stream"),
  /** The pause between two words of a stream, in ms. */
  DEMO_DELAY_MS: integer({ min: 0, max: 60_000, default: 25 }),
  /**
   * The fault that each reply has. With `by-message`, only replies to a question that contains `#fault:<name>` have a
   * fault: the named one.
   */
  DEMO_FAULT: choice(
    ["none", "by-message", "slow", "hang", "drop", "garbage", "flood", "second", "wrong-id", "error"],
    "none",
  ),
});
export type Config = z.output<typeof schema>;
export type Fault = Exclude<Config["DEMO_FAULT"], "by-message">;
