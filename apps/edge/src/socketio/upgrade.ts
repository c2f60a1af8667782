import type { Server as EngineServer } from "engine.io";
import type { Duplex } from "node:stream";

/**
 * Passes handshakes of WebSockets to the library, and removes one listener that the library adds meanwhile: it emits
 * `close` on a response object, which only middlewares see (there are none), and it keeps that object, and so the
 * request, as long as the network socket exists. That is an eighth of the memory of an idle connection. It is the only
 * `once` listener of `close` that is added; if a newer library adds none or several, nothing is removed.
 * Source: `WebSocketResponse` in engine.io's `server.ts`.
 */
export function upgradeTo(engine: EngineServer): EngineServer["handleUpgrade"] {
  return (request, socket, head) => {
    const before = new Set(onceClosed(socket));
    engine.handleUpgrade(request, socket, head);
    const [added, ...others] = onceClosed(socket).filter((listener) => !before.has(listener));
    if (added && others.length === 0) socket.removeListener("close", added);
  };
}

type Listener = () => void;

/** The functions that wrap the `once` listeners of `close`; such a function has the listener as a property. */
function onceClosed(socket: Duplex): Listener[] {
  return (socket.rawListeners("close") as Listener[]).filter((listener) => "listener" in listener);
}
