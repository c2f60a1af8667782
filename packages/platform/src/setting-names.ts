import type * as z from "zod";

/** Returns the names of all settings in a schema. */
export function settingNames(schema: z.ZodType): string[] {
  const inner = "shape" in schema ? schema : (schema as z.ZodPipe<z.ZodObject>).in;
  return Object.keys((inner as z.ZodObject).shape);
}
