//! Routes and bodies of `/api/v3.1`.

use std::time::Instant;

use http::Method as Http;
use serde_json::{Map, Value, json};

use super::call::{Call, Members, place, secret_body};
use super::model::{
    Account, AuthConfig, BaseUrl, Made, Method, Toolkit, field, is_hidden, is_masked, items, text, unreadable, whole,
};
use super::routes::{AppAnswer, Execution, Filter, NewAccount, NewAuthConfig, Proxied, Rotation};
use crate::allow::Allow;
use crate::connection::Status;
use crate::error::Result;

const V: &str = "v3.1";
/// The most that a page may hold.
const PAGE: &str = "1000";
/// Where none is named, the API may take a tool's first version, `00000000_00`.
const NEWEST: &str = "latest";

pub(super) fn toolkits(cursor: Option<&str>) -> Call {
    Call::get([V, "toolkits"]).query("limit", [PAGE]).query("cursor", cursor)
}

pub(super) fn toolkit(slug: &str) -> Call {
    Call::get([V, "toolkits", &slug.to_ascii_lowercase()])
}

pub(super) fn read_toolkit(json: &Value) -> Result<Toolkit> {
    let slug = text(json, &["/slug"]).ok_or_else(|| unreadable("a toolkit"))?;
    Ok(Toolkit {
        name: text(json, &["/name"]).unwrap_or_else(|| slug.clone()),
        category: text(json, &["/meta/categories/0/slug", "/meta/categories/0/id"]).unwrap_or_default(),
        docs_url: text(json, &["/auth_guide_url"]),
        base_url: text(json, &["/base_url"]),
        methods: methods(json),
        current_user: text(json, &["/get_current_user_endpoint"])
            .map(|path| (text(json, &["/get_current_user_endpoint_method"]).unwrap_or_else(|| "GET".to_owned()), path)),
        slug,
    })
}

fn methods(json: &Value) -> Option<Vec<Method>> {
    if let Some(details) = json["auth_config_details"].as_array() {
        return Some(details.iter().filter_map(method).collect());
    }
    // A list tells the schemes by name only.
    let bare = |scheme: &str| Method { scheme: scheme.to_owned(), base_url: None, developer: vec![], user: vec![] };
    json["auth_schemes"].as_array().map(|names| names.iter().filter_map(Value::as_str).map(bare).collect())
}

fn method(json: &Value) -> Option<Method> {
    let hint = text(json, &["/auth_hint_url"]);
    let fields = |group: &str| {
        let group = &json["fields"][group];
        let of = |part: &str, required: bool| {
            let fields = group[part].as_array().into_iter().flatten().filter(|f| !is_hidden(f));
            fields.filter_map(|f| field(f, required, hint.as_deref())).collect::<Vec<_>>()
        };
        let mut all = of("required", true);
        all.extend(of("optional", false));
        all
    };
    Some(Method {
        scheme: text(json, &["/mode", "/auth_scheme", "/authScheme"])?,
        base_url: text(json, &["/proxy/base_url"]),
        developer: fields("auth_config_creation"),
        user: fields("connected_account_initiation"),
    })
}

pub(super) fn auth_configs(app: Option<&str>, cursor: Option<&str>) -> Call {
    let app = app.map(str::to_ascii_lowercase);
    Call::get([V, "auth_configs"]).query("toolkit_slug", app).query("limit", [PAGE]).query("cursor", cursor)
}

pub(super) fn auth_config(id: &str) -> Call {
    Call::get([V, "auth_configs", id])
}

