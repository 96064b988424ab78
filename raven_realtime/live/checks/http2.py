"""WebSockets over HTTP/2, where the server offers them: browsers then use them, and probes do not (RT024)."""

from __future__ import annotations

import asyncio
import ssl
import time

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, RemoteSettingsChanged, ResponseReceived, StreamReset
from h2.exceptions import H2Error, ProtocolError
from h2.settings import SettingCodes

from raven_realtime.findings import explain
from raven_realtime.live.engineio import USER_AGENT, Stage, Unanswered, reach, reason
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import SOCKET_PATH, Target

CHECK = Check(
    name="http2",
    title="Upgrade over HTTP/2",
    proves="Where the server offers WebSockets over HTTP/2 (RFC 8441), one to /socket.io/ is accepted; where it does "
    "not, browsers upgrade over HTTP/1.1, which the check before has proved.",
    rank=82,
    through=("edge",),
)
SETTINGS_SECONDS = 1.0
"""How long the server's settings are waited for; they are the first thing that it sends."""
READ = 65_536


async def check(target: Target) -> Result:
    """Ask for HTTP/2, and if the server then offers extended CONNECT, open a WebSocket by it."""
    started = time.monotonic()
    context = target.tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        address = await reach(target)
        async with asyncio.timeout(target.timeout):
            reader, writer = await asyncio.open_connection(
                address, target.port, ssl=context, server_hostname=target.host
            )
            try:
                spoken = writer.get_extra_info("ssl_object").selected_alpn_protocol()
                if spoken == "h2":
                    result = await _Conversation(target, reader, writer).judged()
                else:
                    result = Result.of(CHECK.name, "the server speaks HTTP/1.1 only, and browsers upgrade over that")
            finally:
                writer.transport.abort()
    except Unanswered as error:
        result = Result.of(CHECK.name, error.said, finding(error))
    except TimeoutError:
        said = f"a WebSocket over HTTP/2 was offered and not answered within {target.timeout:.0f} s"
        result = Result.of(CHECK.name, said, explain("RT024").found(said))
    except H2Error as error:
        said = f"HTTP/2 was agreed, and what came is none: {type(error).__name__}"
        result = Result.of(CHECK.name, said, explain("RT024").found(said))
    except OSError as error:
        broken = Unanswered(Stage.ANSWER, reason(error))
        result = Result.of(CHECK.name, broken.said, finding(broken))
    return result.taking(time.monotonic() - started)


class _Conversation:
    """One HTTP/2 connection: the server's settings, then one extended CONNECT."""

    def __init__(self, target: Target, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.target = target
        self.reader = reader
        self.writer = writer
        self.connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))

    async def judged(self) -> Result:
        """Return what came of it.

        Raises:
            H2Error: what the server sends is no HTTP/2, or it breaks off.
            TimeoutError: it does not answer.
        """
        try:
            return await self._spoken()
        except (ConnectionError, ssl.SSLError):
            raise ProtocolError from None

    async def _spoken(self) -> Result:
        self.connection.initiate_connection()
        await self._send()
        if not await self._offered():
            return Result.of(CHECK.name, "no WebSockets over HTTP/2 are offered, and browsers use HTTP/1.1 for them")
        stream = self.connection.get_next_available_stream_id()
        self.connection.send_headers(stream, self._request())
        await self._send()
        status = await self._answer(stream)
        if status == "200":
            return Result.of(CHECK.name, "a WebSocket over HTTP/2 is accepted")
        said = f"extended CONNECT to {SOCKET_PATH} → {status}"
        return Result.of(CHECK.name, said, explain("RT024").found(said))

    def _request(self) -> list[tuple[str, str]]:
        """Return the headers of RFC 8441, section 5.1."""
        path = self.target.url(transport="websocket").removeprefix(self.target.origin)
        return [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", "https"),
            (":path", path),
            (":authority", self.target.origin.removeprefix("https://")),
            ("sec-websocket-version", "13"),
            ("origin", self.target.page or self.target.origin),
            ("user-agent", USER_AGENT),
        ]

    async def _offered(self) -> bool:
        """Wait for the server's settings and say whether they allow extended CONNECT."""
        try:
            async with asyncio.timeout(SETTINGS_SECONDS):
                while True:
                    for event in await self._events():
                        if isinstance(event, RemoteSettingsChanged):
                            changed = event.changed_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL)
                            return changed is not None and changed.new_value == 1
                        if isinstance(event, ConnectionTerminated):
                            raise ProtocolError
        except TimeoutError:
            return False

    async def _answer(self, stream: int) -> str:
        """Wait for the status of the stream, or the reason why there is none."""
        while True:
            for event in await self._events():
                if isinstance(event, ResponseReceived) and event.stream_id == stream:
                    return next((str(value) for name, value in event.headers or [] if str(name) == ":status"), "")
                if isinstance(event, StreamReset) and event.stream_id == stream:
                    return f"stream reset, {_named(event.error_code)}"
                if isinstance(event, ConnectionTerminated):
                    return f"connection closed, {_named(event.error_code)}"

    async def _events(self) -> list[object]:
        received = await self.reader.read(READ)
        if not received:
            return [ConnectionTerminated()]
        events: list[object] = list(self.connection.receive_data(received))
        await self._send()
        return events

    async def _send(self) -> None:
        self.writer.write(self.connection.data_to_send())
        await self.writer.drain()


def _named(code: ErrorCodes | int | None) -> str:
    return code.name if isinstance(code, ErrorCodes) else f"code {code}"
