import asyncio
from http import HTTPStatus

import websockets

import talk


async def admit(path, headers):
    if path != "/ws":
        return HTTPStatus.NOT_FOUND, [], b""
    if headers.get("Authorization") != talk.KEY:
        return HTTPStatus.UNAUTHORIZED, [], b""


async def serve(socket):
    async for text in socket:
        async for frame in talk.frames(text):
            await socket.send(frame)


async def main():
    async with websockets.serve(serve, "127.0.0.1", talk.PORT, process_request=admit):
        await asyncio.Future()


asyncio.run(main())
