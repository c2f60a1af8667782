import { newId } from "@docrelay/client";
import { expect, test } from "vitest";
import { conversationOf, hashOf } from "./address.ts";

test("a conversation's address names it", () => {
  expect(conversationOf(hashOf("a-B_9"))).toBe("a-B_9");
});
test("no anchor of a page, and no broken id, is a conversation", () => {
  for (const hash of ["", "#", "#question", "#c", "#c=", "#c=a b", `#c=${"x".repeat(65)}`, "c=x"])
    expect(conversationOf(hash)).toBeUndefined();
});
test("an address of an earlier version names its conversation", () => {
  const id = newId();
  expect(conversationOf(`#${id}`)).toBe(id);
  expect(conversationOf(`#${id}x`)).toBeUndefined();
});
