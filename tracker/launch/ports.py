"""Free TCP ports on the loopback interface."""

import socket

LOOPBACK = "127.0.0.1"


class Reservation:
    """A free port that nobody else is given before `release`.

    The socket is bound but does not listen: the kernel gives its port to no one who asks for any free port.
    """

    def __init__(self, preferred: int = 0) -> None:
        self.socket = bound_socket(preferred) or bound_socket(0)
        if self.socket is None:
            raise OSError("no free port on 127.0.0.1")
        self.port: int = self.socket.getsockname()[1]

    def release(self) -> int:
        """Give the port up, right before the server that shall have it starts, and return it."""
        if self.socket is not None:
            self.socket.close()
        return self.port


def bound_socket(port: int) -> socket.socket | None:
    """Return a socket bound to the port (0: any free one), or None where the port is taken."""
    candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As servers do it, so that a port in TIME_WAIT counts as free.
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        candidate.bind((LOOPBACK, port))
        if port:
            candidate.listen(1)  # two bound sockets may share a port, a listening one may not
    except OSError:
        candidate.close()
        return None
    return candidate


def free_port(preferred: int = 0) -> int:
    """Return the preferred port where it is free, else any free one."""
    return Reservation(preferred).release()


def accepts(port: int) -> bool:
    """Tell whether something listens on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
