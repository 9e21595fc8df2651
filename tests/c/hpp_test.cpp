// keylatch.hpp: every wrapped call, moves, exceptions and values that outlive their client.
#include "keylatch.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <type_traits>

#include "checks.hpp"

namespace {

template <typename T>
constexpr bool only_moves = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
                            !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(only_moves<keylatch::Client> && only_moves<keylatch::Secret>);
static_assert(only_moves<keylatch::Params> && only_moves<keylatch::Options>);
static_assert(std::is_nothrow_copy_constructible_v<keylatch::Error>);

const char *const definition = R"({"slug": "acme", "name": "Acme", "category": "test", "docs_url": "https://acme.example",
  "schemes": [{"auth_scheme": "API_KEY", "base_url": "https://api.acme.example",
    "fields": [{"name": "api_key", "display_name": "Key", "description": "For tests.", "no_help_url": "For tests.",
                "secret": true, "example": "k-…"},
               {"name": "port", "display_name": "Port", "description": "For tests.", "no_help_url": "For tests.",
                "type": "integer", "required": false, "default": "8443"},
               {"name": "region", "display_name": "Region", "description": "For tests.", "no_help_url": "For tests.",
                "enum": ["eu", "us"], "required": false, "pattern": "^[a-z]+$", "help_url": "https://acme.example/r"}],
    "inject": [{"in": "header", "name": "Authorization", "value": "Bearer {api_key}"},
               {"in": "query", "name": "port", "value": "{port}"}, {"in": "query", "name": "region", "value": "{region}"}],
    "checks": [{"method": "GET", "path": "/me", "account": "/id"}]}],
  "actions": [{"name": "ACME_SAY", "description": "Says it.", "method": "POST", "path": "/say",
               "params": [{"name": "text", "description": "What to say.", "required": true},
                          {"name": "times", "type": "integer", "description": "How often."}]},
              {"name": "ACME_BREAK", "description": "Fails.", "method": "GET", "path": "/broken"}]})";

const char *const script = R"({"GET /me": [{"require": {"header": {"authorization": "Bearer good-key"}},
    "json": {"id": "acct_1"}}],
  "GET /broken": [{"status": 418, "json": {"error": {"message": "no tea"}}}], "* *": [{"echo": true, "headers": {"X-Kind": "echo"}}]})";

struct Place {
    std::string folder, provider, space = "hpp-" + std::to_string(getpid());

    Place() {
        char name[] = "/tmp/keylatch-cpp-XXXXXX";
        const char *http = std::getenv("KEYLATCH_TEST_PROVIDER_HTTP");
        if (http == nullptr || mkdtemp(name) == nullptr || !play(script)) {
            std::cerr << "hpp_test: start me with tests/servers/run.py\n";
            std::exit(2);
        }
        folder = name;
        provider = std::string(http) + "/" + space;
    }
    Place(const Place &) = delete;
    Place &operator=(const Place &) = delete;
    ~Place() {
        for (const char *file : {"/vault.db", "/vault.db-wal", "/vault.db-shm", "/vault.db.key"}) {
            unlink((folder + file).c_str());
        }
        rmdir(folder.c_str());
    }

    /// What the provider answers from now on.
    bool play(const char *answers) const {
        const char *http = std::getenv("KEYLATCH_TEST_PROVIDER_HTTP");
        buffer answer = {};
        const bool sent = http_send(http, "PUT", ("/_control/" + space).c_str(), answers, &answer) != 0;
        std::free(answer.data);
        return sent;
    }

    keylatch::Options options() const {
        keylatch::Options options;
        std::string key(32, '\x07');
        options.path(folder + "/vault.db").take_key(key.data(), key.size());
        CHECK(key == std::string(32, '\0'));
        options.timeout(std::chrono::seconds(10)).hold_for(std::chrono::seconds(1)).max_response_bytes(1 << 20);
        return options;
    }
};

keylatch::Params params(std::string key) {
    keylatch::Params params;
    params.take("api_key", key);
    CHECK(key.empty());
    return params;
}

