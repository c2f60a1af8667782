import { expect, test } from "vitest";
import * as z from "zod/mini";
import { ERRORS, type ErrorCode } from "./error-table.ts";
import { refuse, wireError } from "./error.ts";
import { wireErrorSchema } from "./wire-error.ts";

/*
 * The table of section 6 of docs/SPEC.md: code, whether to try again, HTTP status, close code (0: the connection
 * stays). Where the document says "as a new ask", "after refresh", "once" or the like, trying again makes sense.
 */
const TABLE: ReadonlyArray<readonly [codes: string, retryable: boolean, http: string, close: number]> = [
  ["AUTH_REQUIRED AUTH_INVALID", false, "401", 4401],
  ["AUTH_EXPIRED", true, "401", 4401],
  ["FORBIDDEN", false, "403", 4403],
  ["ORIGIN_DENIED", false, "403", 0],
  ["BAD_MESSAGE", false, "400", 4400],
  ["PAYLOAD_TOO_LARGE", false, "413", 1009],
  ["FILE_NAME_INVALID FILE_TYPE_UNSUPPORTED FILE_CORRUPT", false, "422 415 422", 0],
  ["PDF_INVALID PDF_ENCRYPTED PDF_NO_TEXT", false, "422", 0],
  ["PDF_LIMIT_EXCEEDED", false, "422", 0],
  ["ASK_CONFLICT", false, "409", 0],
  ["NOT_FOUND", false, "404", 0],
  ["RATE_LIMITED TOO_MANY_CONNECTIONS", true, "429", 4429],
  ["BUSY QUOTA_EXCEEDED", true, "503 429", 0],
  ["STORE_UNAVAILABLE", true, "503", 1013],
  ["PROMPT_TOO_LARGE", false, "422", 0],
  ["ENGINE_UNAVAILABLE ENGINE_TIMEOUT ENGINE_BAD_REPLY", true, "502 504 502", 0],
  ["ASK_EXPIRED", true, "504", 0],
  ["RESUME_LOST", true, "410", 0],
  ["SLOW_CONSUMER IDLE_TIMEOUT", true, "408", 4408],
  ["SHUTTING_DOWN", true, "503", 1012],
  ["INTERNAL", true, "500", 1011],
];

const expected = TABLE.flatMap(([codes, retryable, https, close]) =>
  codes.split(" ").map((code, index) => {
    const each = https.split(" ");
    return [code, { retryable, http: Number(each[index] ?? each[0]), close }] as const;
  }),
);

test.each(expected)("%s is retried, answered and closed as the table says", (code, row) => {
  expect(ERRORS[code as ErrorCode]).toMatchObject(row);
});

test("there is no code beyond the table", () => {
  expect(Object.keys(ERRORS).toSorted()).toEqual(expected.map(([code]) => code).toSorted());
});

test("every code has a sentence for people", () => {
  for (const { message } of Object.values(ERRORS)) expect(message).toMatch(/^[A-Z].{8,}\.$/);
});

test("parts of a millisecond are rounded up, because clients take whole numbers only", () => {
  const error = wireError("BUSY", { retryAfterMs: 955.47 });
  expect(error.retryAfterMs).toBe(956);
  expect(wireErrorSchema.parse(error)).toEqual(error);
});

test("an error on the wire has the table's answer and what its thrower adds", () => {
  expect(wireError("BUSY", { retryAfterMs: 250 })).toEqual({
    code: "BUSY",
    message: ERRORS.BUSY.message,
    retryable: true,
    retryAfterMs: 250,
  });
  const refusal = refuse("PDF_ENCRYPTED", { message: "a.pdf needs a password.", ask: "a1", file: 0 });
  expect(refusal.wire).toEqual({
    code: "PDF_ENCRYPTED",
    message: "a.pdf needs a password.",
    retryable: false,
    ask: "a1",
    file: 0,
  });
  expect(refusal.message).toBe("PDF_ENCRYPTED: a.pdf needs a password.");
  expect(z.safeParse(wireErrorSchema, refusal.wire).success).toBe(true);
});
test("a code of a newer server is read as INTERNAL, with that server's own sentence and retryable", () => {
  const wire = { code: "TOO_NEW", message: "Too new.", retryable: false, more: 9 };
  expect(z.parse(wireErrorSchema, wire)).toEqual({ code: "INTERNAL", message: "Too new.", retryable: false });
});
