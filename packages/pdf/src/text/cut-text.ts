/** The longest beginning of a text that has at most `bytes` bytes as UTF-8 and ends with a whole character. */
export function cutText(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  let end = Math.max(0, bytes);
  // A byte of the form 10xxxxxx belongs to the same character as the byte before it.
  while (end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end--;
  return whole.toString("utf8", 0, end);
}
