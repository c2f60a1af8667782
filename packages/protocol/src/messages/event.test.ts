import { expect, test } from "vitest";
import * as z from "zod/mini";
import { openAckSchema } from "./conversation.ts";
import { logEntrySchema } from "./event.ts";
import { follow } from "../follow/follow.ts";
import { following, type FollowInput } from "../follow/follow-state.ts";

const head = (seq: number): object => ({ conversation: "c", seq, nonce: `n${seq}`, ask: "a", attempt: 0, at: 0 });
const accepted = { ...head(1), type: "accepted", message: "?", files: [] };
const newer = { ...head(2), type: "rated", stars: 5 };
const cancelled = { ...head(3), type: "cancelled", text: "", by: "a newer field" };

test("fields that a newer server adds are left out", () => {
  const { by: _, ...known } = cancelled;
  expect(z.parse(logEntrySchema, cancelled)).toEqual(known);
});
test("a reason that a newer server adds leaves its event readable", () => {
  const missing = [{ page: 1, reason: "of a later release" }];
  const extracted = { ...head(2), type: "extracted", file: 0, pages: 1, chars: 0, cached: false, missing, ocr: [] };
  expect(z.parse(logEntrySchema, { ...extracted, truncated: false })).toMatchObject({
    type: "extracted",
    missing: [{ page: 1, reason: "error" }],
  });
});
test("what is not an entry of a log at all is refused", () => {
  for (const payload of [null, 1, "x", {}, { ...newer, seq: "2" }, { ...newer, nonce: undefined }])
    expect(z.safeParse(logEntrySchema, payload).success).toBe(false);
});

const connected: FollowInput = { type: "connected" };
const opened = (events: unknown[], seq = events.length): FollowInput => {
  const ack = z.parse(openAckSchema, { ok: true, events, more: false, first: 1, head: { seq, nonce: `n${seq}` } });
  if (!ack.ok) throw new Error("refused");
  return { type: "opened", call: 1, events: ack.events, more: ack.more, first: ack.first, head: ack.head };
};
const live = (payload: unknown): FollowInput => ({ type: "event", event: z.parse(logEntrySchema, payload) });

test.each([
  ["read from the log", [connected, opened([accepted, newer, cancelled])]],
  ["heard live", [connected, opened([accepted]), live(newer), live(cancelled)]],
])("an event of an unknown type, %s, takes its place and is not shown", (_, inputs) => {
  let state = following();
  const shown: string[] = [];
  for (const input of inputs) {
    const step = follow(state, input, 0, 0);
    state = step.state;
    for (const action of step.actions) if (action.type === "apply") shown.push(action.event.type);
  }
  expect(shown).toEqual(["accepted", "cancelled"]);
  expect(state).toMatchObject({ phase: "live", last: 3 });
});
