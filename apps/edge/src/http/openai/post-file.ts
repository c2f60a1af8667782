import { readUpload, type Store } from "@docrelay/channel";
import { refuse, type DeletedFile, type OpenAiUpload } from "@docrelay/protocol";
import type { ApiCall } from "../api/call.ts";
import { dropUpload, type DropDeps } from "../api/get-upload.ts";
import { readForm, removeFiles, type FormDeps } from "../api/multipart.ts";
import { sendJson } from "../api/respond.ts";

/**
 * The fields that OpenAI's form may have beside the file. `purpose` is sent back to the client; the others are ignored.
 */
const FIELDS = ["purpose", "expires_after[anchor]", "expires_after[seconds]"];

/** `POST /v1/files`: stores the file of a form as a finished upload, which later asks may name. @throws Refusal */
export async function postFile(deps: FormDeps & { readonly store: Store }, call: ApiCall): Promise<void> {
  const { fields, uploads } = await readForm(deps, call, FIELDS);
  const [id] = uploads;
  if (id === undefined || uploads.length > 1) {
    await removeFiles(deps, call.user, uploads);
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "The form must have one file." });
  }
  const upload = await readUpload(deps.store, call.user, id);
  if (!upload) throw refuse("NOT_FOUND");
  const file: OpenAiUpload = {
    id,
    object: "file",
    bytes: upload.size,
    created_at: Math.floor(Date.now() / 1000),
    filename: upload.name,
    purpose: fields.get("purpose")?.[0] ?? "user_data",
    status: "processed",
  };
  sendJson(call.response, 200, file);
}

/** `DELETE /v1/files/:id`: removes a file as `DELETE /v1/uploads/:id` does. @throws Refusal `NOT_FOUND` */
export async function deleteFile(deps: DropDeps, call: ApiCall): Promise<void> {
  const deleted: DeletedFile = { id: await dropUpload(deps, call), object: "file", deleted: true };
  sendJson(call.response, 200, deleted);
}
