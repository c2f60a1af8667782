/**
 * Whether a key press belongs to an input method, which composes letters from several keys. In an input method Enter
 * accepts a candidate and Escape closes the list of candidates. Safari ends the composition before it reports the
 * Enter key, and reports this Enter with the key code 229.
 */
export function isComposing({
  isComposing: composing,
  keyCode,
}: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return composing || keyCode === 229;
}
