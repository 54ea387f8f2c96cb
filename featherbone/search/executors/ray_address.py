"""Whether a Ray cluster answers at an address: found out before Ray itself tries, for minutes and with its own logs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from featherbone.errors import FeatherboneError

ADDRESSES = "auto for a cluster that runs on this machine, local for a new one, or HOST:PORT"
REACHABLE = 10.0  # seconds until a port answers
CONNECTED = 30.0  # and until a cluster has taken a process in
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"  # RFC 9113, section 3.4, and empty settings
REFUSED = "InvalidAuthToken"  # in what Ray says of a token that is not the cluster's
SETTINGS = 4  # the type of the first frame that a server of HTTP/2, as Ray's is, answers with
TRIAL = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')"


def require_cluster(address: str) -> None:
    """Raise unless this process can connect to the cluster at HOST:PORT, or the one that ``auto`` finds.

    A port that is not Ray's shows that at once; one of another service that speaks Ray's protocol, such as Ray's own
    port for clients, within half a minute, in a process of its own.

    Raises:
        FeatherboneError: it is no address; nobody listens there; what listens is no cluster, or does not take us in.
    """
    if address != "auto":
        _require_protocol(address)
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    try:
        tried = subprocess.run(
            [sys.executable, "-c", TRIAL, address],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONNECTED,
        )
    except subprocess.TimeoutExpired as expired:
        if REFUSED in str(expired.stderr):
            raise FeatherboneError(
                f"the Ray cluster at {address!r} asks for another token than this process has",
                hint="set RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH as on the cluster's head",
            ) from None
        raise no_cluster(address, f"what listens there did not answer as one within {CONNECTED:g} s") from None
    if tried.returncode:
        said = [line for line in tried.stderr.splitlines() if line.strip() and not line.startswith(("[", " "))]
        reason = said[-1] if said else f"a trial connection ended with exit code {tried.returncode}"
        raise no_cluster(address, reason.split(": ", 1)[-1].split(". ")[0][:300])


def no_cluster(address: str, reason: str) -> FeatherboneError:
    return FeatherboneError(
        f"there is no Ray cluster at {address!r}: {reason}",
        hint=f"--ray takes {ADDRESSES}; `ray start --head` begins a cluster, whose port is 6379 unless told otherwise",
    )


def _require_protocol(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise FeatherboneError(f"{address!r} is no address of a Ray cluster", hint=f"--ray takes {ADDRESSES}")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=REACHABLE) as connection:
            connection.sendall(GREETING)
            answer = connection.recv(4)
    except TimeoutError:
        raise no_cluster(address, f"nothing answers there within {REACHABLE:g} s") from None
    except (OSError, OverflowError) as error:
        raise no_cluster(address, str(error)) from None
    if len(answer) < 4 or answer[3] != SETTINGS:
        raise no_cluster(address, "what listens there does not speak Ray's protocol")
