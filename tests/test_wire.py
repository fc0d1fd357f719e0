"""The wire: bytes, headers, and what becomes of each way in which an answer can fail to come."""

import asyncio
import json
from contextlib import contextmanager

import pytest

from datagen.teacher import Dialect, Endpoint, Limits, Refused, Reply, Unanswered
from datagen.wire import Answered, Lost, Wire, client, encode, proxy_of
from nomenclair.errors import UserError
from tests.stub_endpoint import StubEndpoint, serving

BODY = {
    "model": "stub",
    "messages": [{"role": "user", "content": '{"files": [{"id": "a", "name": "été.txt"}]}'}],
}


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def post(url: str, body: dict = BODY, key: str = "key") -> Answered:
    async def go() -> Answered:
        wire = Wire(client(url, key))
        try:
            return await wire.post(body)
        finally:
            await wire.close()

    return asyncio.run(go())


@contextmanager
def raw_server(answer: bytes):
    """A server that says these bytes to every connection, keeps what it heard, and hangs up."""
    heard: list[bytes] = []
    stub = StubEndpoint()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    stub.handle = handle
    with serving(stub):
        yield stub.url, heard


def test_the_bytes_of_a_preview_are_those_that_arrive():
    with serving(StubEndpoint()) as stub:
        assert post(stub.url).status == 200
    assert stub.bodies == [encode(BODY)]
    assert "été".encode() in stub.bodies[0]


def test_half_a_surrogate_pair_does_not_stop_a_request():
    assert json.loads(encode({"name": "a\udce9.txt"})) == {"name": "a?.txt"}


def test_key_and_organisation_go_along_and_no_other_header_tells_of_the_machine(monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    with raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as (url, heard):
        assert post(url).text == "{}"
    names = {line.split(b":")[0].lower() for line in heard[0].splitlines()[1:] if line}
    assert b"Authorization: Bearer key" in heard[0] and b"OpenAI-Organization: org-1" in heard[0]
    assert names == {
        b"host", b"authorization", b"openai-organization", b"content-type", b"content-length", b"user-agent",
        b"accept", b"accept-encoding",
    }  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"garbage\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", id="cut in the body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", id="no gzip"
        ),
    ],
)
def test_a_broken_answer_is_a_reset(answer):
    with raw_server(answer) as (url, _), pytest.raises(Lost) as caught:
        post(url)
    assert caught.value.code == "reset" and str(caught.value)


def test_nobody_there_is_told_apart_for_it_cannot_have_been_billed():
    with pytest.raises(Lost) as caught:
        post("http://127.0.0.1:1/v1")
    assert caught.value.code == "connect"


def test_bytes_in_no_encoding_are_kept_as_well_as_they_can_be():
    with raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\na\xffb") as (url, _):
        assert post(url).text == "a\ufffdb"


@pytest.mark.parametrize("key", ["key\n", "key\r", " key\r\n"])
def test_a_line_break_behind_a_key_is_left_out(key):
    with serving(StubEndpoint()) as stub:
        assert post(stub.url, key=key).status == 200
    assert stub.keys == ["key"]


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        pytest.param("http://127.0.0.1:1/v1", "two\nlines", "characters", id="line break inside"),
        pytest.param(
            "http://127.0.0.1:1/v1", "\u201ckey\u201d", "characters", id="a word processor's quotes"
        ),
        pytest.param(None, "\n", "neither", id="nothing but a line break"),
    ],
)
def test_a_key_that_can_be_none_names_the_setting_and_not_the_key(url, key, words):
    with pytest.raises(UserError, match=f"OPENAI_API_KEY.*{words}|{words}.*OPENAI_API_KEY") as caught:
        client(url, key)
    assert "\n" not in str(caught.value) and "key\u201d" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["not an address", "ftp://example.invalid/v1", "http://", "http://api..example.com/v1"]
)
def test_an_address_that_is_none_names_the_setting(url):
    with pytest.raises(UserError, match="OPENAI_BASE_URL"):
        post(url)


