// keylatch.hpp on Composio's API: opening a project, what only that backend tells, and what its errors carry.
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "checks.hpp"

namespace {

using Names = std::vector<std::string>;

const char *const definition = R"({"slug": "acme", "name": "Acme", "category": "test",
  "schemes": [{"auth_scheme": "API_KEY", "base_url": "https://api.acme.example",
    "fields": [{"name": "api_key", "display_name": "Key", "description": "For tests.", "no_help_url": "For tests.",
                "secret": true}],
    "inject": [{"in": "header", "name": "Authorization", "value": "Bearer {api_key}"}], "no_checks": "For tests."}],
  "actions": [{"name": "ACME_SAY", "description": "Says it.", "method": "POST", "path": "/say",
               "params": [{"name": "text", "description": "What to say.", "required": true}]},
              {"name": "ACME_BREAK", "description": "Fails.", "method": "GET", "path": "/broken"}]})";

const char *const script = R"({"GET /broken": [{"status": 418, "json": {"error": {"message": "no tea"}}}],
    "* *": [{"echo": true}]})";

const char *const faults = R"({"faults": [{"on": "GET /connected_accounts/*", "status": 400,
    "headers": {"x-request-id": "req-1"}, "json": {"error": {"code": 4711, "slug": "Odd_Request", "message": "Odd.",
    "suggested_fix": "Be even.", "status": 400, "request_id": "req-1"}}}]})";

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    if (value == nullptr) {
        std::cerr << "composio_test: start me with tests/servers/run.py\n";
        std::exit(2);
    }
    return value;
}

struct Place {
    std::string name = "hpp-composio-" + std::to_string(getpid());
    std::string composio = variable("KEYLATCH_TEST_COMPOSIO"), provider = variable("KEYLATCH_TEST_PROVIDER_HTTPS");

    Place() {
        tell(variable("KEYLATCH_TEST_PROVIDER_HTTP"), "PUT", "", script);
        tell(composio, "PUT", "", std::string(R"({"toolkits": [)") + definition + "]}");
    }

    void tell(const std::string &server, const char *method, const std::string &suffix, const std::string &body) const {
        buffer answer = {};
        CHECK(http_send(server.c_str(), method, ("/_control/" + name + suffix).c_str(), body.c_str(), &answer));
        std::free(answer.data);
    }

    keylatch::Options options() const {
        keylatch::Options options;
        std::string api_key = "ak_" + name;
        options.take_composio_api_key(api_key).composio_base_url(composio).composio_api_version("v3.1");
        CHECK(api_key.empty());
        std::stringstream pem;
        pem << std::ifstream(variable("KEYLATCH_TEST_CA")).rdbuf();
        options.extra_ca_pem(pem.str());
        return options;
    }
};

void opening(const Place &place) {
    unsetenv("COMPOSIO_API_KEY");
    keylatch::Options options;
    CHECK(THROWN(keylatch::Client{options.composio()}).fields() == Names{"api_key"});
    setenv("COMPOSIO_API_KEY", ("ak_" + place.name).c_str(), 1);
    setenv("COMPOSIO_BASE_URL", (place.composio + "/api/").c_str(), 1);
    CHECK(keylatch::Client(options).connected_accounts().items.empty());
    setenv("COMPOSIO_API_KEY", "ak_nobody", 1);
    keylatch::Error unauthorized = THROWN(keylatch::Client(options).connected_accounts());
    CHECK(unauthorized.status() == KEYLATCH_UNAUTHORIZED && unauthorized.json().find("ak_nobody") == std::string::npos);
    unsetenv("COMPOSIO_API_KEY");
    unsetenv("COMPOSIO_BASE_URL");

    CHECK(THROWN(options.composio_api_version("v2")).fields() == Names{"api_version"});
    CHECK(THROWN(keylatch::Client(place.options().composio_base_url("http://composio.example"))).fields() ==
          Names{"base_url"});
    CHECK(THROWN(keylatch::Client(place.options().path("/tmp/vault.db"))).fields() == Names{"options"});
    CHECK(THROWN(keylatch::Client(place.options().key_environment("NAME"))).fields() == Names{"options"});
}

std::string connect(const keylatch::Client &client, const Place &place) {
    keylatch::NewIntegration what;
    what.app = "acme";
    what.base_url = place.provider + "/" + place.name;
    keylatch::ExpectedParamsQuery which;
    which.integration_id = client.create_integration(what).id;
    keylatch::ExpectedParams expected = client.get_expected_params_for_user(which);
    CHECK(expected.expected_params.size() == 1 && expected.expected_params[0].is_secret);

    keylatch::InitiateConnection how;
    how.integration_id = expected.integration_id;
    how.callback_url = "https://mine.example/done";
    keylatch::Params params;
    std::string key = "good-key";
    params.take("api_key", key);
    keylatch::ConnectionRequest made = client.entity("user-1").initiate_connection(how, std::move(params));
    CHECK(made.connection_status == "ACTIVE" && !made.redirect_url);
    return made.connected_account_id;
}

void using_it(const keylatch::Client &client, const std::string &id) {
    CHECK(client.wait_until_active(id, std::chrono::seconds(5)).status == "ACTIVE");
    CHECK(client.set_alias(id, "main").alias == "main");
    keylatch::ExecuteAction what;
    what.action = "ACME_SAY";
    what.params = R"({"text": "hello"})";
    keylatch::ActionResult said = client.entity("user-1").execute_action(what);
    CHECK(said.data.find("hello") != std::string::npos);
    CHECK(said.log_id && !said.log_id->empty() && said.json.find(*said.log_id) != std::string::npos);
    what = {};
    what.action = "ACME_BREAK";
    what.connected_account_id = id;
    CHECK(THROWN(client.execute_action(what)).status() == KEYLATCH_ACTION_FAILED);
}

void developer_fields(const keylatch::Client &client) {
    keylatch::NewIntegration what;
    what.app = "developer_fields";
    CHECK(THROWN(client.create_integration(what)).fields() == Names{"partner_key"});
    keylatch::Params fixed;
    std::string key = "pk_1";
    fixed.take("partner_key", key);
    keylatch::ExpectedParamsQuery which;
    which.integration_id = client.create_integration(what, std::move(fixed)).id;
    const auto developer = client.get_expected_params_for_user(which).developer_params;
    CHECK(developer.size() == 2 && developer[0].name == "partner_key" && developer[0].required);
}

void errors(const keylatch::Client &client, const Place &place, const std::string &id) {
    place.tell(place.composio, "POST", "/faults", faults);
    keylatch::Error odd = THROWN(client.connected_account(id));
    CHECK(odd.code() == "invalid_argument" && odd.upstream());
    const keylatch::Upstream upstream = odd.upstream().value_or(keylatch::Upstream{});
    CHECK(upstream.status == 400 && upstream.code == 4711 && upstream.slug == "Odd_Request");
    CHECK(upstream.message == "Odd." && upstream.suggested_fix == "Be even." && upstream.request_id == "req-1");

    client.delete_connection(id, true);
    keylatch::Error gone = THROWN(client.connected_account(id));
    CHECK(gone.code() == "not_found" && gone.upstream() && gone.upstream()->status == 404);
}

}  // namespace

int main() {
    std::cout << std::unitbuf;  // what was said stays said, whatever happens next
    Place place;
    try {
        opening(place);
        keylatch::Client client(place.options());
        const std::string id = connect(client, place);
        using_it(client, id);
        developer_fields(client);
        errors(client, place, id);
    } catch (const std::exception &error) {
        check(false, error.what(), 0);
    }
    return report("composio");
}
