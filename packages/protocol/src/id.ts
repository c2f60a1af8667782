import * as z from "zod/mini";

/**
 * An id made by a client: 1 to 64 characters of `A-Z a-z 0-9 _ -`. It is unique only among the ids of its user. It is
 * never used unchanged as a Redis key, job id or room.
 */
export const idSchema = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/));