def test_a_proxy_from_the_environment_is_used_except_for_hosts_that_it_excludes(monkeypatch):
    with raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as (url, heard):
        monkeypatch.setenv("http_proxy", url.removesuffix("/v1"))
        assert post("http://example.invalid/v1").text == "{}"
        assert heard[0].startswith(b"POST http://example.invalid/v1/chat/completions")
        monkeypatch.setenv("no_proxy", "example.invalid")
        with pytest.raises(Lost):
            post("http://example.invalid/v1")
        assert len(heard) == 1


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("http_proxy", "http://127.0.0.1:1", id="a proxy that is not there"),
        pytest.param("ALL_PROXY", "socks5h://127.0.0.1:1080", id="a SOCKS proxy"),
    ],
)
def test_this_machine_is_reached_without_the_environments_proxies(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with serving(StubEndpoint()) as stub:
        assert post(stub.url).status == 200


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://localhost:8080/v1", None),
        ("http://127.8.9.1/v1", None),
        ("https://[::1]:8080/v1", None),
        ("http://192.168.0.1/v1", "http://proxy:1"),
        ("https://127.example.com/v1", "http://proxy:1"),
        ("https://excluded.example.com/v1", None),
    ],
)
def test_which_addresses_a_proxy_stands_before(monkeypatch, url, proxy):
    monkeypatch.setenv("ALL_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", "excluded.example.com")
    assert proxy_of(url) == proxy


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("ALL_PROXY", "socks5h://user:secret@127.0.0.1:1080", id="SOCKS"),
        pytest.param("all_proxy", "socks5://127.0.0.1:1080", id="SOCKS, in small letters"),
        pytest.param("HTTPS_PROXY", "127.0.0.1:3128", id="no scheme"),
        pytest.param("HTTPS_PROXY", "secret:3128", id="a name without a scheme"),
        pytest.param("HTTPS_PROXY", "http://", id="no host"),
        pytest.param("HTTPS_PROXY", "http://secret:99999", id="no port"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(UserError, match=f"Set {variable} to http://HOST:PORT") as caught:
        client("https://api.example.com/v1", "key")
    assert "OPENAI_BASE_URL" not in str(caught.value) and "secret" not in str(caught.value)


def test_a_proxy_for_another_scheme_is_no_hindrance(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5h://127.0.0.1:1080")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert proxy_of("https://api.example.com/v1") == "http://proxy:3128"
    assert client("https://api.example.com/v1", "key")


def answered_with(status: int, text: str, tries: int = 1) -> Reply | Refused | Unanswered:
    """What a whole Endpoint makes of one answer."""
    body = text.encode()
    head = (
        f"HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {len(body)}\r\nretry-after: 3\r\n\r\n"
    )

    async def go(url: str) -> Reply | Refused | Unanswered:
        endpoint = Endpoint(client(url, "key"), Limits(tries=tries), lambda *failure: None)
        try:
            return await endpoint.send("k", BODY, 1, Dialect())
        finally:
            await endpoint.close()

    with raw_server(head.encode() + body) as (url, _):
        return asyncio.run(go(url))


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (429, '{"error": {"message": "Slow  down."}}', Unanswered("http-429", "Slow down.", 3.0)),
        (503, "<html>Busy</html>", Unanswered("http-503", "<html>Busy</html>", 3.0)),
        (500, '{"error": "gone"}', Unanswered("http-500", "gone", 3.0)),
        (500, '"gone"', Unanswered("http-500", "gone", 3.0)),
        (500, "[1]", Unanswered("http-500", "[1]", 3.0)),
        (502, "", Unanswered("http-502", "", 3.0)),
        (200, "<html>Log  in</html>", Unanswered("no-completion", "<html>Log in</html>")),
        (200, '{"error": {"message": "Busy."}}', Unanswered("no-completion", "Busy.")),
        (200, '{"choices": []}', Unanswered("no-completion", '{"choices": []}')),
        (200, '{"choices": {}}', Unanswered("no-completion", '{"choices": {}}')),
        pytest.param(200, "[" * 9999, Unanswered("no-completion", "[" * 500), id="nested without end"),
        (400, '{"error": {"message": "No.", "code": null}}', Refused("bad-request", "No.")),
        (400, '{"error": {"message": "No.", "code": "content_filter"}}', Refused("content-filter", "No.")),
        (400, '{"message": "No."}', Refused("bad-request", "No.")),
        (400, r'{"message": "No \ud83d."}', Refused("bad-request", "No ?.")),
    ],
)
def test_an_error_is_read_whatever_form_it_has(status, text, expected):
    assert answered_with(status, text) == expected


@pytest.mark.parametrize("status", [500, 503, 529])
def test_retry_after_counts_for_whatever_is_tried_again(monkeypatch, status):
    waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(Endpoint, "_sleep", sleep)
    assert answered_with(status, "", tries=2).code == f"http-{status}"
    assert waits == [3.0]
