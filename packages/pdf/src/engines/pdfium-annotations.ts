import type { Line } from "../text/layout.ts";
import { rotatedBox, type Rotation } from "../text/rotation.ts";
import { fromSingleBytes } from "../text/utf8.ts";
import type { Pdfium } from "./pdfium.ts";

/** How many annotations of a page are read at most. */
const MAX_ANNOTATIONS = 5000;
const MAX_VALUE_CHARS = 100_000;
/**
 * The most characters that all field values and notes of a page have together. There is a limit because many
 * annotations may show the same long text.
 */
const MAX_CHARS = 1_000_000;
/**
 * Once the values of a page have this many lines, no further annotation is read. A single value has at most as many
 * lines, too.
 */
const MAX_LINES = 5000;
const WITH_TEXT = [1, 3, 13, 20] as const;
const [NOTE, FREE_TEXT, STAMP, WIDGET] = WITH_TEXT;
const [CHECK_BOX, RADIO_BUTTON, COMBO_BOX, LIST_BOX, TEXT_FIELD] = [2, 3, 4, 5, 6] as const;
const NOT_SHOWN = 2 | 32; // flags of an annotation: Hidden, NoView
const PASSWORD_FIELD = 1 << 13;
const NORMAL_DISPLAY = 0;
const FLATTENED = 1;
/**
 * The font size that is assumed for a form field that PDFium does not draw: the part `ofHeight` of a line's height in
 * the field, but at most `most` points.
 */
const FIELD_TYPE = { most: 12, ofHeight: 0.7 } as const;

export interface Annotations {
  /** Whether PDFium has drawn annotations into the page's content, so that the page must be loaded and read again. */
  readonly flattened: boolean;
  /**
   * The values of form fields that PDFium does not draw, and the states of check boxes and radio buttons: `[x]` or `[
   * ]`.
   */
  readonly values: readonly Line[];
  /** The texts of sticky notes. */
  readonly notes: readonly string[];
}

/** The form of the document. It is opened when `handle` is read for the first time. */
export interface Form {
  readonly handle: number;
  close(): void;
}

export function createForm({ call }: Pdfium, document: number): Form {
  let info = 0;
  let handle = 0;
  return {
    get handle() {
      if (info === 0) {
        info = call.PDFiumExt_OpenFormFillInfo();
        handle = call.PDFiumExt_InitFormFillEnvironment(document, info);
      }
      return handle;
    },
    close() {
      if (info === 0) return;
      if (handle !== 0) call.PDFiumExt_ExitFormFillEnvironment(handle);
      call.PDFiumExt_CloseFormFillInfo(info);
    },
  };
}

/**
 * PDFium, and the direction of the page's text. Like the lines of the page, field values get their positions on the
 * page turned so that this text is upright.
 */
type View = Pdfium & { readonly rotation: Rotation };

/**
 * Reads the text in a page's annotations. Removes those annotations whose text it returns as values, and draws others
 * into the page's content, so that reading the page again gives no text twice. Returns undefined when no annotation has
 * text. `types`: the subtypes of all annotations, if they are known. So pages that have only links, as most annotated
 * pages do, need no second look at their annotations.
 */
export function takeAnnotations(
  pdfium: View,
  form: Form,
  { page, types }: { readonly page: number; readonly types: ReadonlySet<number> | undefined },
): Annotations | undefined {
  if (types && !WITH_TEXT.some((type) => types.has(type))) return undefined;
  const { call } = pdfium;
  const count = Math.min(call.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS);
  if (count <= 0) return undefined;
  const found = { values: new Array<Line>(), notes: new Array<string>() };
  let draws = false;
  let chars = 0;
  // Annotations are read from the last to the first, because removing one changes the indexes of those after it.
  for (let index = count - 1; index >= 0; index--) {
    const annotation = call.FPDFPage_GetAnnot(page, index);
    if (annotation === 0) continue;
    const look = lookAt(pdfium, form, annotation);
    call.FPDFPage_CloseAnnot(annotation);
    chars += charsOf(look);
    if (chars > MAX_CHARS || found.values.length >= MAX_LINES) break;
    if (look.kind === "drawn") draws = true;
    else if (look.kind === "note") found.notes.unshift(look.text);
    else if (look.kind === "value") {
      found.values.unshift(...look.lines);
      call.FPDFPage_RemoveAnnot(page, index);
    }
  }
  const flattened = draws && call.FPDFPage_Flatten(page, NORMAL_DISPLAY) === FLATTENED;
  return flattened || found.values.length + found.notes.length > 0 ? { flattened, ...found } : undefined;
}

type Look = { kind: "nothing" } | { kind: "drawn" } | { kind: "note"; text: string } | { kind: "value"; lines: Line[] };

function charsOf(look: Look): number {
  if (look.kind === "note") return look.text.length;
  return look.kind === "value" ? look.lines.reduce((sum, { text }) => sum + text.length, 0) : 0;
}

