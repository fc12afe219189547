"""The official Python client against a service: prints where its user has to go, and what it got. Needs the package mcp."""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata


class Storage(TokenStorage):
    tokens = None
    client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens
        tell("tokens", scope=tokens.scope)

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client_info):
        self.client = client_info
        tell("client", client_id=client_info.client_id)


def tell(event, **facts):
    print(json.dumps({"event": event, **facts}), flush=True)


async def line():
    return (await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)).strip()


async def main(url):
    answers = asyncio.Queue()

    async def answer(reader, writer):
        path = (await reader.readline()).decode().split(" ")[1]
        while (await reader.readline()).strip():
            pass
        body = b"You may close this page."
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()
        if path.startswith("/callback"):
            await answers.put({name: values[0] for name, values in parse_qs(urlsplit(path).query).items()})

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    redirect = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"

    async def ask(address):
        tell("ask", address=address)

    async def answered():
        got = await answers.get()
        return AuthorizationCodeResult(code=got["code"], state=got.get("state"), iss=got.get("iss"))

    storage = Storage()
    metadata = OAuthClientMetadata(client_name="Python client", redirect_uris=[redirect], token_endpoint_auth_method="none")
    provider = OAuthClientProvider(url, metadata, storage, ask, answered)
    async with httpx2.AsyncClient(auth=provider, timeout=300) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            tell("tools", names=[tool.name for tool in (await client.list_tools()).tools])
            stored = await client.call_tool("store_memory", {"content": "Python drinks tea at five."})
            tell("stored", error=stored.is_error or False)
            provider.context.current_tokens.access_token = "uma_aaaaaaaaaaaaaaaa_" + "x" * 43
            provider.context.token_expiry_time = 1
            before = storage.tokens.refresh_token
            found = await client.call_tool("search", {"query": "tea"})
            tell("renewed", changed=storage.tokens.refresh_token != before, found="Python drinks tea" in str(found))
            tell("ready")
            await line()
            await client.call_tool("search", {"query": "tea"})
            tell("again")


asyncio.run(main(sys.argv[1]))
