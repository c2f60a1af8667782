import { expect, test } from "vitest";
import { parseRange } from "./byte-range.ts";

test.each([
  ["bytes=0-9", { from: 0, to: 10 }],
  ["bytes=90-", { from: 90, to: 100 }],
  ["bytes=-10", { from: 90, to: 100 }],
  ["bytes=0-1000", { from: 0, to: 100 }],
  ["bytes=-1000", { from: 0, to: 100 }],
  ["bytes=99-99", { from: 99, to: 100 }],
  ["bytes=100-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-4", undefined],
  ["bytes=-", undefined],
  ["bytes=0-1,5-6", undefined],
  ["lines=0-1", undefined],
  ["bytes=0x1-2", undefined],
  [undefined, undefined],
])("%s of 100 bytes", (header, range) => expect(parseRange(header, 100)).toEqual(range));
