// What the C++ tests share: checks that are counted, and what a call throws.
#ifndef KEYLATCH_TESTS_CHECKS_HPP
#define KEYLATCH_TESTS_CHECKS_HPP

#include <iostream>

#include "keylatch.hpp"

extern "C" {
#include "http.h"
}

inline int passed = 0, failures = 0;

inline void check(bool good, const char *what, int line) {
    if (good) {
        passed++;
    } else {
        failures++;
        std::cout << "FAILED line " << line << ": " << what << "\n";
    }
}
#define CHECK(condition) check((condition), #condition, __LINE__)

template <typename Work>
keylatch::Error thrown(Work work, int line) {
    try {
        work();
    } catch (const keylatch::Error &error) {
        return error;
    }
    check(false, "nothing was thrown", line);
    return keylatch::Error(KEYLATCH_OK, nullptr);
}
#define THROWN(...) thrown([&] { __VA_ARGS__; }, __LINE__)

/// The last line, and the program's exit code.
inline int report(const char *name) {
    std::cout << name << ": " << passed << " passed, " << failures << " failed\n";
    return failures == 0 ? 0 : 1;
}

#endif
