// The C++ side of `tests/interop/run.py`: makes a connection, or uses one that another language made.
#include <iostream>
#include <string>

#include <keylatch.hpp>

int main(int count, char **arguments) {
    const std::string verb = arguments[1];
    keylatch::Client client(keylatch::Options().path(arguments[2]));
    if (verb == "make") {
        keylatch::NewIntegration what;
        what.app = "stripe";
        what.base_url = arguments[3];
        keylatch::InitiateConnection how;
        how.integration_id = client.create_integration(what).id;
        std::string key = "sk_test_interop_cpp";
        keylatch::Params params;
        params.take("api_key", key.data(), key.size());
        std::cout << client.entity("interop-cpp").initiate_connection(how, std::move(params)).connected_account_id << "\n";
        return 0;
    }
    const std::size_t listed = client.connected_accounts({}).items.size();
    for (int i = 3; i < count; i++) {
        if (client.verify_connection(arguments[i]).verdict != "accepted") return 2;
        keylatch::Request ask;
        ask.connected_account_id = arguments[i];
        ask.method = "GET";
        ask.path = "/v1/balance";
        if (client.request(ask).status != 200) return 3;
    }
    std::cout << listed << "\n";
    return 0;
}
