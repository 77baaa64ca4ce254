"""
Asks the server at a port of this machine by python3-h2, which shows each frame, in the way that is named in the arguments.
Ends well where all was right.
"""
import socket
import ssl
import sys

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
from h2.settings import SettingCodes

PATIENCE = 20


class Client:
    """A connection. `events` has what came and was not looked at."""

    def __init__(self, port, is_tls, settings=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.scheme = "http"
        if is_tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
            self.scheme = "https"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        self.events = []
        self.streams = {}
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def request(self, path, method="GET", fields=(), end=True, flush=True):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", self.scheme), (":authority", "localhost"), (":path", path)]
        self.h2.send_headers(stream, head + list(fields), end_stream=end)
        self.streams[stream] = {"head": None, "body": b"", "trailers": None, "reset": None, "over": False}
        if flush:
            self.flush()
        return stream

    def receive(self):
        """Takes what comes next; answers the events. The windows are given back by `taken`."""
        data = self.socket.recv(65536)
        assert data, "the server has closed the connection"
        events = self.h2.receive_data(data)
        for event in events:
            stream = self.streams.get(getattr(event, "stream_id", None))
            if isinstance(event, h2.events.ResponseReceived):
                stream["head"] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                stream["body"] += event.data
                self.taken(event)
            elif isinstance(event, h2.events.TrailersReceived):
                stream["trailers"] = dict(event.headers)
            elif isinstance(event, h2.events.StreamReset):
                stream["reset"] = event.error_code
                stream["over"] = True
            elif isinstance(event, h2.events.StreamEnded):
                stream["over"] = True
        self.events += events
        self.flush()
        return events

    def taken(self, event):
        if event.flow_controlled_length > 0:
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def answer(self, stream):
        while not self.streams[stream]["over"]:
            self.receive()
        answer = self.streams[stream]
        assert answer["reset"] is None, answer["reset"]
        assert answer["head"][":status"] == "200", answer["head"]
        return answer

    def until(self, kind):
        """The first event of a kind that came and was not looked at."""
        while True:
            for i, event in enumerate(self.events):
                if isinstance(event, kind):
                    del self.events[: i + 1]
                    return event
            self.receive()

    def change(self, **settings):
        self.h2.update_settings({SettingCodes[name.upper()]: value for name, value in settings.items()})
        self.flush()
        self.until(h2.events.SettingsAcknowledged)


def settings(connect):
    client = connect()
    client.answer(client.request("/a"))
    theirs = client.h2.remote_settings
    assert theirs.max_concurrent_streams == 100
    assert theirs.initial_window_size == 65535
    assert theirs.max_frame_size == 16384
    assert theirs.max_header_list_size == 16384
    assert theirs.enable_connect_protocol == 1
    client.until(h2.events.SettingsAcknowledged)


def one_octet(connect):
    """A window of one octet, which is given back octet by octet."""
    client = connect({SettingCodes.INITIAL_WINDOW_SIZE: 1})
    path = "/" + "x" * 500
    sizes = set()
    stream = client.request(path)
    while not client.streams[stream]["over"]:
        sizes.update(len(e.data) for e in client.receive() if isinstance(e, h2.events.DataReceived))
    assert client.answer(stream)["body"] == b"GET " + path.encode()
    assert sizes <= {0, 1}, sizes
    # One of many streams, while others wait for their windows.
    streams = [client.request(f"/{i}") for i in range(20)]
    for i, stream in enumerate(streams):
        assert client.answer(stream)["body"] == f"GET /{i}".encode()


def windows(connect):
    """Windows that are lowered below what was sent, and widened again."""
    client = connect({SettingCodes.INITIAL_WINDOW_SIZE: 30000})
    client.taken = lambda event: None
    stream = client.request("/large")
    while len(client.streams[stream]["body"]) < 30000:
        client.receive()
    client.change(initial_window_size=10)
    client.h2.increment_flow_control_window(29990, stream)
    client.flush()
    other = client.request("/0")
    client.h2.ping(b"12345678")
    client.flush()
    client.until(h2.events.PingAckReceived)
    # 10 octets of window in all: of the large response none may come, of the other one 6.
    assert len(client.streams[stream]["body"]) == 30000, len(client.streams[stream]["body"])
    assert client.answer(other)["body"] == b"GET /0"
    client.change(initial_window_size=100000)
    while len(client.streams[stream]["body"]) < 65529:
        client.receive()
    client.h2.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
    client.h2.increment_flow_control_window(65535)
    client.flush()
    assert client.answer(client.request("/1"))["body"] == b"GET /1"


def header_table(connect):
    """Both sides' tables of fields: none, small, large; the client's changes between requests."""
    client = connect({SettingCodes.HEADER_TABLE_SIZE: 0})
    fields = [(f"x-field-{i}", "value " * 10 + str(i)) for i in range(30)]
    for size in [4096, 0, 100, 4096, 50, 4096]:
        client.h2.encoder.header_table_size = size
        for i in range(3):
            body = client.answer(client.request("/fields", fields=fields + [("x-round", f"{size} {i}")]))["body"]
            assert body.decode() == ",".join([v for _, v in fields] + [f"{size} {i}"]), body
    for size in [65536, 0, 4096]:
        client.change(header_table_size=size)
        for i in range(3):
            assert client.answer(client.request(f"/{i}"))["head"]["x-path"] == f"/{i}"


def trailers(connect):
    client = connect()
    stream = client.request("/trailers", "POST", end=False)
    client.h2.send_data(stream, b"12345")
    client.h2.send_headers(stream, [("x-sum", "42")], end_stream=True)
    client.flush()
    answer = client.answer(stream)
    assert answer["body"] == b'{"x-sum":"42"}', answer
    assert answer["trailers"] == {"x-length": "5", "x-last": "yes"}, answer


def upload(connect):
    """Octet by octet, with padding and empty frames; then as fast as the windows allow."""
    client = connect()
    stream = client.request("/length", "POST", end=False)
    for i in range(300):
        client.h2.send_data(stream, b"x", pad_length=i % 256)
        if i % 5 == 0:
            client.h2.send_data(stream, b"")
    client.h2.end_stream(stream)
    client.flush()
    assert client.answer(stream)["body"] == b"300"
    stream = client.request("/length", "POST", end=False)
    left = 3_000_000
    while left > 0:
        room = min(client.h2.local_flow_control_window(stream), 16384, left)
        if room == 0:
            client.receive()
            continue
        client.h2.send_data(stream, b"y" * room)
        client.flush()
        left -= room
    client.h2.end_stream(stream)
    client.flush()
    assert client.answer(stream)["body"] == b"3000000"


def going_away(connect):
    """All streams are served that were sent before the client has answered the PING behind the first GOAWAY."""
    client = connect()
    client.until(h2.events.SettingsAcknowledged)
    for _ in range(10):
        client.request("/held")
    client.request("/shutdown")
    late = []
    ended = set()
    last_streams = []
    # python3-h2 takes a connection with a GOAWAY as closed: it writes what follows, and does not read it.
    for kind, flags, stream, payload in raw_frames(client.socket):
        assert kind != 3, f"stream {stream} was reset"
        if kind in (0, 1) and flags & 1:
            ended.add(stream)
        if kind == 7:
            assert payload[4:8] == b"\0\0\0\0", payload
            last_streams.append(int.from_bytes(payload[:4], "big"))
        if kind == 6:
            assert last_streams == [2**31 - 1], last_streams
            late += [client.request(f"/late/{i}", flush=False) for i in range(10)]
            client.socket.sendall(client.h2.data_to_send() + b"\0\0\x08\x06\x01\0\0\0\0" + payload)
    assert last_streams == [2**31 - 1, late[-1]], (last_streams, late)
    assert ended == set(client.streams), (ended, client.streams.keys())


def idle_timeout(connect):
    """A connection that was idle for too long: a request is served that crosses the GOAWAY on its way."""
    client = connect()
    client.answer(client.request("/0"))
    client.until(h2.events.SettingsAcknowledged)
    ended = set()
    last_streams = []
    for kind, flags, stream, payload in raw_frames(client.socket):
        if kind in (0, 1) and flags & 1:
            ended.add(stream)
        if kind == 7:
            assert payload[4:8] == b"\0\0\0\0", payload
            last_streams.append(int.from_bytes(payload[:4], "big"))
        if kind == 6:
            client.request("/late", flush=False)
            client.socket.sendall(client.h2.data_to_send() + b"\0\0\x08\x06\x01\0\0\0\0" + payload)
    assert last_streams == [2**31 - 1, 3], last_streams
    assert ended == {3}, ended


def raw_frames(server):
    """The frames that come, until the server closes the connection."""
    data = b""
    while True:
        while len(data) >= 9 and len(data) >= 9 + int.from_bytes(data[:3], "big"):
            length = int.from_bytes(data[:3], "big")
            yield data[3], data[4], int.from_bytes(data[5:9], "big"), data[9 : 9 + length]
            data = data[9 + length :]
        more = server.recv(65536)
        if not more:
            return
        data += more


if __name__ == "__main__":
    way, port, is_tls = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "TLS"
    globals()[way](lambda settings=None: Client(port, is_tls, settings))
