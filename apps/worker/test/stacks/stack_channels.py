import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="not used", LOGGING_CONFIG=None)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

import talk


class Engine(AsyncWebsocketConsumer):
    async def connect(self):
        if dict(self.scope["headers"]).get(b"authorization") != talk.KEY.encode():
            return await self.close()
        await self.accept()

    async def receive(self, text_data=None, bytes_data=None):
        async for frame in talk.frames(text_data):
            await self.send(frame)


websocket = AllowedHostsOriginValidator(URLRouter([path("ws", Engine.as_asgi())]))
application = ProtocolTypeRouter({"websocket": websocket})
