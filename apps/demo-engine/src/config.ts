import { choice, integer, LOG_LEVELS, type LogLevel } from "@docrelay/platform";
import * as z from "zod";

/** All settings of the demo engine. `DEMO_*` are for demonstrations and tests. */
export const schema = z.object({
  PORT: integer({ min: 0, max: 65_535, default: 7800 }),
  HOST: z.string().default("127.0.0.1"),
  LOG_LEVEL: choice<LogLevel>(LOG_LEVELS, "info"),
  /** One frame per reply, or a stream of frames. */
  DEMO_REPLY: choice(["stream", "single"], "stream"),
  /** Between two words of a stream, in ms. */
  DEMO_DELAY_MS: integer({ min: 0, max: 60_000, default: 25 }),
  /** `by-message`: the fault that a question names with `#fault:<name>`. Any other value applies to every ask. */
  DEMO_FAULT: choice(
    ["none", "by-message", "slow", "hang", "drop", "garbage", "flood", "second", "wrong-id", "error"],
    "none",
  ),
});
export type Config = z.output<typeof schema>;
export type Fault = Exclude<Config["DEMO_FAULT"], "by-message">;