void secrets_and_params() {
    std::string text = "sk_test_a", same = "sk_test_a", longer = "sk_test_ab";
    keylatch::Secret one(text), two(same), three(longer);
    CHECK(text.empty() && one.size() == 9 && one == two && one != three);
    keylatch::Secret moved = std::move(one);
    CHECK(moved == two && one.get() == nullptr);
    CHECK(THROWN((void)(one == two)).code() == "invalid_argument");

    keylatch::Params params;
    CHECK(params.empty());
    params.secret("a", moved).text("b", "x").integer("c", -1).number("d", 0.5).boolean("e", true).other("f", "a list");
    CHECK(!params.empty() && moved == two);
    keylatch::Params taken = std::move(params);
    CHECK(!taken.empty());
    CHECK(THROWN(params.text("a", "b")).status() == KEYLATCH_INVALID_ARGUMENT);
    CHECK(THROWN(taken.text("\xff", "b")).fields() == std::vector<std::string>{"name"});
}

void apps_and_integrations(const keylatch::Client &client, const Place &place) {
    keylatch::App app = client.register_app(definition);
    CHECK(app.slug == "acme" && app.custom && app.schemes.size() == 1 && app.docs_url == "https://acme.example");
    const keylatch::Scheme &scheme = app.schemes.at(0);
    CHECK(scheme.auth_scheme == "API_KEY" && scheme.checkable && scheme.fields.size() == 3);
    CHECK(scheme.base_url == "https://api.acme.example" && !scheme.json.empty());
    CHECK(scheme.fields[0].is_secret && scheme.fields[0].required && scheme.fields[0].example == "k-…");
    CHECK(scheme.fields[1].type == "integer" && scheme.fields[1].default_value == "8443");
    CHECK((scheme.fields[2].choices == std::vector<std::string>{"eu", "us"}) && !scheme.fields[2].required);
    CHECK(scheme.fields[2].pattern == "^[a-z]+$" && scheme.fields[2].help_url == "https://acme.example/r");
    const keylatch::Action &say = app.actions.at(0);
    CHECK(app.actions.size() == 2 && say.name == "ACME_SAY" && say.description == "Says it." && !say.json.empty());
    CHECK(say.params.at(0).name == "text" && say.params[0].type == "string" && say.params[0].required);
    CHECK(say.params.at(1).description == "How often." && say.params[1].type == "integer" && !say.params[1].required);
    CHECK(client.app("ACME").json == app.json && client.apps().size() > 30);
    CHECK(client.search_apps({"strpe", "Finance", 1}).at(0).slug == "stripe" && client.search_apps({}).size() == 50);
    std::string found = "ghp_0123456789abcdef";
    const auto origins = client.identify(keylatch::Secret(found));
    CHECK(origins.size() == 1 && origins[0].app == "github" && origins[0].app_name == "GitHub" && origins[0].certain);
    keylatch::Error unknown = THROWN(client.app("strippe"));
    CHECK(unknown.code() == "unknown_app" && unknown.status() == KEYLATCH_UNKNOWN_APP && !unknown.near().empty());
    CHECK(std::string(unknown.what()) == unknown.code() + ": " + unknown.message());
    CHECK(THROWN(client.register_app("{}")).problems().size() > 1);

    keylatch::NewIntegration what;
    what.app = "acme";
    what.name = "Test";
    what.auth_scheme = "API_KEY";
    what.base_url = place.provider;
    what.allow = {"private", "loopback"};
    keylatch::Params fixed;
    fixed.text("region", "eu");
    keylatch::Integration made = client.create_integration(what, std::move(fixed));
    CHECK(made.app == "acme" && made.name == "Test" && made.base_url == place.provider);
    CHECK((made.allow == std::vector<std::string>{"loopback", "private"}));
    CHECK(made.fixed_fields == std::vector<std::string>{"region"} && made.auth_scheme == "API_KEY");
    CHECK(client.integration(made.id).json == made.json && !made.created_at.empty());
    CHECK(client.integrations("acme").size() == 1 && client.integrations().size() == 1);
    what.base_url.reset();
    keylatch::Integration other = client.create_integration(what);
    CHECK(!other.base_url && client.integrations().size() == 2);
    client.delete_integration(other.id);
    CHECK(THROWN(client.integration(other.id)).code() == "not_found");
}

