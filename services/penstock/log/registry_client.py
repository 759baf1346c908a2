"""A client of Confluent's schema registry API: our own registry, Confluent's, Apicurio's or Karapace's."""

import os
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx

from penstock.log.schemas import COMPATIBILITY, Schema

DEFAULT_URL = "http://127.0.0.1:8081"
_CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
_NOT_FOUND = {40401, 40402, 40403}


class RegistryError(Exception):
    """The registry refused or did not answer. `code` is its error code, 0 without an answer."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class RegistryClient:
    """Blocking. `auth` is (user, password) for HTTP basic authentication."""

    def __init__(self, url: str, auth: tuple[str, str] | None = None, timeout: float = 10) -> None:
        self.url = url.rstrip("/")
        # No proxy: a registry is inside the house.
        self._http = httpx.Client(
            base_url=self.url, auth=auth, timeout=timeout, trust_env=False, headers={"Accept": _CONTENT_TYPE}
        )

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ, url: str | None = None) -> Self:
        """From PENSTOCK_REGISTRY_URL, PENSTOCK_REGISTRY_USER and PENSTOCK_REGISTRY_PASSWORD; `url` wins when given."""
        user = env.get("PENSTOCK_REGISTRY_USER")
        auth = (user, env.get("PENSTOCK_REGISTRY_PASSWORD", "")) if user else None
        return cls(url or env.get("PENSTOCK_REGISTRY_URL", DEFAULT_URL), auth)

    def subjects(self) -> list[str]:
        return list(self._call("GET", "/subjects"))

    def register(self, subject: str, schema: str) -> int:
        """Register a schema (the same id when it is there already). RegistryError 409 when it is not compatible."""
        return int(self._call("POST", f"/subjects/{_path(subject)}/versions", {"schema": schema})["id"])

    def lookup(self, subject: str, schema: str) -> int | None:
        """Id of exactly this schema under the subject; None when it is not registered."""
        try:
            return int(self._call("POST", f"/subjects/{_path(subject)}", {"schema": schema})["id"])
        except RegistryError as error:
            if error.code in _NOT_FOUND:
                return None
            raise

    def schema(self, schema_id: int) -> str:
        """The text of a schema."""
        return str(self._call("GET", f"/schemas/ids/{schema_id}")["schema"])

    def compatible(self, subject: str, schema: str) -> list[str]:
        """Why the schema may not become the next version; empty when it may (also for a new subject)."""
        path = f"/compatibility/subjects/{_path(subject)}/versions/latest?verbose=true"
        try:
            answer = self._call("POST", path, {"schema": schema})
        except RegistryError as error:
            if error.code in _NOT_FOUND:
                return []
            raise
        return [] if answer["is_compatible"] else list(answer.get("messages") or ["not compatible"])

    def set_compatibility(self, subject: str, level: str) -> None:
        self._call("PUT", f"/config/{_path(subject)}", {"compatibility": level})

    def compatibility(self, subject: str | None = None) -> str:
        """The level of a subject, or the global one."""
        path = f"/config/{_path(subject)}?defaultToGlobal=true" if subject else "/config"
        return str(self._call("GET", path)["compatibilityLevel"])

    def register_all(self, schemas: Mapping[str, Schema]) -> dict[str, int]:
        """Register penstock's schemas and hold their subjects to FULL_TRANSITIVE; ids by record name."""
        out = {}
        for name, schema in schemas.items():
            known = self.lookup(schema.subject, schema.text)
            if known is None:
                self.set_compatibility(schema.subject, COMPATIBILITY)
                known = self.register(schema.subject, schema.text)
            out[name] = known
        return out

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise RegistryError(
                f"schema registry {self.url} does not answer: {error or type(error).__name__}"
            ) from error
        try:
            said = answer.json()
        except ValueError:
            said = {"message": answer.text[:200]}
        if answer.is_success:
            return said
        code = int(said.get("error_code", answer.status_code))
        raise RegistryError(f"schema registry {self.url}, {method} {path}: {said.get('message', answer)}", code)


def _path(subject: str) -> str:
    return quote(subject, safe="")
