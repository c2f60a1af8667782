import { idSchema, type ErrorCode } from "@docrelay/protocol";
import * as z from "zod/mini";

export type Json = Record<string, unknown>;
/** The description of one route for OpenAPI. */
export interface Operation {
  readonly summary: string;
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  /** The media types of a response with status 200, each with the schema of its content or the name of that schema. */
  readonly answers?: Readonly<Record<string, string | Json>>;
  /** The status of a response that has no body, in place of 200; undefined if the response has a body. */
  readonly empty?: number;
  readonly errors: readonly ErrorCode[];
  /** Whether the route works without a token in `anonymous` mode. */
  readonly visitors?: boolean;
  /** The name of the schema of the route's refusals; by default `Error`. */
  readonly refusal?: string;
}

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
export const text: Json = { type: "string" };
export const bytes: Json = { type: "string", format: "binary" };
const id = z.toJSONSchema(idSchema, { io: "input" });
export const idText: Json = { type: "string", pattern: id.pattern };
export const pathId: Json = { name: "id", in: "path", required: true, schema: idText };
export const key: Json = {
  name: "Idempotency-Key",
  in: "header",
  description: "The id of what is made: a request sent again with it gets the same answer.",
  schema: idText,
};
export const query = (name: string, schema: Json, description: string): Json => ({
  name,
  in: "query",
  schema,
  description,
});

/** The error codes with which routes that take files refuse a request. */
export const FILE: readonly ErrorCode[] = [
  "PAYLOAD_TOO_LARGE",
  "FILE_NAME_INVALID",
  "FILE_TYPE_UNSUPPORTED",
  "FILE_CORRUPT",
  "ASK_CONFLICT",
  "QUOTA_EXCEEDED",
  "BUSY",
  "BAD_MESSAGE",
  "IDLE_TIMEOUT",
];

/** The error codes with which routes that accept an ask refuse a request, and those with which the ask itself fails. */
export const ASK: readonly ErrorCode[] = [
  ...FILE,
  "NOT_FOUND",
  "PDF_INVALID",
  "PDF_ENCRYPTED",
  "PDF_NO_TEXT",
  "PDF_LIMIT_EXCEEDED",
  "PROMPT_TOO_LARGE",
  "ENGINE_UNAVAILABLE",
  "ENGINE_TIMEOUT",
  "ENGINE_BAD_REPLY",
  "ASK_EXPIRED",
  "RESUME_LOST",
];