void the_four_steps(const keylatch::Client &client) {
    keylatch::ExpectedParamsQuery which;
    which.app = "acme";
    keylatch::ExpectedParams expected = client.get_expected_params_for_user(which);
    CHECK(expected.app == "acme" && expected.auth_scheme == "API_KEY" && expected.expected_params.size() == 2);
    CHECK(expected.developer_params.empty());
    CHECK(expected.json_schema.find("2020-12") != std::string::npos && !expected.json.empty());

    keylatch::InitiateConnection how;
    how.entity_id = "user-1";
    how.integration_id = expected.integration_id;
    how.alias = "main";
    how.labels = {"prod", "eu"};
    how.metadata = R"({"plan":"pro"})";
    how.callback_url = "nowhere";
    keylatch::Error nowhere = THROWN(client.initiate_connection(how, params("good-key")));
    CHECK(nowhere.fields() == std::vector<std::string>{"callback_url"});
    how.callback_url = "https://mine.example/done";
    keylatch::Error missing = THROWN(client.initiate_connection(how, keylatch::Params()));
    CHECK(missing.code() == "missing_fields" && missing.fields() == std::vector<std::string>{"api_key"});
    CHECK(missing.problems().at(0).code == "missing_fields" && missing.problems()[0].field == "api_key");
    keylatch::Error rejected = THROWN(client.initiate_connection(how, params("bad-key")));
    CHECK(rejected.code() == "credentials_rejected" && rejected.verdict() == "rejected" && !rejected.retry_after());
    CHECK(rejected.json().find("bad-key") == std::string::npos);

    keylatch::ConnectionRequest made = client.initiate_connection(how, params(" good-key\n"));
    CHECK(made.connection_status == "ACTIVE" && made.verdict == "accepted" && !made.redirect_url && !made.replaced);
    CHECK(made.account == "acct_1" && made.evidence.at(0).request == "GET /me" && made.evidence[0].status == 200U);
    CHECK(made.warnings.at(0).field == "api_key" && !made.warnings[0].message.empty());
    CHECK(THROWN(client.initiate_connection(how, params("good-key"))).connected_account_id() == made.connected_account_id);

    keylatch::Connection connection = client.connected_account(made.connected_account_id);
    CHECK(connection.status == "ACTIVE" && connection.entity_id == "user-1" && connection.alias == "main");
    CHECK((connection.labels == std::vector<std::string>{"prod", "eu"}) && connection.verified_at);
    CHECK(connection.metadata == R"({"plan":"pro"})" && connection.integration_id == expected.integration_id);
    CHECK(client.get_connection("user-1", "acme").json == connection.json);

    keylatch::Request request;
    request.entity_id = "user-1";
    request.app = "acme";
    request.method = "POST";
    request.path = "/echo";
    request.query = {{"a", "1"}, {"a", "2"}};
    request.headers = {{"X-Mine", "yes"}};
    request.timeout = std::chrono::seconds(5);
    request.body = "hello";
    keylatch::Response response = client.request(request);
    CHECK(response.status == 200 && response.body.find("hello") != std::string::npos && response.header("x-kind") == "echo");
    CHECK(response.body.find("good-key") == std::string::npos && !response.header("x-none"));
    request.path = "https://elsewhere.example/";
    CHECK(THROWN(client.request(request)).code() == "forbidden_host");
}

void actions(const keylatch::Client &client) {
    keylatch::ExecuteAction what;
    what.action = "acme_say";
    what.params = R"({"text": "hello", "times": 2})";
    what.entity_id = "user-1";
    what.timeout = std::chrono::seconds(5);
    keylatch::ActionResult said = client.execute_action(what);
    CHECK(said.data.find("hello") != std::string::npos && said.data.find("good-key") == std::string::npos);
    CHECK(!said.log_id && said.json.find("successful") != std::string::npos);
    what.params = "{";
    CHECK(THROWN(client.execute_action(what)).fields() == std::vector<std::string>{"json"});
    what.params = R"({"times": "two"})";
    CHECK(THROWN(client.execute_action(what)).code() == "missing_fields");
    what.action = "ACME_SHOUT";
    CHECK(THROWN(client.execute_action(what)).status() == KEYLATCH_INVALID_ARGUMENT);

    keylatch::ExecuteAction broken;
    broken.action = "ACME_BREAK";
    keylatch::Error failed = THROWN(client.entity("user-1").execute_action(broken));
    CHECK(failed.status() == KEYLATCH_ACTION_FAILED && failed.code() == "action_failed" && !failed.upstream());
    CHECK(failed.message().find("no tea") != std::string::npos && failed.connected_account_id());
}

