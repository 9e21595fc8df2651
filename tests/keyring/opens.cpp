// The C++ side of `tests/keyring/run.py`: opens a vault by the keyring.
#include <chrono>
#include <iostream>
#include <string>

#include <keylatch.hpp>

int main(int, char **arguments) {
    const std::chrono::milliseconds timeout(std::stoll(arguments[3]));
    try {
        keylatch::Client client(keylatch::Options().path(arguments[1]).keyring(arguments[2]).timeout(timeout));
        const auto found = client.diagnose();
        std::cout << "ok " << found.key_source << " " << *found.connections - found.damaged_connections.size() << "\n";
    } catch (const keylatch::Error &error) {
        std::cout << error.code() << ": " << error.message() << "\n";
    }
    return 0;
}
