// keylatch.hpp against localstripe: a wrong key is refused, a right one ACTIVE, a customer made and read back.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "keylatch.hpp"

extern "C" {
#include "json.h"
}

namespace {

int passed = 0, failures = 0;

void check(bool good, const char *what) {
    (good ? passed : failures)++;
    if (!good) std::cout << "FAILED " << what << "\n";
}

keylatch::ConnectionRequest connect_with(const keylatch::Entity &user, const std::string &integration_id,
                                         std::string key) {
    keylatch::InitiateConnection how;
    how.integration_id = integration_id;
    keylatch::Params params;
    params.take("api_key", key);
    check(key.empty(), "the typed key is wiped");
    return user.initiate_connection(how, std::move(params));
}

std::string member(const keylatch::Response &response, const char *name) {
    json *answer = json_parse(response.body.data(), response.body.size());
    const char *found = json_text(json_get(answer, name));
    std::string text = found == nullptr ? "" : found;
    json_free(answer);
    return text;
}

void run(const std::string &vault, const char *stripe) {
    keylatch::Client client(keylatch::Options().path(vault));
    keylatch::NewIntegration what;
    what.app = "stripe";
    what.base_url = stripe;
    const std::string integration = client.create_integration(what).id;
    const keylatch::Entity user = client.entity("user-1");
    try {
        connect_with(user, integration, "not-a-key");
        check(false, "a wrong key is refused");
    } catch (const keylatch::Error &error) {
        check(error.code() == "credentials_rejected", "a wrong key is refused");
        check(error.verdict() == "rejected", "its verdict is rejected");
        check(error.json().find("not-a-key") == std::string::npos, "the error does not show the key");
    }
    check(client.connected_accounts().items.empty(), "nothing is stored");

    const auto made = connect_with(user, integration, "sk_test_keylatch_cpp_0001");
    check(made.connection_status == "ACTIVE" && made.verdict == "accepted", "the right key is ACTIVE and accepted");
    check(client.connected_account(made.connected_account_id).status == "ACTIVE", "it is fetched");

    keylatch::Request create;
    create.app = "stripe";
    create.method = "POST";
    create.path = "/v1/customers";
    create.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    create.body = "name=Ada+Lovelace";
    keylatch::Request read;
    read.connected_account_id = made.connected_account_id;
    read.method = "GET";
    read.path = "/v1/customers/" + member(user.request(create), "id");
    const keylatch::Response customer = client.request(read);
    check(customer.status == 200 && member(customer, "name") == "Ada Lovelace", "the customer is read back");
}

}  // namespace

int main() {
    const char *stripe = std::getenv("KEYLATCH_TEST_STRIPE");
    char folder[] = "/tmp/keylatch-cpp-XXXXXX";
    if (stripe == nullptr || mkdtemp(folder) == nullptr) {
        std::cerr << "e2e_stripe: start me with tests/servers/run.py --localstripe\n";
        return 2;
    }
    try {
        run(std::string(folder) + "/vault.db", stripe);
    } catch (const std::exception &error) {
        check(false, error.what());
    }
    std::filesystem::remove_all(folder);
    std::cout << "e2e stripe c++: " << passed << " passed, " << failures << " failed\n";
    return failures == 0 ? 0 : 1;
}
