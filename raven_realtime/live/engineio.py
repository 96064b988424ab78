"""An Engine.IO session as a browser holds it, spoken raw so that every proxy on the way sees what a browser sends.

Polling first, without an Origin on GET (browsers leave it out of same-origin GETs) and with one on POST and on the
WebSocket; cookies that the server sets are sent back (stickiness); redirects are reported, not followed. Time and size
are bounded: one deadline for the whole session, `BODY_LIMIT` bytes a body.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from enum import StrEnum
from types import TracebackType
from typing import Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from raven_realtime.live.answer import BODY_LIMIT, Answer, OpenPacket
from raven_realtime.live.packets import PING, PONG
from raven_realtime.live.target import Target
from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

USER_AGENT = "Mozilla/5.0 (compatible; raven-realtime; realtime path check)"
"""Named as a browser names itself: tunnels serve their warning pages to browsers only (RT027)."""
CONNECT_SECONDS = 4.0
"""What one address may take to accept a connection."""
MOST_ADDRESSES = 4
GOODBYE_SECONDS = 0.5
"""What closing a session may take."""
UPGRADE, CONNECT = "WebSocket upgrade", "CONNECT"
"""What a session asks after its handshake, in words."""
SEPARATOR = "\x1e"
"""Between the packets of one polling body (engine.io-protocol, "Packet encoding")."""


class Stage(StrEnum):
    """How far a question came before it failed."""

    NAME = "name"
    CONNECT = "connect"
    TLS = "TLS"
    ANSWER = "answer"
    TIME = "time"


class Unanswered(Exception):  # noqa: N818 (what the wire said, no programming error)
    """Nothing that is an answer came back; `stage` says how far the question came."""

    def __init__(self, stage: Stage, said: str, during: str = "") -> None:
        super().__init__(said)
        self.stage = stage
        self.said = said
        self.during = during
        """What was asked last, in words: `UPGRADE`, `CONNECT`, or the request."""


class Refused(Exception):  # noqa: N818
    """An answer came, and it is not the one that the protocol asks for."""

    def __init__(self, asked: str, answer: Answer) -> None:
        super().__init__(f"{asked}: {answer.telling}")
        self.asked = asked
        """The request in words: ``GET polling``, ``WebSocket upgrade``."""
        self.answer = answer


class Closed(Exception):  # noqa: N818
    """The WebSocket closed while it was needed."""

    def __init__(self, code: int, reason: str, after: float) -> None:
        super().__init__(f"closed with code {code} after {after:.1f} s")
        self.code = code
        self.reason = shown(reason)
        self.after = after
        """Seconds since the upgrade was complete."""


async def addresses(target: Target) -> list[str]:
    """Return where the target's name leads: the override, the address itself, loopback for ``*.localhost``, or DNS.

    Raises:
        Unanswered: the name does not resolve, or the resolver is silent.
    """
    if target.resolve:
        return [target.resolve]
    with contextlib.suppress(ValueError):
        return [str(ipaddress.ip_address(target.host))]
    if target.host == "localhost" or target.host.endswith(".localhost"):
        return ["127.0.0.1", "::1"]
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    # A thread of our own, and a daemon: getaddrinfo cannot be cancelled, and must not hold up the end of the program.
    def look_up() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            names = list(dict.fromkeys(str(entry[4][0]) for entry in found))
            deliver = (answer.set_result, names)
        except (OSError, UnicodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is not a valid name"
            deliver = (answer.set_exception, Unanswered(Stage.NAME, said or "not found"))  # type: ignore[assignment]
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if answer.done() else deliver[0](deliver[1]))

    threading.Thread(target=look_up, daemon=True).start()
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await answer
    except TimeoutError:
        raise Unanswered(Stage.NAME, f"the resolver did not answer within {CONNECT_SECONDS:.0f} s") from None


async def reach(target: Target) -> str:
    """Return the address that accepts a TCP connection first, of at most `MOST_ADDRESSES` asked at once.

    Raises:
        Unanswered: none does.
    """
    names = (await addresses(target))[:MOST_ADDRESSES]
    asked = [asyncio.create_task(_accepts(address, target.port)) for address in names]
    refusals = []
    try:
        for answer in asyncio.as_completed(asked):
            try:
                return await answer
            except Unanswered as error:
                refusals.append(error.said)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    raise Unanswered(Stage.CONNECT, "; ".join(sorted(refusals)))


async def _accepts(address: str, port: int) -> str:
    """Return the address if something accepts a connection there."""
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        raise Unanswered(Stage.CONNECT, f"{where} did not answer within {CONNECT_SECONDS:.0f} s") from None
    except OSError as error:
        raise Unanswered(Stage.CONNECT, f"{where} {reason(error)}") from None
    writer.close()
    return address


def reason(error: OSError) -> str:
    """Say an error of the operating system in words that continue a sentence."""
    reasons = {ConnectionRefusedError: "refused the connection", ConnectionResetError: "reset the connection"}
    return next((text for kind, text in reasons.items() if isinstance(error, kind)), error.strerror or str(error))


class _Pinned(httpx.AsyncHTTPTransport):
    """HTTP to one address under the target's name: Host, SNI and verification stay the name's."""

    def __init__(self, address: str, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, limits=httpx.Limits(max_connections=4))
        self.address = address

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request to the address."""
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=self.address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return await super().handle_async_request(pinned)


