const CATALOG = /\/Type\s*\/Catalog\b/g;
const OBJECT = /(\d{1,10})\s+(\d{1,5})\s+obj\b/g;

/**
 * Makes a trailer for a file whose end is missing, perhaps because its download was cut off. The trailer names the
 * file's catalog; PDF readers then search for all other objects. Returns undefined if the file has a trailer, is
 * encrypted, or has no catalog.
 */
export function madeUpTrailer(bytes: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  if (file.includes("trailer") || file.includes("/Encrypt")) return undefined;
  const catalog = [...file.matchAll(CATALOG)].at(-1);
  if (!catalog) return undefined;
  const objects = [...file.matchAll(OBJECT)];
  const root = objects.findLast(({ index }) => index < catalog.index);
  if (!root) return undefined;
  const size = objects.reduce((most, [, number]) => Math.max(most, Number(number)), 0) + 1;
  const open = file.lastIndexOf("stream") > file.lastIndexOf("endstream") + "end".length;
  return Buffer.from(
    `${open ? "\nendstream\nendobj" : ""}\ntrailer\n<< /Root ${root[1]} ${root[2]} R /Size ${size} >>\nstartxref\n0\n%%EOF\n`,
  );
}