pub(super) fn read_auth_config(json: &Value) -> Result<AuthConfig> {
    let id = text(json, &["/id"]).ok_or_else(|| unreadable("an auth config"))?;
    let app = text(json, &["/toolkit/slug", "/toolkit_slug"]).ok_or_else(|| unreadable("an auth config"))?;
    let names = |value: &Value| value.as_object().into_iter().flatten().map(|(n, _)| n.clone()).collect::<Vec<_>>();
    let fields = json["expected_input_fields"].as_array().map(|fields| {
        let user = fields.iter().filter(|f| f["expected_from_customer"] != json!(false) && !is_hidden(f));
        let hint = text(json, &["/toolkit/auth_hint_url"]);
        user.filter_map(|f| field(f, true, hint.as_deref())).collect::<Vec<_>>()
    });
    Ok(AuthConfig {
        name: text(json, &["/name"]).unwrap_or_else(|| id.clone()),
        scheme: text(json, &["/auth_scheme", "/authScheme"]).unwrap_or_default(),
        created_at: text(json, &["/created_at", "/createdAt"]).unwrap_or_default(),
        enabled: json["status"] != json!("DISABLED"),
        connections: whole(&json["no_of_connections"]),
        // None there may also mean that this server does not fill it in.
        fields: fields.filter(|fields| !fields.is_empty()),
        fixed: names(&json["shared_credentials"]),
        base_url: match text(json, &["/credentials/base_url"]) {
            None => BaseUrl::Usual,
            Some(masked) if is_masked(&masked) => BaseUrl::Masked,
            Some(url) => BaseUrl::Own(url),
        },
        allow: Allow::default(),
        read_at: Instant::now(),
        id,
        app,
    })
}

pub(super) fn create_auth_config(ask: &NewAuthConfig) -> Call {
    let mut config = json!({"type": "use_custom_auth", "authScheme": ask.scheme, "credentials": place(0)});
    if let Some(name) = ask.name {
        config["name"] = json!(name);
    }
    if !ask.shared.is_empty() {
        config["shared_credentials"] = place(1);
    }
    let base: Vec<(&str, &str)> = ask.base_url.map(|url| ("base_url", url)).into_iter().collect();
    let frame = json!({"toolkit": {"slug": ask.app}, "auth_config": config});
    let members = [Members { plain: &base, values: ask.credentials }, Members { plain: &[], values: ask.shared }];
    Call::post([V, "auth_configs"]).secret(secret_body(&frame, &members))
}

pub(super) fn read_created_auth_config(json: &Value) -> Option<String> {
    text(json, &["/auth_config/id", "/id"])
}

pub(super) fn delete_auth_config(id: &str) -> Call {
    Call::put(Http::DELETE, [V, "auth_configs", id])
}

pub(super) fn create_account(ask: &NewAccount) -> Call {
    let mut connection = json!({"user_id": ask.entity_id});
    if let Some(alias) = ask.alias {
        connection["alias"] = json!(alias);
    }
    if let Some(url) = ask.callback_url {
        connection["callback_url"] = json!(url);
    }
    connection["state"] = json!({"authScheme": ask.scheme, "val": place(0)});
    let frame = json!({"auth_config": {"id": ask.integration_id}, "connection": connection});
    let members = [Members { plain: &[("status", "ACTIVE")], values: ask.values }];
    Call::post([V, "connected_accounts"]).secret(secret_body(&frame, &members))
}

pub(super) fn read_made(json: &Value) -> Made {
    let status =
        text(json, &["/connectionData/val/status", "/connection_data/val/status", "/state/val/status", "/status"]);
    Made {
        id: text(json, &["/id", "/connected_account_id", "/connectedAccountId", "/nanoid"]),
        status: status.map(|s| s.as_str().into()),
        redirect_url: text(
            json,
            &["/connectionData/val/redirectUrl", "/redirect_url", "/redirectUrl", "/redirect_uri"],
        ),
    }
}

pub(super) fn account(id: &str) -> Call {
    Call::get([V, "connected_accounts", id])
}

pub(super) fn accounts(filter: &Filter) -> Call {
    let mut call = Call::get([V, "connected_accounts"])
        .query("user_ids", filter.entity_id)
        .query("auth_config_ids", filter.integration_id)
        .query("toolkit_slugs", filter.app.map(str::to_ascii_lowercase))
        .query("statuses", filter.statuses.iter().map(Status::as_str))
        .query("limit", [filter.limit.to_string()])
        .query("cursor", filter.cursor);
    if filter.newest_first {
        call = call.query("order_by", ["created_at"]).query("order_direction", ["desc"]);
    }
    call
}

pub(super) fn read_account(json: &Value) -> Result<Account> {
    let need = |pointers: &[&str]| text(json, pointers).ok_or_else(|| unreadable("a connected account"));
    let status = need(&["/status", "/state/val/status"])?;
    let disabled = json["is_disabled"] == json!(true) && status == "ACTIVE";
    let shown = |(name, value): (&String, &Value)| {
        value.as_str().filter(|v| !is_masked(v)).map(|v| (name.clone(), v.to_owned()))
    };
    let labels = json.pointer("/deprecated/labels").and_then(Value::as_array).into_iter().flatten();
    Ok(Account {
        id: need(&["/id"])?,
        app: need(&["/toolkit/slug", "/toolkit_slug"])?,
        scheme: text(json, &["/auth_config/auth_scheme", "/auth_scheme", "/state/authScheme"]).unwrap_or_default(),
        integration_id: text(json, &["/auth_config/id", "/auth_config_id"]).unwrap_or_default(),
        entity_id: need(&["/user_id"])?,
        status: if disabled { Status::Inactive } else { status.as_str().into() },
        alias: text(json, &["/alias"]),
        labels: labels.filter_map(Value::as_str).map(str::to_owned).collect(),
        created_at: text(json, &["/created_at", "/createdAt"]).unwrap_or_default(),
        updated_at: text(json, &["/updated_at", "/updatedAt"]).unwrap_or_default(),
        values: json.pointer("/state/val").and_then(Value::as_object).into_iter().flatten().filter_map(shown).collect(),
    })
}

/// The page, and the cursor of the next.
pub(super) fn read_page(json: &Value) -> Result<(&[Value], Option<String>)> {
    Ok((items(json)?, text(json, &["/next_cursor", "/nextCursor"])))
}

pub(super) fn rotate(ask: &Rotation) -> Result<Call> {
    let mut frame = json!({"connection": {"state": {"authScheme": ask.scheme, "val": place(0)}}});
    if let Some(alias) = ask.alias {
        frame["alias"] = json!(alias);
    }
    let call = Call::put(Http::PATCH, [V, "connected_accounts", ask.id]);
    Ok(call.secret(secret_body(&frame, &[Members { plain: &[], values: ask.values }])))
}

pub(super) fn set_alias(id: &str, alias: &str) -> Result<Call> {
    Ok(Call::put(Http::PATCH, [V, "connected_accounts", id]).json(&json!({"alias": alias})))
}

pub(super) fn switch(id: &str, enabled: bool) -> Call {
    Call::put(Http::PATCH, [V, "connected_accounts", id, "status"]).json(&json!({"enabled": enabled}))
}

pub(super) fn delete_account(id: &str, revoke: bool) -> Result<Call> {
    let revoke = revoke.then_some("true");
    Ok(Call::put(Http::DELETE, [V, "connected_accounts", id]).query("revoke_on_delete", revoke))
}

pub(super) fn tool(action: &str) -> Call {
    Call::get([V, "tools", action]).query("toolkit_versions", [NEWEST])
}

pub(super) fn read_tool(json: &Value) -> Option<String> {
    text(json, &["/toolkit/slug"])
}

pub(super) fn execute(ask: &Execution) -> Call {
    let mut body = Map::new();
    body.insert("arguments".into(), ask.params.clone());
    body.insert("connected_account_id".into(), json!(ask.account));
    body.insert("version".into(), json!(NEWEST));
    if let Some(entity_id) = ask.entity_id {
        body.insert("user_id".into(), json!(entity_id));
    }
    Call::act([V, "tools", "execute", ask.action]).json(&Value::Object(body))
}

pub(super) fn proxy(ask: &Proxied) -> Result<Call> {
    let parameter = |kind: &str, (name, value): &(String, String)| json!({"name": name, "type": kind, "value": value});
    let mut parameters: Vec<Value> = ask.query.iter().map(|p| parameter("query", p)).collect();
    parameters.extend(ask.headers.iter().map(|p| parameter("header", p)));
    let mut body = json!({"endpoint": ask.endpoint, "method": ask.method, "connected_account_id": ask.account});
    if !parameters.is_empty() {
        body["parameters"] = Value::Array(parameters);
    }
    if let Some(content) = &ask.body {
        body["body"] = content.clone();
    }
    Ok(Call::act([V, "tools", "execute", "proxy"]).json(&body))
}

pub(super) fn read_proxied(json: &Value) -> Result<AppAnswer<'_>> {
    let status = whole(&json["status"]).and_then(|s| u16::try_from(s).ok()).filter(|s| (100..1000).contains(s));
    let headers = json["headers"].as_object().into_iter().flatten();
    let headers = headers.map(|(name, value)| {
        (name.to_ascii_lowercase(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    Ok(AppAnswer {
        status: status.ok_or_else(|| unreadable("an answer of the app"))?,
        headers: headers.collect(),
        data: &json["data"],
    })
}
