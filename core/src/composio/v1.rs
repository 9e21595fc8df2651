//! Routes and bodies of `/api/v1` and `/api/v2`, for servers that still speak them.

use std::time::Instant;

use http::Method as Http;
use serde_json::{Value, json};

use super::call::{Call, Members, place, secret_body};
use super::model::{
    Account, AuthConfig, BaseUrl, Made, Method, Toolkit, field, is_masked, items, text, unreadable, whole,
};
use super::routes::{AppAnswer, Execution, Filter, NewAccount, NewAuthConfig, Proxied, Rotation};
use crate::allow::Allow;
use crate::connection::Status;
use crate::error::{Error, Result};

const V: &str = "v1";

/// v1 gives the whole list at once.
pub(super) fn toolkits(_cursor: Option<&str>) -> Call {
    Call::get([V, "apps"]).query("additionalFields", ["auth_schemes"])
}

pub(super) fn toolkit(slug: &str) -> Call {
    Call::get([V, "apps", &slug.to_ascii_lowercase()])
}

pub(super) fn read_toolkit(json: &Value) -> Result<Toolkit> {
    let slug = text(json, &["/key", "/name"]).ok_or_else(|| unreadable("an app"))?;
    let schemes = json["auth_schemes"].as_array();
    Ok(Toolkit {
        name: text(json, &["/displayName", "/name"]).unwrap_or_else(|| slug.clone()),
        category: text(json, &["/categories/0"]).unwrap_or_default(),
        docs_url: text(json, &["/docs"]),
        base_url: schemes.and_then(|s| text(s.first()?, &["/proxy/base_url"])),
        current_user: schemes.into_iter().flatten().find_map(current_user).map(|path| ("GET".to_owned(), path)),
        methods: schemes.map(|schemes| schemes.iter().filter_map(method).collect()),
        slug: slug.to_ascii_lowercase(),
    })
}

fn current_user(scheme: &Value) -> Option<String> {
    scheme["fields"].as_array()?.iter().find_map(|f| text(f, &["/get_current_user_endpoint"]))
}

fn method(json: &Value) -> Option<Method> {
    let fields = |from_user: bool| {
        let fields = json["fields"].as_array().into_iter().flatten();
        let these = fields.filter(|f| (f["expected_from_customer"] != json!(false)) == from_user);
        these.filter_map(|f| field(f, false, None)).collect::<Vec<_>>()
    };
    Some(Method {
        scheme: text(json, &["/auth_mode", "/mode", "/scheme_name"])?,
        base_url: text(json, &["/proxy/base_url"]),
        developer: fields(false),
        user: fields(true),
    })
}

pub(super) fn auth_configs(app: Option<&str>, cursor: Option<&str>) -> Call {
    Call::get([V, "integrations"])
        .query("appName", app.map(str::to_ascii_lowercase))
        .query("page", [cursor.unwrap_or("1")])
        .query("pageSize", ["999"])
        .query("showDisabled", ["false"])
}

pub(super) fn auth_config(id: &str) -> Call {
    Call::get([V, "integrations", id])
}

pub(super) fn read_auth_config(json: &Value) -> Result<AuthConfig> {
    let id = text(json, &["/id"]).ok_or_else(|| unreadable("an integration"))?;
    let app = text(json, &["/appName", "/appUniqueId"]).ok_or_else(|| unreadable("an integration"))?;
    let fields = json["expectedInputFields"].as_array().map(|fields| {
        let user = fields.iter().filter(|f| f["expected_from_customer"] != json!(false));
        user.filter_map(|f| field(f, true, None)).collect::<Vec<_>>()
    });
    Ok(AuthConfig {
        app: app.to_ascii_lowercase(),
        scheme: text(json, &["/authScheme"]).unwrap_or_default(),
        name: text(json, &["/name"]).unwrap_or_else(|| id.clone()),
        created_at: text(json, &["/createdAt"]).unwrap_or_default(),
        enabled: json["enabled"] != json!(false) && json["deleted"] != json!(true),
        connections: json.pointer("/_count/connections").and_then(whole),
        fields: fields.filter(|fields| !fields.is_empty()),
        fixed: Vec::new(),
        base_url: match text(json, &["/authConfig/base_url"]) {
            None => BaseUrl::Usual,
            Some(masked) if is_masked(&masked) => BaseUrl::Masked,
            Some(url) => BaseUrl::Own(url),
        },
        allow: Allow::default(),
        read_at: Instant::now(),
        id,
    })
}

