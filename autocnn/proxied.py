"""A storage behind Optuna's gRPC proxy: for many who look, and know no database."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from optuna.storages import GrpcStorageProxy

from autocnn.errors import RequestError, UnavailableError

SCHEME = "grpc"
PORT = 13000
"""Where Optuna's proxies listen, if nothing else is said."""
KEY = "authorization"
"""What each call carries."""
SECONDS = 60.0
"""For which an answer is waited for: ten thousand trials take a while."""
INSTALL = "pip install 'autocnn[proxy]'"


def is_proxied(url: str) -> bool:
    """Say whether a storage URL means a proxy."""
    return url.startswith(f"{SCHEME}://")


class ProxiedStorage(GrpcStorageProxy):
    """What a proxy reads, and writes, for others; it says clearly what is wrong.

    Its calls raise UnavailableError while it does not answer, and RequestError if it
    refuses.
    """

    def __init__(self, url: str, shown: str) -> None:
        """`url`: ``grpc://viewer:KEY@HOST:PORT``; RequestError if it is none."""
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port or PORT
        except ValueError:  # the port is no number
            host, port = None, PORT
        if not host:
            raise RequestError(
                f"'{shown}' is no address of a proxy",
                hint="use the one that autocnn proxy has printed",
            )
        self._shown, self._key = shown, unquote(parts.password or "")
        try:
            super().__init__(host=host, port=port)
        except ImportError:
            raise RequestError(
                "grpcio, which speaks with proxies, is not installed",
                hint=f"install it: {INSTALL}",
            ) from None

    def _setup(self) -> None:
        from optuna.storages._grpc.client import GrpcClientCache

        super()._setup()
        telling: Any = _Telling(self._stub, self._shown, self._key)
        self._stub, self._cache = telling, GrpcClientCache(telling)


class _Telling:
    """Optuna's calls of a proxy, with our key and errors."""

    def __init__(self, stub: Any, shown: str, key: str) -> None:
        self._stub, self._shown, self._key = stub, shown, key

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        call = getattr(self._stub, name)

        def answered(request: Any) -> Any:
            import grpc

            try:
                return call(request, timeout=SECONDS, metadata=[(KEY, self._key)])
            except grpc.RpcError as error:
                self._tell(error)
                raise  # one that Optuna knows

        return answered

    def _tell(self, error: Any) -> None:
        from grpc import StatusCode

        code, said = error.code(), str(error.details()).strip()
        if code is StatusCode.UNAUTHENTICATED:
            raise RequestError(
                f"the proxy {self._shown} does not know this key",
                hint="use the address that autocnn proxy has printed last",
            ) from error
        if code is StatusCode.PERMISSION_DENIED:
            raise RequestError(
                f"the proxy {self._shown} lets nobody change a study",
                hint="ask who runs it, or start it with autocnn proxy --write",
            ) from error
        known = {
            StatusCode.NOT_FOUND,
            StatusCode.ALREADY_EXISTS,
            StatusCode.FAILED_PRECONDITION,
            StatusCode.INVALID_ARGUMENT,
        }
        if code not in known:
            raise UnavailableError(
                f"the proxy {self._shown} does not answer: {said or code.name}",
                hint="check that autocnn proxy runs there, and its storage is there",
            ) from error
