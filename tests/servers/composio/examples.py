"""The answers that the contract gives as examples, with types where values differ each time."""

from __future__ import annotations

from typing import Any

Json = Any
VAL = {
    "status": "ACTIVE",
    "api_key": "exam...",
    "shop": "demo-store",
    "version": "2024-10",
    "base_url": "https://demo-store.example.test",
}


def new_field(name: str, label: str, text: str, required: bool, secret: bool, default: str | None) -> Json:
    return {
        "name": name,
        "displayName": label,
        "type": "string",
        "description": text,
        "required": required,
        "default": default,
        "is_secret": secret,
        "user_visible": True,
    }


def old_field(field: Json) -> Json:
    return {
        **{name: value for name, value in field.items() if name != "user_visible"},
        "display_name": field["displayName"],
        "expected_from_customer": True,
        "get_current_user_endpoint": None,
    }


FIELDS = [
    new_field("api_key", "Admin API token", "Token of the store's private app", True, True, None),
    new_field("shop", "Store name", "First label of the store's host name", True, False, None),
    new_field("version", "API version", "Dated API version to call", False, False, "2024-10"),
]
OLD_FIELDS = [old_field(field) for field in FIELDS]

TOOLKIT = {
    "slug": "shopify",
    "name": "Shopify",
    "enabled": True,
    "is_local_toolkit": False,
    "type": "native",
    "base_url": "https://demo-store.example.test",
    "auth_guide_url": "https://guides.example.test/shopify",
    "composio_managed_auth_schemes": [],
    "composio_managed_auth": [],
    "get_current_user_endpoint": "/admin/api/shop.json",
    "get_current_user_endpoint_method": "GET",
    "auth_config_details": [
        {
            "mode": "API_KEY",
            "name": "shopify_api_key",
            "auth_hint_url": "https://guides.example.test/shopify/token",
            "required_scopes": [],
            "proxy": {"base_url": "https://{{shop}}.example.test"},
            "fields": {
                "auth_config_creation": {"required": [], "optional": []},
                "connected_account_initiation": {"required": FIELDS[:2], "optional": FIELDS[2:]},
            },
        }
    ],
    "meta": {
        "created_at": str,
        "updated_at": str,
        "description": str,
        "logo": "https://assets.example.test/shopify.svg",
        "app_url": None,
        "categories": [{"slug": "ecommerce", "name": str}],
        "tools_count": int,
        "triggers_count": int,
        "version": "20261101_00",
        "available_versions": ["20261101_00", "20260915_00"],
    },
    "deprecated": {"toolkitId": str, "rawProxyInfoByAuthSchemes": []},
}
AUTH_CONFIG_MADE = {
    "toolkit": {"slug": "shopify"},
    "auth_config": {
        "id": str,
        "auth_scheme": "API_KEY",
        "is_composio_managed": False,
        "restrict_to_following_tools": [],
    },
}
ACCOUNT_MADE = {
    "id": str,
    "connectionData": {"authScheme": "API_KEY", "val": VAL},
    "status": "ACTIVE",
    "redirect_url": None,
    "redirect_uri": None,
    "deprecated": {"uuid": str, "authConfigUuid": str},
}
ACCOUNT_ITEM = {
    "id": str,
    "word_id": str,
    "alias": "main-store",
    "user_id": "user_42",
    "status": "ACTIVE",
    "status_reason": None,
    "is_disabled": False,
    "toolkit": {"slug": "shopify"},
    "auth_config": {
        "id": str,
        "auth_scheme": "API_KEY",
        "is_composio_managed": False,
        "is_disabled": False,
        "deprecated": {"uuid": str},
    },
    "state": {"authScheme": "API_KEY", "val": VAL},
    "data": VAL,
    "created_at": str,
    "updated_at": str,
    "deprecated": {"labels": [], "uuid": str},
}
ACCOUNT = {**ACCOUNT_ITEM, "params": VAL}
ACCOUNT_LIST = {
    "items": [ACCOUNT_ITEM],
    "next_cursor": None,
    "current_page": 1,
    "total_pages": 1,
    "total_items": 1,
}
MISSING_FIELDS = {
    "error": {
        "message": "Missing required fields: Admin API token, Store name",
        "code": 612,
        "slug": "ConnectedAccount_MissingRequiredFields",
        "status": 400,
        "request_id": str,
        "suggested_fix": str,
        "errors": ["api_key is required", "shop is required"],
    }
}
EXECUTED = {
    "data": {"shop": {"name": "Demo store"}},
    "error": None,
    "successful": True,
    "log_id": str,
    "session_info": None,
}

APP = {
    "appId": str,
    "key": "shopify",
    "name": "shopify",
    "displayName": "Shopify",
    "description": str,
    "logo": "https://assets.example.test/shopify.svg",
    "categories": ["ecommerce"],
    "docs": None,
    "group": "",
    "status": "",
    "enabled": True,
    "no_auth": False,
    "meta": {},
    "testConnectors": [],
    "configuration_docs_text": None,
    "documentation_doc_text": None,
    "auth_schemes": [
        {
            "scheme_name": "API_KEY",
            "name": "shopify_api_key",
            "auth_mode": "API_KEY",
            "mode": "API_KEY",
            "fields": OLD_FIELDS,
            "proxy": {"base_url": "https://{{shop}}.example.test"},
        }
    ],
}
INTEGRATION_ITEM = {
    "id": str,
    "name": str,
    "authScheme": "API_KEY",
    "createdAt": str,
    "updatedAt": str,
    "enabled": True,
    "deleted": False,
    "appId": str,
    "appName": "shopify",
    "logo": "https://assets.example.test/shopify.svg",
    "defaultConnectorId": None,
}
INTEGRATION = {
    **INTEGRATION_ITEM,
    "authConfig": {},
    "expectedInputFields": OLD_FIELDS,
    "useComposioAuth": False,
    "limitedActions": [],
}
INTEGRATION_LIST = {
    "items": [
        {
            **INTEGRATION_ITEM,
            "_count": {"connections": 1},
            "connections": [],
            "member": {"id": str, "email": str, "name": str, "role": str, "metadata": {}},
        }
    ],
    "totalPages": 1,
    "page": 1,
}
OLD_ACCOUNT_MADE = {"connectionStatus": "ACTIVE", "connectedAccountId": str, "redirectUrl": None}
OLD_ACCOUNT = {
    "id": str,
    "integrationId": str,
    "appUniqueId": "shopify",
    "appName": "shopify",
    "status": "ACTIVE",
    "clientUniqueUserId": "user_42",
    "entityId": "user_42",
    "enabled": True,
    "deleted": False,
    "isDisabled": False,
    "labels": [],
    "createdAt": str,
    "updatedAt": str,
    "connectionParams": {
        "base_url": "https://demo-store.example.test",
        "headers": {"X-Store-Access-Token": "exam..."},
        "queryParams": {},
        "shop": "demo-store",
        "version": "2024-10",
    },
}
INITIATED = {
    "integration": {"id": str, "isNewIntegration": False},
    "connectionResponse": OLD_ACCOUNT_MADE,
}
OLD_MISSING_FIELDS = {
    "type": "BadRequestError",
    "name": "BadRequestError",
    "status": 400,
    "message": "One or more connection fields are missing",
    "requestId": str,
    "details": [{"property": "data.api_key", "constraints": {"isDefined": "api_key is required"}}],
}
OLD_EXECUTED = {
    "data": {"shop": {"name": "Demo store"}},
    "error": None,
    "successfull": True,
    "successful": True,
}
