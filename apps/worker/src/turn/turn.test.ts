import { expect, it } from "vitest";
import { turnOf, type Turn } from "./turn.ts";

it.each([
  ["cancelled", { kind: "again" }, 1],
  ["stale", { kind: "lost" }, 0],
  ["ended", { kind: "next" }, 0],
] as const)("a step that the store refuses as %s ends the turn as %o", async (reply, turn, ends) => {
  let cancels = 0;
  const endCancelled = async (): Promise<Turn> => {
    cancels++;
    return { kind: "again" };
  };
  expect(await turnOf(reply, endCancelled)).toEqual(turn);
  expect(cancels).toBe(ends);
});