void accounts(const keylatch::Client &client) {
    keylatch::Entity user = client.entity("user-1");
    keylatch::InitiateConnection how;
    how.app_name = "acme";
    how.allow_multiple = true;
    how.verify = keylatch::Verify::required;
    std::string second = user.initiate_connection(how, params("good-key")).connected_account_id;
    keylatch::Error two = THROWN(user.get_connection("acme"));
    CHECK(two.code() == "ambiguous" && two.candidates().size() == 2 && user.id() == "user-1");

    keylatch::ConnectionFilter filter;
    filter.app = "acme";
    filter.limit = 1;
    keylatch::Page page = user.connected_accounts(filter);
    CHECK(page.items.size() == 1 && page.items[0].id == second && page.next_cursor);
    filter.cursor = page.next_cursor;
    page = user.connected_accounts(filter);
    CHECK(page.items.size() == 1 && page.items[0].alias == "main" && !page.next_cursor && !page.json.empty());
    filter = {};
    filter.labels = {"prod"};
    filter.statuses = {"ACTIVE", "EXPIRED"};
    CHECK(client.connected_accounts(filter).items.size() == 1 && client.connected_accounts().items.size() == 2);

    CHECK(client.wait_until_active(second).id == second);
    CHECK(client.set_alias(second, "spare").alias == "spare");
    CHECK(THROWN(client.set_alias(second, "main")).code() == "already_exists");
    CHECK(!client.set_alias(second, std::nullopt).alias);
    CHECK(client.disable_connection(second).status == "INACTIVE");
    CHECK(THROWN(client.wait_until_active(second, std::chrono::hours(1))).code() == "invalid_argument");
    CHECK(user.get_connection("acme").alias == "main");
    CHECK(client.enable_connection(second).status == "ACTIVE");
    keylatch::Verification verification = client.verify_connection(second);
    CHECK(verification.verdict == "accepted" && verification.status == "ACTIVE" && verification.account == "acct_1");
    CHECK(verification.connected_account_id == second && verification.evidence.size() == 1 && verification.verified_at);
    keylatch::VerifyDue due;
    due.pause = std::chrono::milliseconds(0);
    due.limit = 1;
    due.app = "acme";
    keylatch::Rechecks round = client.verify_due(due);
    CHECK(round.items.size() == 1 && !round.next_cursor && round.remaining == std::uint64_t{0});
    CHECK(round.items[0].verdict == "accepted" && round.items[0].previous_status == round.items[0].status);
    due.older_than = std::chrono::hours(1);
    due.limit = 100;
    CHECK(client.verify_due(due).items.empty());
    keylatch::UpdateCredentials which;
    which.connected_account_id = second;
    CHECK(THROWN(client.update_credentials(which, params("bad-key"))).code() == "credentials_rejected");
    which.verify = keylatch::Verify::off;
    CHECK(client.update_credentials(which, params("other-key")).replaced);
    CHECK(THROWN(client.delete_connection(second, true)).code() == "invalid_argument");
    client.delete_connection(second);
    CHECK(THROWN(client.connected_account(second)).code() == "not_found");
    keylatch::Request request;
    request.app = "acme";
    request.method = "GET";
    request.path = "/echo";
    CHECK(user.request(request).status == 200);
}

