"""A gateway that answers as told, with the bodies of systems/infor.md, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from penstock.connectors.budget import Budget, BudgetSettings
from penstock.connectors.infor.client import InforClient
from tests.unit.infor.world import settings

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def ok(**body: Any) -> httpx.Response:
    return httpx.Response(200, json={"Message": None, "Success": True, **body})


def rows(*items: dict[str, Any], bookmark: str | None = None, more: bool = False) -> httpx.Response:
    return ok(Items=list(items), Bookmark=bookmark, MoreRowsExist=more)


def refused(message: str) -> httpx.Response:
    return httpx.Response(200, json={"Message": message, "Success": False, "Items": None, "RefreshItems": None})


class Gateway:
    """`answers` are given in turn to calls other than for a token; `tokens` to those for one."""

    def __init__(self, *answers: Answer, tokens: list[httpx.Response] | None = None) -> None:
        self.answers = list(answers)
        self.tokens = tokens
        self.asked: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def client(self, **changes: Any) -> InforClient:
        return InforClient(settings(**changes), Budget(BudgetSettings()), transport=self.transport())

    def body(self, index: int = -1) -> Any:
        return json.loads(self.asked[index].content)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("token.oauth2"):
            self.token_requests.append(request)
            if self.tokens is not None:
                return self.tokens.pop(0)
            name = f"token-{len(self.token_requests)}"
            return httpx.Response(200, json={"access_token": name, "token_type": "Bearer", "expires_in": 7200})
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer
