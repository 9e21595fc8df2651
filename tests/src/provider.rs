//! The provider double, as `tests/servers/run.py` has started it.

use serde_json::Value;

/// Where the double listens, from the environment.
pub struct Provider {
    http: String,
    /// Other addresses by the name that cases use.
    pub addresses: Vec<(&'static str, String)>,
    /// The authority that its certificates come from, in PEM.
    pub ca: Vec<u8>,
}

const ADDRESSES: [(&str, &str); 9] = [
    ("provider_http", "KEYLATCH_TEST_PROVIDER_HTTP"),
    ("provider", "KEYLATCH_TEST_PROVIDER_HTTPS"),
    ("other", "KEYLATCH_TEST_OTHER"),
    ("misnamed", "KEYLATCH_TEST_MISNAMED"),
    ("untrusted", "KEYLATCH_TEST_UNTRUSTED"),
    ("dead", "KEYLATCH_TEST_DEAD"),
    ("stripe", "KEYLATCH_TEST_STRIPE"),
    ("composio", "KEYLATCH_TEST_COMPOSIO"),
    ("composio_https", "KEYLATCH_TEST_COMPOSIO_HTTPS"),
];

impl Provider {
    /// The double of this run.
    ///
    /// # Panics
    /// Outside `tests/servers/run.py`.
    #[must_use]
    pub fn of_this_run() -> Self {
        let get = |name: &str| std::env::var(name).ok();
        let http = get("KEYLATCH_TEST_PROVIDER_HTTP").expect("start this with tests/servers/run.py, or `make test`");
        let ca = get("KEYLATCH_TEST_CA").expect("set by tests/servers/run.py");
        Self {
            http,
            addresses: ADDRESSES.iter().filter_map(|(name, variable)| Some((*name, get(variable)?))).collect(),
            ca: std::fs::read(ca).expect("the test CA is readable"),
        }
    }

    /// Scripts the double's answers below `/{name}`.
    ///
    /// # Panics
    /// Where the double refuses the script.
    pub fn script(&self, name: &str, routes: &Value) {
        let url = format!("{}/_control/{name}", self.http);
        ureq::put(url).send(routes.to_string()).unwrap_or_else(|e| panic!("the script of {name}: {e}"));
    }

    /// The Composio server's address.
    ///
    /// # Panics
    /// Outside `tests/servers/run.py`.
    #[must_use]
    pub fn composio(&self) -> &str {
        let found = self.addresses.iter().find(|(name, _)| *name == "composio");
        &found.expect("set by tests/servers/run.py").1
    }

    /// Speaks to the control of the Composio server: `GET`, or `PUT` and `POST` with a body.
    ///
    /// # Panics
    /// Where the server refuses.
    #[must_use]
    pub fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/_control/{path}", self.composio());
        let sent = match method {
            "GET" => ureq::get(url).call(),
            "PUT" => ureq::put(url).send(body.to_string()),
            _ => ureq::post(url).send(body.to_string()),
        };
        let answered = sent.and_then(|mut response| response.body_mut().read_to_string());
        let text = answered.unwrap_or_else(|e| panic!("the Composio server, {method} {path}: {e}"));
        serde_json::from_str(&text).expect("the Composio server answers JSON")
    }

    /// The requests that came in below `/{name}`.
    ///
    /// # Panics
    /// Where the double does not answer.
    #[must_use]
    pub fn requests(&self, name: &str) -> Value {
        self.ask(name, "requests")
    }

    /// Keys to sign with, which the double knows.
    ///
    /// # Panics
    /// Where the double does not answer.
    #[must_use]
    pub fn keys(&self, name: &str) -> Value {
        self.ask(name, "keys")
    }

    fn ask(&self, name: &str, what: &str) -> Value {
        let url = format!("{}/_control/{name}/{what}", self.http);
        let body = ureq::get(url).call().and_then(|mut response| response.body_mut().read_to_string());
        serde_json::from_str(&body.expect("the double answers")).expect("the double answers JSON")
    }
}
