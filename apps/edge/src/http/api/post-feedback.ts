import { feedbackSchema, parsePayload, refuse } from "@docrelay/protocol";
import type { GiveFeedback } from "../../asks/give-feedback.ts";
import { readBody } from "./body.ts";
import type { ApiCall } from "./call.ts";

export interface FeedbackDeps {
  readonly giveFeedback: GiveFeedback;
}

const MAX_BYTES = 8192;

/**
 * `POST /v1/asks/:id/feedback`: stores feedback. The body is the payload of the client event `feedback`, without `ask`.
 * @throws Refusal, as `GiveFeedback` does
 */
export async function postFeedback({ giveFeedback }: FeedbackDeps, call: ApiCall): Promise<void> {
  const [ask = ""] = call.params;
  const body = await readBody(call, MAX_BYTES, "");
  let json: unknown;
  try {
    json = JSON.parse(body.toString());
  } catch {
    throw refuse("BAD_MESSAGE", { reason: "json", message: "The body is not JSON." });
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw refuse("BAD_MESSAGE", { reason: "schema" });
  await giveFeedback(call.user, parsePayload(feedbackSchema, { ...json, ask }));
  call.response.writeHead(204).end();
}
