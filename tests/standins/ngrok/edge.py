"""The public side: TLS on loopback for the endpoints' names, forwarding HTTP and WebSocket to their upstreams."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import aiohttp
from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from multidict import CIMultiDict

from tests.standins.ngrok.configuration import AddHeaders, Endpoint

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
OF_THE_HANDSHAKE = {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
BROWSER = "Mozilla/5.0"
NEVER = aiohttp.ClientTimeout(total=None, sock_connect=10)


class Edge:
    """Forwards for the endpoints in ``online``, by public host name."""

    def __init__(self, online: Mapping[str, Endpoint], *, free_plan: bool, quota_used: bool) -> None:
        self._online = online
        self._free_plan = free_plan
        self._quota_used = quota_used
        self._client: aiohttp.ClientSession | None = None

    async def start(self, port: int, context: ssl.SSLContext) -> None:
        """Listen on 127.0.0.1."""
        self._client = aiohttp.ClientSession(
            timeout=NEVER, auto_decompress=False, connector=aiohttp.TCPConnector(limit=0, ssl=False)
        )
        runner = web.ServerRunner(web.Server(self._handle, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        endpoint = self._online.get(request.host.rsplit(":", 1)[0])
        if endpoint is None:
            return _page(404, "ERR_NGROK_3200", f"The endpoint {request.host} is offline.")
        if self._quota_used:
            text = "This ngrok account has reached its network bandwidth limit for the month."
            return _page(403, "ERR_NGROK_725", text)
        if self._free_plan and _is_warned(request):
            return _page(
                200, "ERR_NGROK_6024", f"You are about to visit {request.host}, served by a free ngrok account."
            )
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._socket(request, endpoint)
            return await self._forward(request, endpoint)
        except aiohttp.ClientConnectorError:
            upstream = endpoint.upstream.url
            return _page(
                502, "ERR_NGROK_8012", f"The agent failed to establish a connection to the upstream {upstream}."
            )
        except aiohttp.ClientError:
            return _page(502, "ERR_NGROK_3004", "The server returned an invalid or incomplete HTTP response.")

    async def _forward(self, request: web.BaseRequest, endpoint: Endpoint) -> web.StreamResponse:
        assert self._client is not None
        body = request.content.iter_any() if request.body_exists else None
        async with self._client.request(
            request.method,
            endpoint.upstream.url + request.raw_path,
            headers=_headers(request, endpoint),
            data=body,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP]
            response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=CIMultiDict(kept))
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response

    async def _socket(self, request: web.BaseRequest, endpoint: Endpoint) -> web.StreamResponse:
        assert self._client is not None
        protocols = [
            each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if each.strip()
        ]
        headers = _headers(request, endpoint)
        for name in OF_THE_HANDSHAKE:
            headers.popall(name, None)
        try:
            upstream = await self._client.ws_connect(
                endpoint.upstream.url + request.raw_path,
                headers=headers,
                protocols=protocols,
                max_msg_size=0,
                autoping=False,
            )
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status, text=refused.message)
        async with upstream:
            public = web.WebSocketResponse(
                protocols=[upstream.protocol] if upstream.protocol else [],
                compress=False,
                max_msg_size=0,
                autoping=False,
            )
            await public.prepare(request)
            ways = [asyncio.create_task(_pump(public, upstream)), asyncio.create_task(_pump(upstream, public))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await public.close(code=upstream.close_code or 1000)
            return public


type_of_socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: type_of_socket, target: type_of_socket) -> None:
    send: dict[WSMsgType, Callable[..., object]] = {
        WSMsgType.TEXT: target.send_str,
        WSMsgType.BINARY: target.send_bytes,
        WSMsgType.PING: target.ping,
        WSMsgType.PONG: target.pong,
    }
    async for message in _messages(source):
        await send[message.type](message.data)  # type: ignore[misc]


async def _messages(source: type_of_socket) -> AsyncIterator[aiohttp.WSMessage]:
    while (message := await source.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED):
        if message.type is WSMsgType.ERROR:
            return
        yield message


def _headers(request: web.BaseRequest, endpoint: Endpoint) -> CIMultiDict[str]:
    """The request's headers as the upstream gets them: with X-Forwarded-*, and the traffic policy applied."""
    kept = ((name, value) for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP)
    headers = CIMultiDict(kept)
    before = headers.popall("X-Forwarded-For", [])
    headers["X-Forwarded-For"] = ", ".join([*before, request.remote or ""])
    headers["X-Forwarded-Host"] = request.host
    headers["X-Forwarded-Proto"] = "https"
    rules = endpoint.traffic_policy.on_http_request if endpoint.traffic_policy else []
    for action in (action for rule in rules for action in rule.actions):
        if isinstance(action, AddHeaders):
            for name, value in action.config.headers.items():
                if name.lower() == "host":
                    headers["Host"] = value
                else:
                    headers.add(name.lower(), value)
        else:
            for name in action.config.headers:
                headers.popall(name, None)
    return headers


def _is_warned(request: web.BaseRequest) -> bool:
    """Whether a free plan shows its warning page: to browsers that neither say not to nor have clicked it away."""
    return (
        request.headers.get("User-Agent", "").startswith(BROWSER)
        and "ngrok-skip-browser-warning" not in request.headers
        and "abuse_interstitial" not in request.cookies
    )


def _page(status: int, code: str, text: str) -> web.Response:
    body = f"<!DOCTYPE html><html><body><h1>{text}</h1><p>{code} (a stand-in of ngrok's)</p></body></html>"
    return web.Response(status=status, text=body, content_type="text/html", headers={"Ngrok-Error-Code": code})


class Authority:
    """A certificate authority in a folder, the same for every run; ``ca.pem`` is what clients trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ngrok stand-in")])
        self._contexts: dict[str, ssl.SSLContext] = {}
        kept = folder / "ca.key"
        if kept.is_file() and (folder / "ca.pem").is_file():
            key = serialization.load_pem_private_key(kept.read_bytes(), None)
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            self._key = key
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        kept.touch(mode=0o600)
        kept.write_bytes(_private_pem(self._key))
        certificate = self._sign(self._name, self._key.public_key(), x509.BasicConstraints(True, 0))
        (folder / "ca.pem").write_bytes(_pem(certificate))

    def server_context(self) -> ssl.SSLContext:
        """A context that makes a certificate for whatever name a client asks for."""
        context = self._context("localhost")
        context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            connection.context = self._context(name)

    def _context(self, name: str) -> ssl.SSLContext:
        if name not in self._contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
            names = x509.SubjectAlternativeName([x509.DNSName(name)])
            certificate = self._sign(subject, key.public_key(), names)
            file = self._folder / "leaf.pem"
            file.touch(mode=0o600)
            file.write_bytes(_private_pem(key) + _pem(certificate))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            file.unlink()
            self._contexts[name] = context
        return self._contexts[name]

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self._key, hashes.SHA256())
        )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
