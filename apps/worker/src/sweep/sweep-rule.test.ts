import { describe, expect, it } from "vitest";
import { sweepRule, type Found } from "./sweep-rule.ts";

const QUEUED: Found = { ask: { cancelled: false }, state: "queued", expired: false, texts: [], bytes: [] };
const PARKED: Found = { ...QUEUED, state: "parked", texts: ["text", "missing"], bytes: [undefined, true] };

describe("sweepRule", () => {
  it.each<[string, Found, ReturnType<typeof sweepRule>]>([
    ["wakes a queued ask, since its bell may have been lost", QUEUED, { do: "wake" }],
    ["wakes a running ask that is due", { ...QUEUED, state: "running" }, { do: "wake" }],
    ["wakes a queued ask without its texts: a worker parks it", { ...PARKED, state: "queued" }, { do: "wake" }],
    ["adds the extraction of a parked ask again", PARKED, { do: "extract", files: [1] }],
    ["wakes a parked ask whose texts are all stored", { ...PARKED, texts: ["text", "text"] }, { do: "wake" }],
    ["wakes a parked ask with a failed text", { ...PARKED, texts: ["failed", "missing"] }, { do: "wake" }],
    [
      "ends an ask with a file that has neither text nor bytes",
      { ...PARKED, bytes: [undefined, false] },
      { do: "lose", file: 1 },
    ],
    [
      "names the first lost file",
      { ...PARKED, texts: ["missing", "missing"], bytes: [true, false] },
      { do: "lose", file: 1 },
    ],
    ["ends an expired ask, whatever it waits for", { ...PARKED, expired: true }, { do: "expire" }],
    [
      "ends a cancelled ask as cancelled, also after its deadline",
      { ...PARKED, expired: true, ask: { cancelled: true } },
      { do: "cancel" },
    ],
  ])("%s", (_name, found, action) => {
    expect(sweepRule(found)).toEqual(action);
  });
});
