"""Bodies over HTTP to one endpoint and what comes back, whatever it is: no retries, no judgement.

Not the openai package's own `post`: it costs a millisecond of processor time per request, which at many
requests in flight is what the endpoint is kept waiting for.
"""

import ipaddress
import json
import os
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from nomenclair.errors import UserError

OPENAI = "https://api.openai.com/v1"
CREDENTIALS = ("Authorization", "OpenAI-Organization", "OpenAI-Project")


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer of any status. `headers` finds its keys in any case."""

    status: int
    headers: Mapping[str, str]
    text: str


class Lost(Exception):
    """No whole answer came. timeout and reset may have been billed, connect was not: no request was taken."""

    def __init__(self, code: Literal["connect", "reset"], message: str):
        super().__init__(message)
        self.code = code


def client(base_url: str | None, api_key: str | None) -> openai.AsyncOpenAI:
    """An openai client without retries of its own.

    UserError where neither a key nor a base URL is given, or where the way there is a proxy that cannot be used.
    """
    api_key = (api_key or "").strip()  # a line break comes along from a file or a clipboard
    if not api_key and not base_url:
        raise UserError(
            "No endpoint: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set.",
            "Set them, or use --teacher grammar (no endpoint needed) or --teacher local.",
        )
    if not (api_key.isascii() and api_key.isprintable()):
        raise UserError("OPENAI_API_KEY holds characters that no key holds.", "Copy it again.")
    base_url = base_url or OPENAI
    try:
        proxy = proxy_of(base_url)
        # The package's own choice of a proxy fails at some that it would not use; it is not to choose again.
        http = openai.DefaultAsyncHttpxClient(
            proxy=proxy,
            trust_env=False,
            verify=httpx2.create_ssl_context(),
            event_hooks={"response": [_refuse_page]},
        )
        # Local servers need no key, but the package wants one.
        return openai.AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", max_retries=0, http_client=http
        )
    except (openai.OpenAIError, httpx2.InvalidURL, ValueError) as error:
        raise _bad_address(base_url, error) from error


async def _refuse_page(response: httpx2.Response) -> None:
    """A web page as a success (a login, a website) would reach the package's callers as a bare string."""
    if response.is_success and response.headers.get("content-type", "").startswith("text/html"):
        page = f"{response.url.copy_with(query=None)} answered with a web page"
        raise httpx2.RemoteProtocolError(page, request=response.request)


def proxy_of(url: str) -> str | None:
    """The environment's proxy on the way to an address; None where there is none, and to this machine itself.

    UserError where its variable holds none that can be used.
    """
    address = urlsplit(url)
    host = address.hostname or ""
    proxies = urllib.request.getproxies()
    scheme = next((s for s in (address.scheme, "all") if proxies.get(s)), None)
    if scheme is None or _is_loopback(host) or urllib.request.proxy_bypass(host):
        return None
    if not _is_http(proxies[scheme]):
        name = _variable(f"{scheme}_proxy")
        # Not the value: it may hold a password.
        raise UserError(
            f"{host} is to be reached by the proxy in {name}, which is no address of an HTTP proxy"
            " (SOCKS proxies cannot be used).",
            f"Set {name} to http://HOST:PORT, or unset it, or add {host} to NO_PROXY.",
        )
    return proxies[scheme]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


def _variable(name: str) -> str:
    """The name as it is spelt in the environment, where the small letters count first."""
    return next((spelt for spelt in (name, name.upper()) if os.environ.get(spelt)), name.upper())


def encode(body: dict) -> bytes:
    """The bytes of a body as they go out. Half a surrogate pair (a name in no encoding) becomes a ?."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Wire:
    """Connections to the chat completions of the endpoint that `api` speaks to, with its address and keys."""

    def __init__(self, api: openai.AsyncOpenAI):
        self.url = f"{str(api.base_url).rstrip('/')}/chat/completions"
        given = {**api.default_headers, **api.auth_headers}
        self._headers = {k: v for k, v in given.items() if k in CREDENTIALS and isinstance(v, str)}
        self._headers |= {"Content-Type": "application/json", "User-Agent": "nomenclair"}
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: dict) -> Answered:
        """Send one body; raises Lost, or UserError where the address is none."""
        try:
            session = self._session = self._session or self._open()
            async with session.post(self.url, data=encode(body), headers=self._headers) as answer:
                raw = await answer.read()
                return Answered(answer.status, answer.headers, raw.decode("utf-8", "replace"))
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, UnicodeError) as error:
            raise _bad_address(self.url, error) from error
        except aiohttp.ClientConnectorError as error:
            raise Lost("connect", str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise Lost("reset", str(error) or type(error).__name__) from error

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        # Not aiohttp's trust_env: it looks for a .netrc in a thread at each request.
        return aiohttp.ClientSession(
            # As many connections as there are requests in flight; the same certificates as elsewhere.
            connector=aiohttp.TCPConnector(limit=0, ssl=httpx2.create_ssl_context()),
            timeout=aiohttp.ClientTimeout(total=None),
            proxy=proxy_of(self.url),
        )


def _bad_address(address: str | None, error: Exception) -> UserError:
    return UserError(f"Endpoint {address!r}: {error}.", "Mend OPENAI_BASE_URL.")
