import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import * as protocol from "./index.ts";

/*
 * A hash of the wire contract: the JSON schema of every shape, the error table and the version. A change that old
 * clients or servers would notice makes this test fail.
 */
const HASH = "f8786f8f86a044500eb7a86a3c3c883d";

const ADVICE =
  "The wire contract has changed. If that was not meant, undo it. If it was: make sure that old clients and servers get on " +
  "with it (new fields optional, nothing renamed), else raise PROTOCOL_VERSION; write it into the protocol's document; then " +
  "put the new hash into schema-hash.test.ts.";

function shapes(): Array<[name: string, schema: z.core.$ZodType]> {
  const all = Object.entries(protocol).filter(
    (entry): entry is [(typeof entry)[0], (typeof entry)[1] & z.core.$ZodType] => entry[1] instanceof z.core.$ZodType,
  );
  return all.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function fingerprint(of: { shapes: ReturnType<typeof shapes>; errors: object; version: number }): string {
  const described = of.shapes.map(([name, schema]) => {
    // JSON Schema has no type for bytes, so a schema of bytes gets the format `bytes`.
    const json = z.toJSONSchema(schema, {
      io: "input",
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === "custom") jsonSchema.format = "bytes";
      },
    });
    return [name, sorted(json)];
  });
  const codes = Object.entries(of.errors).map(([code, { retryable, http, close }]) => [code, retryable, http, close]);
  const text = JSON.stringify([of.version, described, codes.toSorted()]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** Returns the value with the keys of its objects sorted, so that their order does not change the hash. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

const now = (): Parameters<typeof fingerprint>[0] => ({
  shapes: shapes(),
  errors: protocol.ERRORS,
  version: protocol.PROTOCOL_VERSION,
});

test("the wire contract is the one that was agreed on", () => {
  expect(fingerprint(now()), ADVICE).toBe(HASH);
});

test("every message of the protocol is part of it", () => {
  expect(shapes().map(([name]) => name)).toEqual(
    expect.arrayContaining([
      "askAckSchema",
      "askSchema",
      "cancelSchema",
      "closeSchema",
      "eventSchema",
      "handshakeSchema",
      "limitsSchema",
      "logEntrySchema",
      "openAckSchema",
      "openSchema",
      "plainFrameSchema",
      "progressSchema",
      "refreshSchema",
      "sessionSchema",
      "uploadChunkSchema",
      "uploadStartSchema",
      "welcomeSchema",
      "wireErrorSchema",
    ]),
  );
});

test("a new field, another limit, a code's other answer and another version all show", () => {
  const base = now();
  const before = fingerprint(base);
  const other = (name: string, schema: z.core.$ZodType): string =>
    fingerprint({ ...base, shapes: base.shapes.map((shape) => (shape[0] === name ? [name, schema] : shape)) });
  expect(other("cancelSchema", z.extend(protocol.cancelSchema, { why: z.optional(z.string()) }))).not.toBe(before);
  expect(other("idSchema", z.string().check(z.regex(/^[A-Za-z0-9_-]{1,65}$/)))).not.toBe(before);
  expect(other("sessionSchema", z.omit(protocol.sessionSchema, { user: true }))).not.toBe(before);
  const errors = { ...protocol.ERRORS, BUSY: { ...protocol.ERRORS.BUSY, retryable: false } };
  expect(fingerprint({ ...base, errors })).not.toBe(before);
  expect(fingerprint({ ...base, version: 2 })).not.toBe(before);
  expect(fingerprint(now())).toBe(before);
});