void care(const keylatch::Client &client, const Place &place) {
    keylatch::Diagnosis found = client.diagnose();
    CHECK(found.path == place.folder + "/vault.db" && found.exists && found.size > std::uint64_t{0});
    CHECK(found.mode == "600" && found.folder_mode && found.format == 4 && found.intact == true);
    CHECK(found.key_source == "bytes" && !found.key_file && found.key_fits == true && found.memory_locked);
    CHECK(found.connections > std::uint64_t{0} && found.integrations > std::uint64_t{0});
    CHECK(found.damaged_connections.empty() && found.damaged_integrations.empty() && found.warnings.empty());
    std::string backup = place.folder + "/backup.db";
    client.backup(backup);
    CHECK(THROWN(client.backup(backup)).code() == "already_exists");
    keylatch::Options options = place.options();
    std::string key(32, '\x08');
    options.path(backup);
    found = keylatch::diagnose(options);
    CHECK(found.path == backup && found.connections == client.diagnose().connections && found.warnings.empty());
    options.take_key(key.data(), key.size());
    found = keylatch::diagnose(options);
    CHECK(found.key_fits == false && !found.connections && found.warnings.size() == 1 && !found.json.empty());
    for (const char *ending : {"", "-wal", "-shm"}) std::remove((backup + ending).c_str());
}

void log(const Place &place) {
    keylatch::Options options = place.options();
    const keylatch::Client client(options.audit("required").tenant("audited"));
    keylatch::Entity user = client.entity("user-1");
    keylatch::InitiateConnection how;
    how.app_name = "stripe";
    how.verify = keylatch::Verify::off;
    std::string id = user.initiate_connection(how, params("sk_test_audited")).connected_account_id;
    client.delete_connection(id);
    keylatch::AuditLog log = client.audit_log();
    CHECK(log.items.size() == 3 && log.items[2].seq == 3 && log.items[2].action == "connected_accounts.delete");
    CHECK(log.items[2].outcome == "done" && log.items[2].entity_hash.size() == 32 && log.items[2].app == "stripe");
    CHECK(log.items[0].entity_hash.empty() && log.items[0].record_hash.size() == 32 && !log.items[0].process.empty());
    CHECK(client.audit_log({std::uint64_t{1}, std::uint32_t{1}, std::nullopt, id}).items.size() == 1);
    keylatch::AuditCheck whole = client.check_audit(log.head);
    CHECK(whole.entries == 3 && whole.faults.empty() && whole.head == log.head && !whole.json.empty());
    CHECK(THROWN(client.check_audit("no head")).code() == "invalid_argument");
    CHECK(THROWN(options.audit("sometimes")).code() == "invalid_argument");
}

void keys(const keylatch::Client &client, const Place &place) {
    keylatch::Rotation batch = client.rotate_data_key({1, std::nullopt});
    std::string key_id = batch.key_id;
    CHECK(batch.resealed == 1 && batch.remaining > 0 && batch.next_cursor && !batch.json.empty());
    keylatch::Diagnosis found = client.diagnose();
    CHECK(found.data_keys == std::uint64_t{2} && found.older_records == batch.remaining && found.warnings.size() == 1);
    while (batch.next_cursor) batch = client.rotate_data_key({std::nullopt, batch.next_cursor});
    CHECK(batch.key_id == key_id && batch.remaining == 0 && batch.kept_keys.empty());
    CHECK(batch.damaged_connections.empty() && batch.damaged_integrations.empty());
    CHECK(client.diagnose().data_keys == std::uint64_t{1} && client.diagnose().older_records == std::uint64_t{0});
    CHECK(THROWN(client.rotate_data_key({0, std::nullopt})).code() == "invalid_argument");

    keylatch::Options next = place.options();
    std::string words = "correct horse";
    next.take_passphrase(words);
    client.change_key(next);
    CHECK(THROWN(keylatch::Client(place.options())).code() == "wrong_key");
    CHECK(keylatch::diagnose(next).key_fits == true);
    client.change_key(place.options());
    CHECK(keylatch::diagnose(place.options()).key_fits == true);
}

