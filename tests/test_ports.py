import socket

from tests.ports import held_port
from tracker.launch.ports import LOOPBACK, Reservation


def test_held_port_serves_again_and_again_and_is_given_to_nobody() -> None:
    port = held_port()
    for _ in range(2):
        server = socket.create_server((LOOPBACK, port))
        with server, socket.create_connection((LOOPBACK, port)) as client:
            assert client.getpeername()[1] == port
            others = [Reservation() for _ in range(200)]
            assert port not in {other.port for other in others}
            for other in others:
                other.release()
