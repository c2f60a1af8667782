import { integer, redisUrl, url } from "@docrelay/platform";
import * as z from "zod";

/**
 * The settings that `npm start` itself reads. `npm start` also passes all variables of its environment to the processes
 * that it starts.
 */
export const schema = z.object({
  PORT: integer({ min: 1, max: 65_535, default: 3000 }),
  HOST: z.string().default("127.0.0.1"),
  ADMIN_PORT: integer({ min: 0, max: 65_000, default: 0 }),
  REDIS_URL: redisUrl().optional(),
  ENGINE_URL: url(["ws:", "wss:", "http:", "https:"])
    .refine((text) => !URL.canParse(text) || new URL(text).username + new URL(text).password === "", {
      error: "must not hold a user name or password",
    })
    .optional(),
  /** The path of the program `redis-server`, which runs the private Redis. The bootstrap sets this variable. */
  DOCRELAY_REDIS_SERVER: z.string().default("redis-server"),
});
export type Config = z.output<typeof schema>;
