// The four steps and the use, in C++: discover, collect, initiate, active; then a request with the user's key.
//
// Needs a Stripe to talk to: KEYLATCH_TEST_STRIPE is the address of a test server (`make quickstart` starts one).
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <keylatch.hpp>

// The text of a member of the answer's JSON; good enough for an example, your program has a JSON reader.
static std::string member(const keylatch::Response &response, const std::string &name) {
    const std::string wanted = "\"" + name + "\": \"";
    const auto start = response.body.find(wanted);
    if (start == std::string::npos) throw std::runtime_error("the answer has no " + name);
    const auto from = start + wanted.size();
    return response.body.substr(from, response.body.find('"', from) - from);
}

static void four_steps(const std::string &folder, const std::string &stripe) {
    keylatch::Client client(keylatch::Options().path(folder + "/vault.db"));

    // The developer's part, once: which app, and where it is.
    keylatch::NewIntegration what;
    what.app = "stripe";
    what.base_url = stripe;
    const keylatch::Integration integration = client.create_integration(what);

    // 1 discover: what must the user give?
    keylatch::ExpectedParamsQuery which;
    which.integration_id = integration.id;
    for (const keylatch::Field &field : client.get_expected_params_for_user(which).expected_params) {
        std::cout << "1 discover   " << field.name << ": " << field.display_name << "\n";
    }

    // 2 collect: into a buffer that can be wiped. (Yours comes from a form; this one from the environment.)
    const char *example = std::getenv("KEYLATCH_EXAMPLE_KEY");
    const std::string given = example != nullptr ? example : "sk_test_quickstart";
    std::vector<char> typed(given.begin(), given.end());
    std::cout << "2 collect    " << typed.size() << " characters\n";
    keylatch::Params params;
    params.take("api_key", typed.data(), typed.size());
    const bool wiped = std::all_of(typed.begin(), typed.end(), [](char c) { return c == '\0'; });

    // 3 initiate: Stripe is asked, then the key is sealed in the vault.
    const keylatch::Entity user = client.entity("user-1");
    keylatch::InitiateConnection how;
    how.integration_id = integration.id;
    const keylatch::ConnectionRequest made = user.initiate_connection(how, std::move(params));
    std::cout << "3 initiate   " << made.verdict << " by Stripe, buffer wiped: " << (wiped ? "yes" : "no") << "\n";

    // 4 active: at once, nothing to redirect to.
    const keylatch::Connection account = client.connected_account(made.connected_account_id);
    std::cout << "4 active     " << account.status << ", redirect URL " << made.redirect_url.value_or("none") << "\n";

    // Use it by user and app. The key goes in on the way out; this program never sees it again.
    keylatch::Request create;
    create.app = "stripe";
    create.method = "POST";
    create.path = "/v1/customers";
    create.headers = {{"content-type", "application/x-www-form-urlencoded"}};
    create.body = "name=Ada";
    keylatch::Request read;
    read.app = "stripe";
    read.method = "GET";
    read.path = "/v1/customers/" + member(user.request(create), "id");
    std::cout << "use          customer " << member(user.request(read), "name") << " created and read back\n";
}

int main() {
    const char *stripe = std::getenv("KEYLATCH_TEST_STRIPE");
    if (stripe == nullptr) {
        std::cerr << "set KEYLATCH_TEST_STRIPE to the address of a test Stripe\n";
        return 2;
    }
    const auto name = "keylatch-quickstart-" + std::to_string(std::random_device()());
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / name;
    std::filesystem::create_directory(folder);
    int code = 0;
    try {
        four_steps(folder.string(), stripe);
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        code = 1;
    }
    std::filesystem::remove_all(folder);
    return code;
}