void moving(const keylatch::Client &client, const Place &place) {
    std::string file = place.folder + "/moved.export", passphrase = "for the move", words = passphrase;
    keylatch::Exported exported = client.export_vault(keylatch::ExportVault(file).take_passphrase(words));
    CHECK(exported.connections > 0 && exported.integrations > 0 && words.empty() && !exported.json.empty());
    CHECK(exported.damaged_connections.empty() && exported.damaged_integrations.empty());
    CHECK(THROWN(client.export_vault(keylatch::ExportVault(file).recipient("age1"))).code() == "already_exists");
    CHECK(THROWN(client.export_vault(keylatch::ExportVault(file))).code() == "invalid_argument");
    keylatch::Client other(place.options().path(place.folder + "/other.db"));
    words = "another";
    keylatch::ImportVault wrong = std::move(keylatch::ImportVault(file).take_passphrase(words));
    CHECK(THROWN(other.import_vault(wrong)).code() == "wrong_key");
    words = "not one of age's";
    wrong.take_identity(words);
    CHECK(THROWN(other.import_vault(wrong)).code() == "wrong_key");
    keylatch::ImportVault right(file);
    keylatch::Imported planned = other.import_vault(right.take_passphrase(passphrase).dry_run(true));
    keylatch::Imported imported = other.import_vault(right.dry_run(false));
    CHECK(planned.json == imported.json && imported.already_there == 0);
    CHECK(imported.connections == exported.connections && imported.integrations == exported.integrations);
    imported = other.import_vault(right);
    CHECK(imported.already_there == exported.connections + exported.integrations && imported.connections == 0);
    CHECK(imported.conflicting_connections.empty() && imported.conflicting_integrations.empty());
    other.close();
    for (const char *name : {"/moved.export", "/other.db"}) std::remove((place.folder + name).c_str());
}

void pages_and_expiry(const Place &place) {
    std::vector<keylatch::Expired> told;
    keylatch::Options options = place.options();
    options.on_expired([&](const keylatch::Expired &each) { told.push_back(each); });
    keylatch::Client client(options);
    client.register_app(definition);
    keylatch::Entity user = client.entity("user-1");
    keylatch::Request request;
    request.app = "acme";
    request.method = "GET";
    request.path = "/list";
    request.retry = 1;
    keylatch::Paging paging;
    paging.by = keylatch::Paging::By::page;
    keylatch::Pages pages = user.request_pages(request, paging);
    CHECK(place.play(R"({"GET /list": [{"json": [1]}, {"json": []}], "* *": [{"status": 401}]})"));
    CHECK(pages.next()->body == "[1]" && pages.next()->tries == 1 && !pages.next());
    paging.max_pages = 0;
    CHECK(THROWN(user.request_pages(request, paging).next()).code() == "invalid_argument");
    CHECK(told.empty());
    request.path = "/expired";
    CHECK(user.request(request).status == 401);
    CHECK(told.size() == 1 && told[0].entity_id == "user-1" && told[0].app == "acme");
    CHECK(told[0].previous_status == "ACTIVE");
    request.connected_account_id = told[0].connected_account_id;
    CHECK(THROWN(user.request(request)).code() == "credentials_rejected" && told.size() == 1);
}

void told_by_the_library(const Place &place) {
    std::vector<keylatch::LogRecord> told;
    keylatch::Client client(place.options());
    keylatch::set_log(
        [&](const keylatch::LogRecord &each) {
            client.apps();  // of which nothing is told
            told.push_back(each);
        },
        "debug");
    CHECK(THROWN(client.connected_account("none")).code() == "not_found");
    CHECK(told.size() == 1 && told[0].level == "debug" && told[0].operation == "connected_accounts.get");
    CHECK(told[0].message == "finished" && told[0].target == "keylatch");
    CHECK(told[0].fields_json.find(R"("error.type":"not_found")") != std::string::npos);
    CHECK(THROWN(keylatch::set_log(nullptr, "loud")).fields() == std::vector<std::string>{"level"});
    keylatch::set_log(nullptr);
    client.apps();
    CHECK(told.size() == 1);
}

