from aiohttp import web

import talk


async def serve(request):
    if request.headers.get("Authorization") != talk.KEY:
        raise web.HTTPUnauthorized()
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        async for frame in talk.frames(message.data):
            await socket.send_str(frame)
    return socket


app = web.Application()
app.add_routes([web.get("/ws", serve)])
web.run_app(app, host="127.0.0.1", port=talk.PORT)
