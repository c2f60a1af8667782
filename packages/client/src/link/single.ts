/**
 * Makes requests that leave no idle connection behind. Node opens a WebSocket over an idle connection of the same server
 * where it has one, and one that died silently with the line would cost the next line its whole time to open. Browsers do
 * not, and ignore the header. The headers stay a plain object, which an application's own `request` may spread.
 */
export function single(request: typeof fetch): typeof fetch {
  return async (input, init = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    return request(input, { ...init, headers: { ...headers, connection: "close" } });
  };
}