void streams(const Place &place) {
    keylatch::Client client(place.options());
    client.register_app(definition);
    keylatch::Entity user = client.entity("user-2");
    keylatch::InitiateConnection connect;
    connect.app_name = "acme";
    connect.verify = keylatch::Verify::off;
    user.initiate_connection(connect, params("good-key"));
    keylatch::Request request;
    request.app = "acme";
    request.method = "PUT";
    request.path = "/file";
    CHECK(place.play(R"({"PUT /file": [{"text": "0123456789", "headers": {"X-A": "b"}}]})"));
    keylatch::Streaming how;
    std::size_t given = 0;
    how.upload = [&given](char *buffer, std::size_t capacity) {
        const std::size_t length = given < 100000 ? std::min<std::size_t>(capacity, 100000 - given) : 0;
        std::fill_n(buffer, length, 'x');
        given += length;
        return length;
    };
    how.content_length = 100000;
    keylatch::ResponseStream answer = user.request_stream(request, how);
    keylatch::ResponseStream moved = std::move(answer);
    CHECK(moved.status() == 200 && moved.tries() == 1 && moved.header("x-a") == "b" && given == 100000);
    char piece[4];
    std::string whole;
    while (const std::size_t length = moved.read(piece, sizeof piece)) whole.append(piece, length);
    CHECK(whole == "0123456789" && moved.read(piece, sizeof piece) == 0);
    how = {};
    how.max_response_bytes = 9;
    CHECK(THROWN([&] {
              auto large = user.request_stream(request, how);
              while (large.read(piece, sizeof piece) > 0) {}
              return 0;
          }()).code() == "provider_unreachable");
    // What the host's own function throws comes out as it is.
    how = {};
    how.upload = [](char *, std::size_t) -> std::size_t { throw std::runtime_error("my own"); };
    std::string thrown;
    try {
        user.request_stream(request, how);
    } catch (const std::runtime_error &mine) {
        thrown = mine.what();
    }
    CHECK(thrown == "my own");
}

void moves_and_closing(const Place &place) {
    keylatch::Client client(place.options());
    keylatch::Client moved(std::move(client));
    CHECK(THROWN(client.apps()).code() == "invalid_argument");
    client = std::move(moved);
    CHECK(client.apps().size() > 30);
    keylatch::Entity user = client.entity("user-1");
    keylatch::Page page = user.connected_accounts();
    { keylatch::Client gone = std::move(client); }
    CHECK(user.connected_accounts().json == page.json);  // the entity kept it open

    keylatch::Client closing(place.options());
    closing.close();
    closing.close();
    CHECK(THROWN(closing.apps()).code() == "closed");
    CHECK(page.items.at(0).alias == "main");

    keylatch::Options wrong = place.options();
    std::string key(32, '\x08'), passphrase = "correct horse";
    wrong.take_key(key.data(), key.size());
    CHECK(THROWN(keylatch::Client{wrong}).code() == "wrong_key");
    wrong.take_passphrase(passphrase).proxy("http://127.0.0.1:1").strict_secrets(true);
    CHECK(passphrase.empty() && THROWN(keylatch::Client{wrong}).code() == "wrong_key");
    CHECK(THROWN(wrong.transit_mount("team")).fields() == std::vector<std::string>{"options"});
    std::string token = "s.token";
    wrong.transit("https://127.0.0.1:1", "app").transit_mount("team").transit_namespace("a").take_transit_token(token);
    CHECK(token.empty() && THROWN(keylatch::Client{wrong}).code() == "wrong_key");
    wrong.transit_token_file(place.folder + "/none").transit_token_environment("KEYLATCH_TEST_NOT_SET");
    wrong.key_environment("KEYLATCH_TEST_NOT_SET");
    CHECK(THROWN(keylatch::Client{wrong}).code() == "vault_locked");
    wrong.key_file(place.folder + "/none.key");
    CHECK(THROWN(keylatch::Client{wrong}).code() == "vault_locked");
    wrong.extra_ca_pem("no certificate");
    CHECK(THROWN(keylatch::Client{wrong}).code() == "invalid_argument");
}

}  // namespace

int main() {
    std::cout << std::unitbuf;  // what was said stays said, whatever happens next
    CHECK(keylatch::version() == KEYLATCH_VERSION && keylatch::version_number() == KEYLATCH_VERSION_NUMBER);
    Place place;
    try {
        secrets_and_params();
        keylatch::Client client(place.options());
        apps_and_integrations(client, place);
        the_four_steps(client);
        actions(client);
        accounts(client);
        care(client, place);
        log(place);
        keys(client, place);
        moving(client, place);
        moves_and_closing(place);
        pages_and_expiry(place);
        told_by_the_library(place);
        streams(place);
    } catch (const std::exception &error) {
        check(false, error.what(), 0);
    }
    return report("hpp");
}
