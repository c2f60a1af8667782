/**
 * Makes requests that leave no idle connection behind. Node opens a WebSocket over an idle connection of the same server
 * where it has one, and one that died silently with the line would cost the next line its whole time to open. Browsers do
 * not, and ignore the header.
 */
export function single(request: typeof fetch): typeof fetch {
  return async (input, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("connection", "close");
    return request(input, { ...init, headers });
  };
}