pub(super) fn create_auth_config(ask: &NewAuthConfig) -> Call {
    // One object holds both kinds of the developer's values here.
    let mut values = ask.credentials.duplicate();
    values.fill_from(ask.shared.duplicate());
    let base: Vec<(&str, &str)> = ask.base_url.map(|url| ("base_url", url)).into_iter().collect();
    let config = json!({"useComposioAuth": false, "name": ask.name.unwrap_or(ask.app), "authScheme": ask.scheme,
                        "integrationSecrets": place(0)});
    let frame = json!({"app": {"uniqueKey": ask.app}, "config": config});
    Call::post(["v2", "integrations", "create"])
        .secret(secret_body(&frame, &[Members { plain: &base, values: &values }]))
}

pub(super) fn read_created_auth_config(json: &Value) -> Option<String> {
    text(json, &["/integrationId", "/id"])
}

pub(super) fn delete_auth_config(id: &str) -> Call {
    Call::put(Http::DELETE, [V, "integrations", id])
}

pub(super) fn create_account(ask: &NewAccount) -> Call {
    let frame = json!({"integrationId": ask.integration_id, "userUuid": ask.entity_id, "entityId": ask.entity_id,
                       "data": place(0), "labels": ask.labels, "redirectUri": ask.callback_url});
    Call::post([V, "connectedAccounts"]).secret(secret_body(&frame, &[Members { plain: &[], values: ask.values }]))
}

pub(super) fn read_made(json: &Value) -> Made {
    let of = |names: &[&str]| text(json, names);
    Made {
        id: of(&["/connectedAccountId", "/connectionResponse/connectedAccountId", "/id"]),
        status: of(&["/connectionStatus", "/connectionResponse/connectionStatus", "/status"])
            .map(|s| s.as_str().into()),
        redirect_url: of(&["/redirectUrl", "/connectionResponse/redirectUrl"]),
    }
}

pub(super) fn account(id: &str) -> Call {
    Call::get([V, "connectedAccounts", id])
}

pub(super) fn accounts(filter: &Filter) -> Call {
    Call::get([V, "connectedAccounts"])
        .query("user_uuid", filter.entity_id)
        .query("appNames", filter.app.map(str::to_ascii_lowercase))
        .query("integrationId", filter.integration_id)
        .query("status", filter.statuses.iter().map(old_status))
        .query("labels", filter.labels)
        .query("page", [filter.cursor.unwrap_or("1")])
        .query("pageSize", [filter.limit.to_string()])
        .query("showDisabled", ["true"])
}

/// v1 knows four statuses; being switched off is another matter there.
fn old_status(status: &Status) -> &str {
    match status {
        Status::Initializing => "INITIATED",
        Status::Inactive => "ACTIVE",
        Status::Revoked => "EXPIRED",
        known => known.as_str(),
    }
}

