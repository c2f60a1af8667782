import { describe, expect, it } from "vitest";
import { sweepRule, type Found } from "./sweep-rule.ts";

const QUEUED: Found = { ask: { cancelled: false }, state: "queued", expired: false, texts: [], bytes: [] };
const PARKED: Found = { ...QUEUED, state: "parked", texts: ["text", "missing"], bytes: [undefined, true] };

describe("sweepRule", () => {
  it.each<[string, Found, ReturnType<typeof sweepRule>]>([
    ["rings for a queued ask, whose edge may have died before it rang", QUEUED, { do: "wake" }],
    ["rings for a running ask, whose worker has not renewed it", { ...QUEUED, state: "running" }, { do: "wake" }],
    ["rings for a queued ask without its texts: a worker parks it", { ...PARKED, state: "queued" }, { do: "wake" }],
    ["asks again for the extraction of a parked ask", PARKED, { do: "extract", files: [1] }],
    ["rings for a parked ask whose texts are all there", { ...PARKED, texts: ["text", "text"] }, { do: "wake" }],
    [
      "rings for a parked ask of which one text can never come",
      { ...PARKED, texts: ["failed", "missing"] },
      { do: "wake" },
    ],
    ["gives up a file without text and bytes", { ...PARKED, bytes: [undefined, false] }, { do: "lose", file: 1 }],
    [
      "names the first lost file",
      { ...PARKED, texts: ["missing", "missing"], bytes: [true, false] },
      { do: "lose", file: 1 },
    ],
    ["ends what has expired, whatever it waits for", { ...PARKED, expired: true }, { do: "expire" }],
    [
      "ends what was cancelled, also after its deadline",
      { ...PARKED, expired: true, ask: { cancelled: true } },
      { do: "cancel" },
    ],
  ])("%s", (_name, found, action) => {
    expect(sweepRule(found)).toEqual(action);
  });
});
