import { createGzip } from "node:zlib";
import type { OwnData } from "../../own-data/own-data.ts";
import type { Quotas } from "../../quotas/quotas.ts";
import type { ApiCall } from "./call.ts";
import { sendJson } from "./respond.ts";
import { sendStream } from "./watch-reader.ts";

export interface MeDeps {
  readonly ownData: OwnData;
  readonly quotas: Pick<Quotas, "read">;
}

/** `GET /v1/usage`: the user's daily quotas, and how much of each is used today. */
export async function getUsage({ quotas }: MeDeps, { user, response }: ApiCall): Promise<void> {
  sendJson(response, 200, await quotas.read(user));
}

/** `DELETE /v1/me`: removes everything kept of the user. @throws Refusal `BUSY` */
export async function removeMe({ ownData }: MeDeps, { user, response }: ApiCall): Promise<void> {
  await ownData.remove(user);
  response.writeHead(204).end();
}

/** `GET /v1/me/export`: everything kept of the user, as a compressed tar archive. @throws Refusal `BUSY` */
export async function exportMe({ ownData }: MeDeps, call: ApiCall): Promise<void> {
  await ownData.export(call, async (parts) => {
    call.response.writeHead(200, {
      "content-type": "application/gzip",
      "content-disposition": 'attachment; filename="docrelay-export.tar.gz"',
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
    });
    await sendStream(call, parts, createGzip());
  });
}