function lookAt(pdfium: View, form: Form, annotation: number): Look {
  const { call } = pdfium;
  const type = call.FPDFAnnot_GetSubtype(annotation);
  if ((call.FPDFAnnot_GetFlags(annotation) & NOT_SHOWN) !== 0) return { kind: "nothing" };
  const drawn = hasKey(pdfium, annotation, "AP");
  switch (type) {
    case NOTE: {
      const text = stringOf(pdfium, annotation, "Contents").replace(/\s+/g, " ").trim();
      return text === "" ? { kind: "nothing" } : { kind: "note", text };
    }
    case FREE_TEXT:
      return drawn ? { kind: "drawn" } : valueAt(pdfium, annotation, stringOf(pdfium, annotation, "Contents"));
    case STAMP:
      return drawn ? { kind: "drawn" } : { kind: "nothing" };
    case WIDGET:
      return lookAtField(pdfium, form.handle, annotation, drawn);
    default:
      return { kind: "nothing" };
  }
}

function lookAtField(pdfium: View, form: number, annotation: number, drawn: boolean): Look {
  const { call } = pdfium;
  const type = form === 0 ? 0 : call.FPDFAnnot_GetFormFieldType(form, annotation);
  if (type === CHECK_BOX || type === RADIO_BUTTON) {
    const state = stringOf(pdfium, annotation, "AS");
    const checked = state === "" ? call.FPDFAnnot_IsChecked(form, annotation) === 1 : state !== "Off";
    return valueAt(pdfium, annotation, checked ? "[x]" : "[ ]");
  }
  if (drawn) return { kind: "drawn" };
  if (type !== TEXT_FIELD && type !== COMBO_BOX && type !== LIST_BOX) return { kind: "nothing" };
  if ((call.FPDFAnnot_GetFormFieldFlags(form, annotation) & PASSWORD_FIELD) !== 0) return { kind: "nothing" };
  const value = readString(pdfium, (at, size) => call.FPDFAnnot_GetFormFieldValue(form, annotation, at, size));
  const chosen = type === TEXT_FIELD ? [] : chosenLabels(pdfium, form, annotation);
  return valueAt(pdfium, annotation, chosen.length > 0 ? chosen.join("\n") : value);
}

function chosenLabels(pdfium: Pdfium, form: number, annotation: number): string[] {
  const { call } = pdfium;
  const count = Math.min(call.FPDFAnnot_GetOptionCount(form, annotation), MAX_ANNOTATIONS);
  return Array.from({ length: Math.max(0, count) }, (_, option) => option)
    .filter((option) => call.FPDFAnnot_IsOptionSelected(form, annotation, option))
    .map((option) =>
      readString(pdfium, (at, size) => call.FPDFAnnot_GetOptionLabel(form, annotation, option, at, size)),
    );
}

/** Makes lines of the text of an annotation: one below the other, in the annotation's rectangle. */
function valueAt({ call, allocate, heap, rotation }: View, annotation: number, text: string): Look {
  const rows = text.split(/\r\n?|\n/, MAX_LINES).filter((row) => row.trim() !== "");
  const at = allocate(16);
  try {
    if (rows.length === 0 || !call.FPDFAnnot_GetRect(annotation, at)) return { kind: "nothing" };
    const bytes = heap();
    const [x = 0, y = 0, x2 = 0, y2 = 0] = new Float32Array(bytes.buffer, bytes.byteOffset + at, 4);
    const sides = { left: Math.min(x, x2), right: Math.max(x, x2), bottom: Math.min(y, y2), top: Math.max(y, y2) };
    const { left, right, bottom, top } = rotatedBox(rotation, sides);
    const height = (top - bottom) / rows.length;
    const size = Math.min(FIELD_TYPE.most, FIELD_TYPE.ofHeight * height);
    const lines = rows.map((row, index) => {
      const baseline = top - (index + 0.5) * height - 0.3 * size;
      return { text: row, left, right, baseline, size };
    });
    return { kind: "value", lines };
  } finally {
    call.free(at);
  }
}

function hasKey({ call, allocate, heap }: Pdfium, annotation: number, key: string): boolean {
  const at = allocate(key.length + 1);
  heap().set(Buffer.from(`${key}\0`), at);
  const has = call.FPDFAnnot_HasKey(annotation, at) === 1;
  call.free(at);
  return has;
}

function stringOf(pdfium: Pdfium, annotation: number, key: string): string {
  const { call, allocate, heap } = pdfium;
  const name = allocate(key.length + 1);
  heap().set(Buffer.from(`${key}\0`), name);
  const text = readString(pdfium, (at, size) => call.FPDFAnnot_GetStringValue(annotation, name, at, size));
  call.free(name);
  return text;
}

/**
 * Reads a string that PDFium writes as UTF-16 with a NUL at its end. `write` writes at most `size` bytes to the address
 * `at` (with `size` 0, nothing), and returns how many bytes the whole string has.
 */
function readString({ call, allocate, heap }: Pdfium, write: (at: number, size: number) => number): string {
  const size = write(0, 0);
  if (size <= 2 || size > 2 * MAX_VALUE_CHARS) return "";
  const at = allocate(size);
  try {
    write(at, size);
    const bytes = heap();
    return fromSingleBytes(Buffer.from(bytes.buffer, bytes.byteOffset + at, size - 2).toString("utf16le"));
  } finally {
    call.free(at);
  }
}
