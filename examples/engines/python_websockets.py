"""An engine for docrelay with the library websockets: pip install websockets; python3 python_websockets.py"""

import asyncio
import json
import os

import websockets


async def answer(prompt):
    """Put your model here: yield pieces of text as it makes them."""
    yield f"The prompt has {len(prompt)} characters. It begins:"
    for word in prompt[:300].split():
        await asyncio.sleep(0.05)
        yield f" {word}"


async def reply(socket, ask):
    # Every frame repeats this id, so that docrelay may use the connection for other users, too.
    frame = {"unique_id": ask["unique_id"]}
    try:
        async for piece in answer(ask["message"]):
            await socket.send(json.dumps({**frame, "type": "delta", "delta": piece}))
        await socket.send(json.dumps({**frame, "type": "end"}))
    except websockets.ConnectionClosed:
        pass  # the client has closed the connection
    except asyncio.CancelledError:
        print("cancelled", ask["unique_id"], flush=True)
        raise
    except Exception as error:
        await socket.send(json.dumps({**frame, "type": "error", "message": str(error)}))


async def serve(socket):
    task = None
    try:
        async for text in socket:  # docrelay sends one prompt at a time
            task = asyncio.create_task(reply(socket, json.loads(text)))
    except websockets.ConnectionClosed:
        pass
    finally:
        if task:
            task.cancel()  # docrelay closes the connection when the user cancels


async def main():
    port = int(os.environ.get("PORT", "7800"))
    # A prompt with PDFs may have megabytes; the default limit of websockets is 1 MiB.
    async with websockets.serve(serve, os.environ.get("HOST", "127.0.0.1"), port, max_size=2**26):
        print(f"ready ws://127.0.0.1:{port}", flush=True)
        await asyncio.Future()


asyncio.run(main())
