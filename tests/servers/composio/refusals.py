"""What the server says when it refuses: one exception, and its body in the form of either API generation."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

Json = Any

# The generic code of a status is 10000 more than the status, as in the observed 10401.
SLUGS = {
    400: "HTTP_BadRequest",
    401: "HTTP_Unauthorized",
    403: "HTTP_Forbidden",
    404: "HTTP_NotFound",
    405: "HTTP_MethodNotAllowed",
    409: "HTTP_Conflict",
    410: "HTTP_Gone",
    422: "HTTP_UnprocessableEntity",
    429: "HTTP_TooManyRequests",
    500: "HTTP_InternalServerError",
}
OLD_TYPES = {400: "BadRequestError", 401: "UnauthorizedError", 404: "NotFoundError", 429: "RateLimitError"}


class Refusal(Exception):
    """An answer that is an error; `code` and `slug` speak v3, `name` and `details` speak v1."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: int | None = None,
        slug: str | None = None,
        fix: str | None = None,
        errors: list[str] | None = None,
        name: str | None = None,
        old_message: str | None = None,
        details: Json = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = 10_000 + status if code is None else code
        self.slug = slug or SLUGS.get(status, "HTTP_" + reason(status).title().replace(" ", ""))
        self.fix = fix
        self.errors = errors
        self.name = name
        self.old_message = old_message or message
        self.details = details

    def body(self, old: bool, request_id: str) -> Json:
        if old:
            fallback = "BadRequestError" if self.status < 500 else "InternalServerError"
            kind = OLD_TYPES.get(self.status, fallback)
            body = {
                "type": kind,
                "name": self.name or kind,
                "status": self.status,
                "message": self.old_message,
                "requestId": request_id,
            }
            return body if self.details is None else {**body, "details": self.details}
        error = {
            "message": self.message,
            "code": self.code,
            "slug": self.slug,
            "status": self.status,
            "request_id": request_id,
            "suggested_fix": self.fix,
            "errors": self.errors,
        }
        return {"error": {name: value for name, value in error.items() if value is not None}}


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def usual(status: int) -> Refusal:
    """The error a status stands for when nothing more is known."""
    return Refusal(status, reason(status))


def new_request_id() -> str:
    return str(uuid.uuid4())


def mask(value: object) -> str:
    return str(value)[:4] + "..."


def no_key() -> Refusal:
    return Refusal(401, "No authentication provided", code=906, slug="Auth_NoAuthProvided", fix="Send x-api-key")


def wrong_key(key: str) -> Refusal:
    return Refusal(401, f"Invalid API key: {mask(key)}", code=801, slug="APIKey_InvalidAPIKey")


def two_keys() -> Refusal:
    return Refusal(401, "Send exactly one credential header", code=10401, slug="HTTP_Unauthorized")


def bad_account(message: str) -> Refusal:
    return Refusal(400, message, code=600, slug="ConnectedAccount_BadRequest")


def unknown_account(id: str) -> Refusal:
    return Refusal(
        404,
        f"Connected account not found: {id}",
        code=606,
        slug="ConnectedAccount_ResourceNotFound",
        name="ConnectedAccountNotFoundError",
    )


def no_account(message: str) -> Refusal:
    return Refusal(
        404,
        message,
        code=1810,
        slug="ActionExecute_ConnectedAccountNotFound",
        name="ConnectedAccountNotFoundError",
    )


def unknown_auth_config(id: str) -> Refusal:
    return Refusal(404, f"Auth config not found: {id}", name="IntegrationNotFoundError")


def unknown_toolkit(slug: str) -> Refusal:
    return Refusal(404, f"Toolkit not found: {slug}", name="AppNotFoundError")


def unknown_tool(slug: str) -> Refusal:
    return Refusal(404, f"Tool not found: {slug}", slug="Tool_ToolNotFound", name="ActionNotFoundError")


def missing_fields(fields: list[Json]) -> Refusal:
    """Names the fields as people know them; only `errors` and `details` have their wire names."""
    names = [field["name"] for field in fields]
    return Refusal(
        400,
        "Missing required fields: " + ", ".join(field["displayName"] for field in fields),
        code=612,
        slug="ConnectedAccount_MissingRequiredFields",
        fix="Send every required connected_account_initiation field of the toolkit",
        errors=[f"{name} is required" for name in names],
        old_message="One or more connection fields are missing",
        details=[{"property": f"data.{name}", "constraints": {"isDefined": f"{name} is required"}} for name in names],
    )
