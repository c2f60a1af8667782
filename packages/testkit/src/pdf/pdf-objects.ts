import { deflateSync } from "node:zlib";

/* Writes a PDF file from its objects. */

/** An object without a stream, as PDF text; or a dictionary with a stream. Each character is one byte. */
export type PdfObject = string | { readonly dictionary: string; readonly content: string };

/**
 * How the streams of a document are encrypted. `dictionary` and `id` are for the trailer. `encrypt` encrypts the stream
 * of the object with this number.
 */
export interface Encryption {
  readonly dictionary: string;
  readonly id: Uint8Array;
  encrypt(content: Uint8Array, object: number): Uint8Array;
}

export function compressed(content: string): PdfObject {
  return {
    dictionary: "/Filter /FlateDecode",
    content: deflateSync(Buffer.from(content, "latin1")).toString("latin1"),
  };
}

/**
 * Makes a file of these objects, which are numbered from 1; the first one is the catalog. Only streams are encrypted,
 * not strings outside of them.
 */
export function assemble(objects: readonly PdfObject[], encryption?: Encryption): Uint8Array {
  let body = "%PDF-1.7\n%\u00e2\u00e3\u00cf\u00d3\n";
  const written = objects.map((object, index) => write(object, index + 1, encryption));
  if (encryption) written.push(encryption.dictionary);
  const offsets = written.map((object, index) => {
    const offset = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const xref = body.length;
  body += `xref\n0 ${written.length + 1}\n0000000000 65535 f \n`;
  for (const offset of offsets) body += `${String(offset).padStart(10, "0")} 00000 n \n`;
  const id = encryption ? Buffer.from(encryption.id).toString("hex") : "";
  const secured = encryption ? `/Encrypt ${written.length} 0 R /ID [<${id}> <${id}>] ` : "";
  body += `trailer\n<< /Size ${written.length + 1} /Root 1 0 R ${secured}>>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(body, "latin1");
}

function write(object: PdfObject, number: number, encryption: Encryption | undefined): string {
  if (typeof object === "string") return object;
  const plain = Buffer.from(object.content, "latin1");
  const content = Buffer.from(encryption?.encrypt(plain, number) ?? plain).toString("latin1");
  return `<< ${object.dictionary} /Length ${content.length} >>\nstream\n${content}\nendstream`;
}
