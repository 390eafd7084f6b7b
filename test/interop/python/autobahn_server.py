"""The server of Autobahn|Python, for our client to try. Prints {"port"}; ends when its input does."""

import asyncio
import json
import sys

import txaio
from autobahn.asyncio.websocket import WebSocketServerFactory, WebSocketServerProtocol
from autobahn.websocket.compress import PerMessageDeflateOffer, PerMessageDeflateOfferAccept
from autobahn.websocket.types import ConnectionDeny

txaio.use_asyncio()


class Server(WebSocketServerProtocol):
    def onConnect(self, request):
        if request.path == "/refuse":
            raise ConnectionDeny(403, "not today")
        self.path = request.path
        self.params = {name: values[0] for name, values in request.params.items()}
        return "chat" if "chat" in request.protocols else None

    def onOpen(self):
        if self.path == "/close":
            self.sendClose(int(self.params["code"]), self.params["reason"])
        elif self.path == "/ping":
            self.sendPing(b"are you there?")
        elif self.path == "/stream":
            count = int(self.params["pieces"])
            self.beginMessage(isBinary=False)
            for i in range(count):
                self.sendMessageFrame(f"{i} grüße 😀\n".encode())
                self.sendPing(b"between")
            self.endMessage()
            self.beginMessage(isBinary=True)
            for i in range(count):
                self.sendMessageFrame(i.to_bytes(2, "little"))
            self.endMessage()
        elif self.path == "/flood":
            for i in range(int(self.params["count"])):
                self.sendMessage(i.to_bytes(4, "big") + bytes(int(self.params["bytes"]) - 4), isBinary=True)

    def onPong(self, payload):
        if self.path == "/ping":
            self.sendMessage(b"pong" if payload == b"are you there?" else b"another", isBinary=False)

    def onMessage(self, payload, isBinary):
        self.sendMessage(payload, isBinary)


def accept(offers):
    """The first offer of permessage-deflate."""
    for offer in offers:
        if isinstance(offer, PerMessageDeflateOffer):
            return PerMessageDeflateOfferAccept(offer)
    return None


async def main():
    factory = WebSocketServerFactory(protocols=["chat"])
    factory.protocol = Server
    # Echo the reason too, and send in small frames.
    factory.setProtocolOptions(
        autoFragmentSize=40000, echoCloseCodeReason=True, openHandshakeTimeout=15, closeHandshakeTimeout=15
    )
    if sys.argv[1:] == ["compression"]:
        factory.setProtocolOptions(perMessageCompressionAccept=accept)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
