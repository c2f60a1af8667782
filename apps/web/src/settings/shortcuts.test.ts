import { expect, it, vi } from "vitest";

vi.stubGlobal("navigator", { userAgent: "Linux" });
const { shortcutOf } = await import("./shortcuts.ts");
vi.unstubAllGlobals();

/** `place` is the key's position on a US keyboard. */
const press = (keys: string, place?: string) => {
  const [key = "", ...held] = keys.split(" ").toReversed();
  const is = (name: string): boolean => held.includes(name);
  const code = `Key${place ?? key.toUpperCase()}`;
  return { key, code, shiftKey: is("Shift"), ctrlKey: is("Ctrl"), metaKey: is("Meta"), altKey: is("Alt") };
};
it.each([
  ["Shift ?", {}, "help"],
  ["Shift ?", { isTyping: true }, undefined],
  ["Shift ?", { isPlainOff: true }, undefined],
  ["Ctrl /", { isTyping: true, isPlainOff: true }, "help"],
  ["Meta /", {}, "help"],
  ["Ctrl Shift O", { isTyping: true }, "newConversation"],
  ["Meta Shift L", {}, "list"],
  ["Shift Escape", { isTyping: true }, "focus"],
  ["Escape", {}, undefined],
  ["Ctrl O", {}, undefined],
  ["Ctrl Alt Shift O", {}, undefined],
  ["Ctrl Meta /", {}, undefined],
  ["o", {}, undefined],
] as const)("%s, %j: %s", (keys, more, action) => {
  expect(shortcutOf(press(keys), { isTyping: false, isPlainOff: false, ...more })).toBe(action);
});

it.each([
  ["Ctrl Shift O", "S", "newConversation"], // a Dvorak keyboard
  ["Ctrl Shift R", "O", undefined],
  ["Ctrl Shift I", "L", undefined], // a Colemak keyboard
  ["Ctrl Shift Щ", "O", "newConversation"], // a Russian keyboard
  ["Ctrl Shift م", "L", "list"], // an Arabic keyboard
] as const)("%s on the key of %s: %s", (keys, place, action) => {
  expect(shortcutOf(press(keys, place), { isTyping: true, isPlainOff: false })).toBe(action);
});
