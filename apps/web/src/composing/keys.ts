/**
 * Whether a key belongs to an input method, which composes letters: Enter then takes a candidate, and Escape closes the list
 * of them. Safari ends the composition before the Enter that ended it, and gives it the key code 229.
 */
export function isComposing({
  isComposing: composing,
  keyCode,
}: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return composing || keyCode === 229;
}
