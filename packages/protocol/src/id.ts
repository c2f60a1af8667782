import * as z from "zod/mini";

/**
 * An id made by a client: 1..64 of `A-Z a-z 0-9 _ -`. It is unique only for its user, and never used directly as a
 * Redis key, job id or room.
 */
export const idSchema = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/));