class _Upgrade(connect):
    """A WebSocket connection that reports a redirect as the answer it is; browsers do not follow it either."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the error instead of the place it points to."""
        return exc


@record
class Frame:
    """One text frame with the moment it arrived (`time.monotonic`)."""

    text: str
    at: float


class Session:
    """One Engine.IO session. Use as ``async with Session(target) as session``.

    The context bounds everything inside to the target's timeout; `allow` gives more time for what waits on purpose.

    Raises, from every method:
        Unanswered: nothing that is an answer came.
        Refused: an answer came, and not the one expected.
        Closed: the WebSocket closed.
    """

    def __init__(self, target: Target, *, credentials: bool = False, origin: bool = False) -> None:
        """Prepare a session.

        Args:
            target: what to ask.
            credentials: send the target's credentials.
            origin: send an Origin on GETs too, as a page on another origin does.
        """
        self.target = target
        self.sid = ""
        self.pings = 0
        self.doing = ""
        """What was asked last, in words."""
        self._credentials = target.credentials.headers if credentials and target.credentials else {}
        self._origin = origin
        self._deadline = asyncio.timeout(target.timeout)
        self._socket: ClientConnection | None = None
        self._upgraded_at = 0.0

    async def __aenter__(self) -> Self:
        """Find an address that accepts connections."""
        await self._deadline.__aenter__()
        try:
            self._address = await reach(self.target)
        except BaseException as error:
            await self._leave(type(error), error, error.__traceback__)
            raise
        self._tls = self.target.shared_tls()
        self._client = httpx.AsyncClient(
            transport=_Pinned(self._address, self._tls),
            timeout=httpx.Timeout(self.target.timeout),
            follow_redirects=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what is open, without waiting for the other side."""
        doing = self.doing
        if not self._deadline.expired():
            # It bounds what is asked. The goodbye has a limit of its own, and no answer is lost when it is reached.
            self._deadline.reschedule(None)
        try:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._goodbye()
            await self._client.aclose()
        except BaseException as late:
            await self._leave(type(late), late, late.__traceback__)
            raise
        # What was asked before the goodbye is what was not answered.
        self.doing = doing
        await self._leave(kind, error, trace)

    def allow(self, seconds: float) -> None:
        """Move the deadline: what follows waits on purpose."""
        when = self._deadline.when()
        self._deadline.reschedule((when or asyncio.get_running_loop().time()) + seconds)

    async def _leave(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._deadline.__aexit__(kind, error, trace)
        except TimeoutError:
            limit = f"{self.target.timeout:.0f} s"
            said = f"{self.doing}: no answer" if self.doing in {UPGRADE, CONNECT} else "no complete answer"
            raise Unanswered(Stage.TIME, f"{said} within {limit}", self.doing) from None

    async def _goodbye(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        elif self.sid:
            await self.ask("POST", self._polling(), content="1")

    def _polling(self, **query: str) -> str:
        sid = {"sid": self.sid} if self.sid else {}
        return self.target.url(transport="polling", **query, **sid)

    async def ask(self, method: str, url: str, content: str | None = None) -> Answer:
        """Send one HTTP request as the client library's XHR does, and read at most `BODY_LIMIT` bytes of the answer."""
        self.doing = f"{method} {url}"
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT, **self._credentials}
        if self._origin or method != "GET":
            headers["Origin"] = self.target.page or self.target.origin
        if content is not None:
            headers["Content-Type"] = "text/plain;charset=UTF-8"
        cookies = headers.pop("Cookie", "")
        if cookies:
            headers["Cookie"] = self._cookies(cookies)
        try:
            async with self._client.stream(method, url, headers=headers, content=content) as response:
                body = bytearray()
                async for chunk in response.aiter_raw(8192):
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        break
                return Answer(
                    response.status_code,
                    {name.lower(): value for name, value in response.headers.items()},
                    bytes(body[:BODY_LIMIT]),
                    response.http_version.removeprefix("HTTP/"),
                    truncated=len(body) > BODY_LIMIT,
                )
        except httpx.HTTPError as error:
            raise _unanswered(error) from None

    async def chunks(self, url: str, most: int) -> AsyncIterator[bytes]:
        """Yield at most so many bytes of what a GET answers with 200, as they come; nothing of another answer."""
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": USER_AGENT}
        try:
            async with self._client.stream("GET", url, headers=headers) as response:
                if response.status_code == 200:
                    async for chunk in response.aiter_raw(BODY_LIMIT):
                        yield chunk
                        most -= len(chunk)
                        if most <= 0:
                            return
        except httpx.HTTPError as error:
            raise _unanswered(error) from None

    def _cookies(self, own: str = "") -> str:
        """Return the Cookie header: the credentials' and those that the server set on the way."""
        held = [f"{cookie.name}={cookie.value}" for cookie in self._client.cookies.jar]
        return "; ".join(([own] if own else []) + held)

    async def open(self) -> tuple[Answer, OpenPacket]:
        """Take the handshake."""
        answer = await self.ask("GET", self._polling())
        packet = answer.open_packet
        if answer.status != 200 or packet is None:
            raise Refused("handshake", answer)
        self.sid = packet.sid
        return answer, packet

    async def post(self, packet: str) -> Answer:
        """Send one packet by polling."""
        answer = await self.ask("POST", self._polling(), content=packet)
        if answer.status != 200:
            raise Refused("POST polling", answer)
        return answer

    async def poll(self) -> list[str]:
        """Wait for the packets of one polling GET."""
        answer = await self.ask("GET", self._polling())
        if answer.status != 200:
            raise Refused("GET polling", answer)
        return answer.text.split(SEPARATOR)

    async def upgrade(self) -> None:
        """Move the session to a WebSocket: connect, ``2probe``, ``3probe``, ``5``."""
        self.doing = UPGRADE
        url = self.target.url(transport="websocket", sid=self.sid).replace("http", "ws", 1)
        headers = {name: value for name, value in self._credentials.items() if name != "Cookie"}
        if cookies := self._cookies(self._credentials.get("Cookie", "")):
            headers["Cookie"] = cookies
        with _wire_errors(UPGRADE):
            self._socket = await _Upgrade(
                url,
                origin=self.target.page or self.target.origin,  # type: ignore[arg-type]  # a NewType of str
                additional_headers=headers,
                user_agent_header=USER_AGENT,
                host=self._address,
                port=self.target.port,
                ssl=self._tls if self.target.scheme == "https" else None,
                open_timeout=None,
                ping_interval=None,
                close_timeout=0.5,
                max_size=BODY_LIMIT,
                proxy=None,
            )
        self._upgraded_at = time.monotonic()
        self.doing = "WebSocket"
        await self.send("2probe")
        if (said := (await self.frame()).text) != "3probe":
            raise Unanswered(Stage.ANSWER, f"2probe was answered with “{shown(said)}” instead of 3probe")
        await self.send("5")

    async def send(self, text: str) -> None:
        """Send one packet over the WebSocket."""
        try:
            await self._open_socket.send(text)
        except ConnectionClosed as error:
            raise self._closed(error) from None

    async def frame(self) -> Frame:
        """Wait for the next packet that is no ping; pings are answered and counted."""
        while True:
            try:
                text = await self._open_socket.recv(decode=True)
            except ConnectionClosed as error:
                raise self._closed(error) from None
            if not isinstance(text, str):
                continue
            if text != PING:
                return Frame(text, time.monotonic())
            self.pings += 1
            await self.send(PONG)

    async def frames(self, seconds: float) -> AsyncIterator[Frame]:
        """Yield the packets that arrive within so many seconds."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            waiting = asyncio.ensure_future(self.frame())
            try:
                done, _ = await asyncio.wait({waiting}, timeout=left)
                if not done:
                    waiting.cancel()
                    # Not awaited itself: its cancellation could not be told from that of whoever waits.
                    await asyncio.wait({waiting})
                    if waiting.cancelled():
                        return
            except asyncio.CancelledError:
                # Whoever waits is ended, by Ctrl-C for one: nobody hears any more how the socket closed.
                waiting.add_done_callback(lambda task: task.cancelled() or task.exception())
                waiting.cancel()
                raise
            yield waiting.result()

    @property
    def _open_socket(self) -> ClientConnection:
        if self._socket is None:
            raise RuntimeError("the session was not upgraded")
        return self._socket

    def _closed(self, error: ConnectionClosed) -> Closed:
        code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
        return Closed(code, reason, time.monotonic() - self._upgraded_at)


@contextlib.contextmanager
def _wire_errors(asked: str):  # type: ignore[no-untyped-def]
    try:
        yield
    except InvalidStatus as error:
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        raise Refused(asked, Answer(response.status_code, headers, bytes(response.body or b"")[:BODY_LIMIT])) from None
    except InvalidHandshake as error:
        raise Unanswered(Stage.ANSWER, shown(f"{asked}: {error}")) from None
    except ssl.SSLError as error:
        raise Unanswered(Stage.TLS, shown(str(error))) from None
    except (OSError, EOFError) as error:
        said = reason(error) if isinstance(error, OSError) else "the connection ended"
        raise Unanswered(Stage.ANSWER, shown(f"{asked}: {said}")) from None


def _unanswered(error: httpx.HTTPError) -> Unanswered:
    """Say which stage failed; httpx keeps the cause in the exception's chain."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unanswered(Stage.TLS, shown(cause.verify_message))
        if isinstance(cause, ssl.SSLError):
            return Unanswered(Stage.TLS, shown(cause.reason or str(cause)))
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return Unanswered(Stage.TIME, "no complete answer in time")
    if isinstance(error, httpx.ConnectError):
        return Unanswered(
            Stage.TLS, "the connection ended before TLS was agreed" if str(error) == "" else shown(str(error))
        )
    return Unanswered(Stage.ANSWER, shown(str(error)) or "the connection ended without an answer")