pub(super) fn read_account(json: &Value) -> Result<Account> {
    let need = |pointers: &[&str]| text(json, pointers).ok_or_else(|| unreadable("a connected account"));
    let status = need(&["/status"])?;
    let disabled = json["isDisabled"] == json!(true) || json["enabled"] == json!(false);
    let labels = json["labels"].as_array().into_iter().flatten();
    let shown = |(name, value): (&String, &Value)| {
        value.as_str().filter(|v| !is_masked(v)).map(|v| (name.clone(), v.to_owned()))
    };
    Ok(Account {
        id: need(&["/id"])?,
        app: need(&["/appUniqueId", "/appName"])?.to_ascii_lowercase(),
        scheme: text(json, &["/authScheme"]).unwrap_or_default(),
        integration_id: text(json, &["/integrationId"]).unwrap_or_default(),
        entity_id: need(&["/entityId", "/clientUniqueUserId"])?,
        status: if disabled && status == "ACTIVE" { Status::Inactive } else { status.as_str().into() },
        alias: None,
        labels: labels.filter_map(Value::as_str).map(str::to_owned).collect(),
        created_at: text(json, &["/createdAt"]).unwrap_or_default(),
        updated_at: text(json, &["/updatedAt"]).unwrap_or_default(),
        values: json["connectionParams"].as_object().into_iter().flatten().filter_map(shown).collect(),
    })
}

/// The page, and the number of the next as its cursor.
pub(super) fn read_page(json: &Value) -> Result<(&[Value], Option<String>)> {
    let (page, pages) = (whole(&json["page"]).unwrap_or(1), whole(&json["totalPages"]).unwrap_or(1));
    Ok((items(json)?, (page < pages).then(|| (page + 1).to_string())))
}

pub(super) fn rotate(_ask: &Rotation) -> Result<Call> {
    Err(not_here("cannot change the credentials of a connection; delete it and initiate another"))
}

pub(super) fn set_alias(_id: &str, _alias: &str) -> Result<Call> {
    Err(not_here("has no aliases"))
}

pub(super) fn switch(id: &str, enabled: bool) -> Call {
    let what = if enabled { "enable" } else { "disable" };
    Call::put(Http::POST, [V, "connectedAccounts", id, what])
}

pub(super) fn delete_account(id: &str, revoke: bool) -> Result<Call> {
    if revoke {
        return Err(not_here("cannot withdraw credentials at the provider; delete without `revoke`"));
    }
    Ok(Call::put(Http::DELETE, [V, "connectedAccounts", id]))
}

pub(super) fn tool(action: &str) -> Call {
    Call::get(["v2", "actions", action])
}

pub(super) fn read_tool(json: &Value) -> Option<String> {
    text(json, &["/appKey", "/appName"]).map(|slug| slug.to_ascii_lowercase())
}

pub(super) fn execute(ask: &Execution) -> Call {
    let mut body = json!({"connectedAccountId": ask.account, "appName": ask.app, "input": ask.params});
    if let Some(entity_id) = ask.entity_id {
        body["entityId"] = json!(entity_id);
    }
    Call::act(["v2", "actions", ask.action, "execute"]).json(&body)
}

pub(super) fn proxy(ask: &Proxied) -> Result<Call> {
    let parameter = |place: &str, (name, value): &(String, String)| json!({"name": name, "in": place, "value": value});
    let mut parameters: Vec<Value> = ask.query.iter().map(|p| parameter("query", p)).collect();
    parameters.extend(ask.headers.iter().map(|p| parameter("header", p)));
    if ask.body.as_ref().is_some_and(|body| !body.is_object()) {
        return Err(not_here("takes a JSON object as a request's body only"));
    }
    let body = json!({"connectedAccountId": ask.account, "endpoint": ask.endpoint, "method": ask.method,
                      "parameters": parameters, "body": ask.body});
    Ok(Call::act(["v2", "actions", "proxy"]).json(&body))
}

/// v2 tells no status of the app's answer, only whether it was good.
pub(super) fn read_proxied(json: &Value) -> Result<AppAnswer<'_>> {
    let successful = json["successful"].as_bool().or_else(|| json["successfull"].as_bool());
    let successful = successful.ok_or_else(|| unreadable("an answer of the app"))?;
    Ok(AppAnswer { status: if successful { 200 } else { 502 }, headers: Vec::new(), data: &json["data"] })
}

fn not_here(what: &str) -> Error {
    Error::argument("api_version", format!("Composio's API v1 {what}, or use api_version v3.1"))
}
