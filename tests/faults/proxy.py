"""A TCP proxy before a database's socket, which can cut its connections or go dumb."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a dying machine's peer sees


class Proxy:
    """Passes every byte on, until it is told otherwise."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._last: bytes | None = None  # of what is asked, what is passed on before a cut
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = False
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self) -> None:
        """Take every byte, pass none on, say nothing: TCP itself looks healthy."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass bytes on again; what was taken meanwhile is lost."""
        self.cut()
        self._flowing.set()

    def cut(self) -> None:
        """Reset every connection."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for one in pair:
                with contextlib.suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def cut_before_the_answer(self, asked: bytes) -> None:
        """Cut when the server has done what is asked next in these words, and says so."""
        self._last = asked

    def close(self) -> None:
        """Refuse new connections and cut the others."""
        self._over = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while not self._over:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._target))
            self._pairs.append((near, far))
            asked: list[bytes] = []
            for source, sink in ((near, far), (far, near)):
                asking = source is near
                words = (source, sink, asked, asking)
                threading.Thread(target=self._pass, args=words, daemon=True).start()

    def _pass(
        self, source: socket.socket, sink: socket.socket, asked: list[bytes], asking: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if self._last is not None and asking and self._last in data:
                    asked.append(self._last)
                elif asked and not asking:
                    self._last = None
                    self.cut()
                    return
                if self._flowing.is_set():
                    sink.sendall(data)
            if self._flowing.is_set():  # a dumb proxy does not pass the end on either
                sink.shutdown(socket.SHUT_WR)
