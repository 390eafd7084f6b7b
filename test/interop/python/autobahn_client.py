"""The client of Autobahn|Python against a server of ours. Argument: the environment, as JSON.

It works frame by frame, so that it can send what other clients cannot.
"""

import asyncio
import json
import sys
from urllib.parse import urlsplit

import txaio
from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from report import LENGTHS, case, equal, noise, run_all, text_of

txaio.use_asyncio()


class Client(WebSocketClientProtocol):
    """Puts what happens into queues."""

    def __init__(self):
        super().__init__()
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.messages = asyncio.Queue()
        self.pongs = asyncio.Queue()

    def onOpen(self):
        self.opened.set_result(None)

    def onMessage(self, payload, isBinary):
        self.messages.put_nowait(payload if isBinary else payload.decode())

    def onPong(self, payload):
        self.pongs.put_nowait(payload)

    def onClose(self, wasClean, code, reason):
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed with {code} {reason} before it was open"))
        self.closed.set_result((wasClean, code, self.remoteCloseReason))

    async def echoes(self, message):
        if isinstance(message, str):
            self.sendMessage(message.encode(), isBinary=False)
        else:
            self.sendMessage(message, isBinary=True)
        equal(await self.messages.get(), message, "echo")

    async def leaves(self):
        self.sendClose(1000, "done")
        equal((await self.closed)[:2], (True, 1000), "close")


async def connect(env, path="/", offers=(), protocols=None, **options):
    factory = WebSocketClientFactory(env["ws"] + path, protocols=protocols)
    factory.protocol = Client
    factory.setProtocolOptions(
        perMessageCompressionOffers=list(offers),
        perMessageCompressionAccept=lambda response: PerMessageDeflateResponseAccept(response)
        if isinstance(response, PerMessageDeflateResponse)
        else None,
        # Its own are 1 to 5 seconds, which a machine that has much else to do may need.
        openHandshakeTimeout=15,
        closeHandshakeTimeout=15,
        serverConnectionDropTimeout=15,
        **options,
    )
    address = urlsplit(env["ws"])
    _, client = await asyncio.get_running_loop().create_connection(factory, address.hostname, address.port)
    await client.opened
    return client


@case("every size class comes back equal")
async def _(env):
    client = await connect(env)
    for length in LENGTHS:
        await client.echoes(text_of(length))
        await client.echoes(noise(length))
    await client.leaves()


@case("every size class comes back equal, sent in fragments of 97 bytes")
async def _(env):
    client = await connect(env, autoFragmentSize=97)
    for length in LENGTHS[:-1]:
        await client.echoes(text_of(length))
        await client.echoes(noise(length))
    await client.leaves()


@case("frames with pings between, and with some that are empty, come back as one message")
async def _(env):
    client = await connect(env)
    for is_binary, pieces in ((False, [b"gr\xc3", b"", b"\xbc\xc3\x9fe", b""]), (True, [b"", noise(70000), b""])):
        client.beginMessage(isBinary=is_binary)
        for i, piece in enumerate(pieces):
            client.sendMessageFrame(piece)
            client.sendPing(f"between {i}".encode())
        client.endMessage()
        whole = b"".join(pieces)
        equal(await client.messages.get(), whole if is_binary else whole.decode(), "message")
        for i in range(len(pieces)):
            equal(await client.pongs.get(), f"between {i}".encode(), "pong")
    await client.leaves()


@case("a frame that is sent byte by byte comes back equal")
async def _(env):
    client = await connect(env)
    client.beginMessage(isBinary=False)
    data = text_of(500).encode()
    client.beginMessageFrame(len(data))
    for i in range(len(data)):
        client.sendMessageFrameData(data[i : i + 1], sync=True)
    client.endMessage()
    equal(await client.messages.get(), text_of(500), "message")
    await client.leaves()


@case("octets that leave one by one, header and mask too, are understood")
async def _(env):
    client = await connect(env)
    client.sendFrame(opcode=2, payload=noise(300), chopsize=1)
    client.sendFrame(opcode=9, payload=b"chopped", chopsize=1)
    equal(await client.messages.get(), noise(300), "message")
    equal(await client.pongs.get(), b"chopped", "pong")
    await client.leaves()


@case("what breaks the protocol is answered with its close code")
async def _(env):
    for what, frame, code in (
        ("RSV1 that nobody agreed on", {"opcode": 1, "payload": b"x", "rsv": 2}, 1002),
        ("a reserved data opcode", {"opcode": 3, "payload": b"x"}, 1002),
        ("a reserved control opcode", {"opcode": 11, "payload": b""}, 1002),
        ("a fragmented ping", {"opcode": 9, "payload": b"", "fin": False}, 1002),
        ("a ping of 126 bytes", {"opcode": 9, "payload": b"x" * 126}, 1002),
        ("a continuation of nothing", {"opcode": 0, "payload": b"x"}, 1002),
        ("a close of one byte", {"opcode": 8, "payload": b"\x03"}, 1002),
        ("a close with 1005", {"opcode": 8, "payload": b"\x03\xed"}, 1002),
        ("a close with 999", {"opcode": 8, "payload": b"\x03\xe7"}, 1002),
        ("a close whose reason is not UTF-8", {"opcode": 8, "payload": b"\x03\xe8\xff"}, 1007),
        ("text that is not UTF-8", {"opcode": 1, "payload": b"ok \xc0\xaf"}, 1007),
        ("text that ends inside of a character", {"opcode": 1, "payload": b"\xe4\xb8"}, 1007),
    ):
        client = await connect(env, failByDrop=False)
        client.sendFrame(**frame)
        await client.closed
        equal(client.remoteCloseCode, code, what)


@case("a frame without a mask is refused")
async def _(env):
    client = await connect(env, maskClientFrames=False)
    client.sendMessage(b"naked", isBinary=True)
    await client.closed
    equal(client.remoteCloseCode, 1002, "code")


@case("a mask of zeros, which the protocol allows, is taken")
async def _(env):
    client = await connect(env)
    client.sendData(b"\x81\x88\x00\x00\x00\x00\xce\xba plain")
    equal(await client.messages.get(), "κ plain", "message")
    await client.leaves()


@case("codes and reasons go both ways")
async def _(env):
    client = await connect(env, "/close?code=4000&reason=gr%C3%BC%C3%9Fe")
    equal(await client.closed, (True, 4000, "grüße"), "close by the server")
    client = await connect(env)
    client.sendClose(3999, "own")
    equal((await client.closed)[:2], (True, 3999), "close by the client")


@case("a subprotocol is agreed on")
async def _(env):
    client = await connect(env, protocols=["chat.v2", "chat"])
    equal(client.websocket_protocol_in_use, "chat.v2", "subprotocol")
    await client.leaves()


@case("compression takes every parameter that Autobahn can offer")
async def _(env):
    for offer in (
        PerMessageDeflateOffer(),
        PerMessageDeflateOffer(request_no_context_takeover=True),
        PerMessageDeflateOffer(request_max_window_bits=9),
        PerMessageDeflateOffer(accept_no_context_takeover=False, accept_max_window_bits=False),
    ):
        client = await connect(env, offers=[offer])
        equal(client.websocket_extensions_in_use != [], env["compression"], "extensions")
        for i in range(40):
            await client.echoes(text_of(37 * i))
            await client.echoes(noise(41 * i, i))
        await client.echoes(text_of(200000))
        await client.leaves()


asyncio.run(run_all(json.loads(sys.argv[1])))
