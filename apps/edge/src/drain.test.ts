import { describe, expect, it } from "vitest";
import { shutDownAll } from "./drain.ts";
import type { ClientConnection } from "./limits/client-connection.ts";

function connections(pending: readonly number[]): {
  all: Array<Pick<ClientConnection, "pending" | "shutDown">>;
  closed: number[];
} {
  const closed: number[] = [];
  return { closed, all: pending.map((count) => ({ pending: count, shutDown: () => void closed.push(count) })) };
}

describe("closing all connections", () => {
  it("begins with those that wait for nothing, and reaches each once", async () => {
    const { all, closed } = connections([3, 0, 1, 0, 2, 5, 4]);
    await shutDownAll(all, 200);
    expect(closed).toEqual([0, 0, 1, 2, 3, 4, 5]);
  });

  it("closes a few at a time", async () => {
    const { all, closed } = connections(Array.from({ length: 100 }, () => 0));
    const done = shutDownAll(all, 500);
    expect(closed).toHaveLength(10); // only the first of ten groups is closed so far
    await done;
    expect(closed).toHaveLength(100);
  });

  it.each([0, 1, 1500])("is done at once without any, over %i ms", async (spreadMs) => {
    await shutDownAll([], spreadMs);
    const { all, closed } = connections([0]);
    await shutDownAll(all, spreadMs);
    expect(closed).toEqual([0]);
  });
});
