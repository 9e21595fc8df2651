// Keylatch for C++17: the C interface with handles that free themselves, std types, and exceptions. Header-only.
//
// Client, Options, Params and Secret own something and can only be moved; results are plain values that own nothing.
// Every call throws keylatch::Error where the C function would return a status. All calls on a Client may be made from
// any thread at any time. Text is UTF-8.

#ifndef KEYLATCH_HPP
#define KEYLATCH_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "keylatch.h"

namespace keylatch {

/// One problem of one field.
struct Problem {
    std::string field;
    std::string code;
    std::string message;
};

/// What Composio's API said of a call that it refused or failed; scrubbed of every credential of the call.
struct Upstream {
    std::uint32_t status = 0;  // of HTTP
    std::optional<std::int64_t> code;
    std::optional<std::string> slug, message, suggested_fix, request_id;
};

namespace detail {

template <typename H, void (*Free)(H *)>
struct Deleter {
    void operator()(H *handle) const noexcept { Free(handle); }
};

template <typename H, void (*Free)(H *)>
using Handle = std::unique_ptr<H, Deleter<H, Free>>;

template <typename H>
using TextGetter = keylatch_status (*)(const H *, const char **, std::size_t *);
template <typename H>
using TextAtGetter = keylatch_status (*)(const H *, std::size_t, const char **, std::size_t *);
template <typename H>
using CountGetter = keylatch_status (*)(const H *, std::size_t *);
template <typename A>
using TextSetter = keylatch_status (*)(A *, const char *, std::size_t, keylatch_error **);

// Getters fail only for NULL and for an index that does not exist, neither of which happens below.
template <typename H>
std::optional<std::string> maybe(const H *handle, TextGetter<H> get) {
    const char *text = nullptr;
    std::size_t length = 0;
    if (get(handle, &text, &length) != KEYLATCH_OK || text == nullptr) return std::nullopt;
    return std::string(text, length);
}

template <typename H>
std::string text(const H *handle, TextGetter<H> get) {
    return maybe(handle, get).value_or(std::string());
}

template <typename H>
std::string text(const H *handle, std::size_t index, TextAtGetter<H> get) {
    const char *text = nullptr;
    std::size_t length = 0;
    if (get(handle, index, &text, &length) != KEYLATCH_OK || text == nullptr) return std::string();
    return std::string(text, length);
}

template <typename H>
std::size_t count(const H *handle, CountGetter<H> get) {
    std::size_t count = 0;
    get(handle, &count);
    return count;
}

template <typename H>
std::vector<std::string> texts(const H *handle, CountGetter<H> get_count, TextAtGetter<H> get) {
    std::vector<std::string> all;
    for (std::size_t i = 0, end = count(handle, get_count); i < end; i++) all.push_back(text(handle, i, get));
    return all;
}

template <typename H>
std::uint64_t number(const H *handle, keylatch_status (*get)(const H *, std::uint64_t *)) {
    std::uint64_t number = 0;
    get(handle, &number);
    return number;
}

/// A number that may be unknown.
template <typename H, typename Number>
std::optional<Number> maybe(const H *handle, keylatch_status (*get)(const H *, bool *, Number *)) {
    bool known = false;
    Number number = 0;
    get(handle, &known, &number);
    return known ? std::optional<Number>(number) : std::nullopt;
}

template <typename H>
bool truth(const H *handle, keylatch_status (*get)(const H *, bool *)) {
    bool value = false;
    get(handle, &value);
    return value;
}

}  // namespace detail

/// What went wrong and what to do. Safe to show and to log: no credential is ever in it, and what others said of the call
/// stands in it scrubbed and cut short.
class Error : public std::runtime_error {
public:
    /// Reads and frees an error of the C interface; NULL stands for one without details.
    Error(keylatch_status status, keylatch_error *error) : Error(status, Owned(error)) {}

    /// The kind as a number, KEYLATCH_….
    keylatch_status status() const noexcept { return status_; }
    /// The kind as stable text, such as "credentials_rejected".
    const std::string &code() const noexcept { return details_->code; }
    /// One line: what happened and what to do. what() is the code and this.
    const std::string &message() const noexcept { return details_->message; }
    /// Wire names of the fields or arguments concerned.
    const std::vector<std::string> &fields() const noexcept { return details_->fields; }
    /// All problems of the input, where the input was at fault.
    const std::vector<Problem> &problems() const noexcept { return details_->problems; }
    /// How long to wait before trying again, where somebody said so.
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return details_->retry_after; }
    /// The connection that stands in the way (already_exists).
    const std::optional<std::string> &connected_account_id() const noexcept { return details_->connected_account_id; }
    /// Ids of the connections that fit (ambiguous).
    const std::vector<std::string> &candidates() const noexcept { return details_->candidates; }
    /// Known names near the unknown one.
    const std::vector<std::string> &near() const noexcept { return details_->near; }
    /// What the provider said, if it was asked.
    const std::optional<std::string> &verdict() const noexcept { return details_->verdict; }
    /// What Composio's API said, where it answered; never on a vault.
    const std::optional<Upstream> &upstream() const noexcept { return details_->upstream; }
    /// The whole as JSON text.
    const std::string &json() const noexcept { return details_->json; }

private:
    using Owned = detail::Handle<keylatch_error, keylatch_error_free>;

    struct Details {
        std::string code, message, json;
        std::vector<std::string> fields, candidates, near;
        std::vector<Problem> problems;
        std::optional<std::chrono::milliseconds> retry_after;
        std::optional<std::string> connected_account_id, verdict;
        std::optional<Upstream> upstream;
    };

    Error(keylatch_status status, const Owned &error) : Error(status, read(status, error.get())) {}
    Error(keylatch_status status, std::shared_ptr<const Details> details)
        : std::runtime_error(details->code + ": " + details->message), status_(status), details_(std::move(details)) {}

    static std::string code_of(keylatch_status status) {
        const char *code = nullptr;
        return keylatch_status_code(status, &code) == KEYLATCH_OK ? code : "internal";
    }

    static std::shared_ptr<const Details> read(keylatch_status status, const keylatch_error *error) {
        auto all = std::make_shared<Details>();
        all->code = code_of(status);
        if (error == nullptr) return all;
        all->message = detail::text(error, keylatch_error_message);
        all->json = detail::text(error, keylatch_error_json);
        all->fields = detail::texts(error, keylatch_error_field_count, keylatch_error_field_at);
        all->candidates = detail::texts(error, keylatch_error_candidate_count, keylatch_error_candidate_at);
        all->near = detail::texts(error, keylatch_error_near_count, keylatch_error_near_at);
        for (std::size_t i = 0, end = detail::count(error, keylatch_error_problem_count); i < end; i++) {
            keylatch_status kind = KEYLATCH_INTERNAL;
            keylatch_error_problem_status(error, i, &kind);
            all->problems.push_back({detail::text(error, i, keylatch_error_problem_field), code_of(kind),
                                     detail::text(error, i, keylatch_error_problem_message)});
        }
        if (auto milliseconds = detail::maybe(error, keylatch_error_retry_after_ms)) {
            all->retry_after = std::chrono::milliseconds(*milliseconds);
        }
        all->connected_account_id = detail::maybe(error, keylatch_error_connected_account_id);
        all->verdict = detail::maybe(error, keylatch_error_verdict);
        if (auto http_status = detail::maybe(error, keylatch_error_upstream_status)) {
            all->upstream = Upstream{*http_status,
                                     detail::maybe(error, keylatch_error_upstream_code),
                                     detail::maybe(error, keylatch_error_upstream_slug),
                                     detail::maybe(error, keylatch_error_upstream_message),
                                     detail::maybe(error, keylatch_error_upstream_suggested_fix),
                                     detail::maybe(error, keylatch_error_upstream_request_id)};
        }
        return all;
    }

    keylatch_status status_;
    // Shared, so that copying the exception, which the language may do, cannot throw.
    std::shared_ptr<const Details> details_;
};

namespace detail {

inline void check(keylatch_status status, keylatch_error *error) {
    if (status != KEYLATCH_OK) throw Error(status, error);
}

/// Makes a handle with one of the `_new` functions.
template <typename Owned>
Owned make(keylatch_status (*make_new)(typename Owned::pointer *, keylatch_error **)) {
    typename Owned::pointer handle = nullptr;
    keylatch_error *error = nullptr;
    const keylatch_status status = make_new(&handle, &error);
    check(status, error);
    return Owned(handle);
}

/// Calls `function(arguments…, &out, &error)` and owns what it gives.
template <typename Owned, typename Function, typename... Arguments>
Owned call(Function function, Arguments... arguments) {
    typename Owned::pointer handle = nullptr;
    keylatch_error *error = nullptr;
    const keylatch_status status = function(arguments..., &handle, &error);
    check(status, error);
    return Owned(handle);
}

/// Calls `function(arguments…, &error)`.
template <typename Function, typename... Arguments>
void act(Function function, Arguments... arguments) {
    keylatch_error *error = nullptr;
    const keylatch_status status = function(arguments..., &error);
    check(status, error);
}

/// What the C functions take; less than no time is none.
inline std::uint64_t in_milliseconds(std::chrono::milliseconds time) {
    return time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}

template <typename A>
void set(A *ask, TextSetter<A> setter, std::string_view value) {
    act(setter, ask, value.data(), value.size());
}

template <typename A>
void set(A *ask, TextSetter<A> setter, const std::optional<std::string> &value) {
    // An empty string_view may hold NULL, which is the same to the library as an empty text.
    if (value) set(ask, setter, std::string_view(*value));
}

}  // namespace detail

/// The version of the library that is linked, to compare with KEYLATCH_VERSION.
inline std::string_view version() noexcept { return keylatch_version(); }
/// The version as a number, to compare with KEYLATCH_VERSION_NUMBER.
inline std::uint32_t version_number() noexcept { return keylatch_version_number(); }

/// A credential: wiped when it goes, compared in constant time, never shown.
class Secret {
public:
    /// Copies the bytes and wipes the caller's buffer.
    Secret(void *buffer, std::size_t length)
        : handle_(detail::call<Owned>(keylatch_secret_take, buffer, length)) {}
    /// Copies the text, wipes the string's content and leaves it empty.
    explicit Secret(std::string &text) : Secret(text.data(), text.size()) { text.clear(); }

    /// Takes over what a C function gave.
    explicit Secret(keylatch_secret *owned) noexcept : handle_(owned) {}

    std::size_t size() const { return detail::count<keylatch_secret>(handle_.get(), keylatch_secret_length); }
    /// The content, borrowed until the secret goes. Name the reason where you call it, and let no copy outlive the need.
    std::string_view expose() const {
        const void *bytes = nullptr;
        std::size_t length = 0;
        detail::check(keylatch_secret_expose(handle_.get(), &bytes, &length), nullptr);
        return {static_cast<const char *>(bytes), length};
    }
    bool operator==(const Secret &other) const {
        bool equal = false;
        detail::check(keylatch_secret_equals(handle_.get(), other.get(), &equal), nullptr);
        return equal;
    }
    bool operator!=(const Secret &other) const { return !(*this == other); }
    const keylatch_secret *get() const noexcept { return handle_.get(); }

private:
    using Owned = detail::Handle<keylatch_secret, keylatch_secret_free>;
    Owned handle_;
};

/// Credential values by wire name. A call that takes them empties them.
class Params {
public:
    Params() : handle_(detail::make<Owned>(keylatch_params_new)) {}

    /// Copies the bytes and wipes the caller's buffer: the recommended way in.
    Params &take(std::string_view name, void *buffer, std::size_t length) {
        detail::act(keylatch_params_take, get(), name.data(), name.size(), buffer, length);
        return *this;
    }
    /// Copies the text, wipes the string's content and leaves it empty.
    Params &take(std::string_view name, std::string &text) {
        take(name, text.data(), text.size());
        text.clear();
        return *this;
    }
    /// Copies a secret, which stays the caller's.
    Params &secret(std::string_view name, const Secret &secret) {
        detail::act(keylatch_params_secret, get(), name.data(), name.size(), secret.get());
        return *this;
    }
    /// Copies text that cannot be wiped; a client with strict secrets refuses it for fields that are secret.
    Params &text(std::string_view name, std::string_view value) {
        detail::act(keylatch_params_text, get(), name.data(), name.size(), value.data(), value.size());
        return *this;
    }
    Params &integer(std::string_view name, std::int64_t value) {
        detail::act(keylatch_params_integer, get(), name.data(), name.size(), value);
        return *this;
    }
    Params &number(std::string_view name, double value) {
        detail::act(keylatch_params_number, get(), name.data(), name.size(), value);
        return *this;
    }
    Params &boolean(std::string_view name, bool value) {
        detail::act(keylatch_params_boolean, get(), name.data(), name.size(), value);
        return *this;
    }
    /// A value of a type that no field takes, for bindings of dynamic languages.
    Params &other(std::string_view name, std::string_view type_name) {
        detail::act(keylatch_params_other, get(), name.data(), name.size(), type_name.data(), type_name.size());
        return *this;
    }
    bool empty() const { return detail::truth<keylatch_params>(handle_.get(), keylatch_params_is_empty); }
    keylatch_params *get() const noexcept { return handle_.get(); }

private:
    using Owned = detail::Handle<keylatch_params, keylatch_params_free>;
    Owned handle_;
};

/// A connection that has become EXPIRED: the app no longer takes its credentials.
struct Expired {
    std::string connected_account_id, entity_id, app, previous_status;
};

/// How to open a client; as made, a vault in the platform's data folder with its key in a file beside it. The functions
/// with composio in their names make it a project on Composio's API instead.
class Options {
public:
    Options() : handle_(detail::make<Owned>(keylatch_options_new)) {}

    /// The vault's file, or the URL of a vault in PostgreSQL, which wants a key of its own.
    Options &path(std::string_view path) { return set(keylatch_options_set_path, path); }
    /// Each tenant's rows and data keys are its own.
    Options &tenant(std::string_view name) { return set(keylatch_options_set_tenant, name); }
    Options &key_file(std::string_view path) { return set(keylatch_options_set_key_file, path); }
    Options &key_environment(std::string_view name) { return set(keylatch_options_set_key_environment, name); }
    /// The application's name in the operating system's keyring.
    Options &keyring(std::string_view service) { return set(keylatch_options_set_keyring, service); }
    /// A key of the Transit engine at this address, of OpenBao or Vault, which seals the vault's key. The next five come after it,
    /// and one of those that name the token must.
    Options &transit(std::string_view address, std::string_view key) {
        detail::act(keylatch_options_set_transit, handle_.get(), address.data(), address.size(), key.data(), key.size());
        return *this;
    }
    /// Where the engine is mounted: "transit" as made.
    Options &transit_mount(std::string_view mount) { return set(keylatch_options_set_transit_mount, mount); }
    Options &transit_namespace(std::string_view name) { return set(keylatch_options_set_transit_namespace, name); }
    /// Copied; the string's content is wiped and it is left empty.
    Options &take_transit_token(std::string &token) {
        detail::act(keylatch_options_take_transit_token, handle_.get(), static_cast<void *>(token.data()), token.size());
        token.clear();
        return *this;
    }
    Options &transit_token_environment(std::string_view name) {
        return set(keylatch_options_set_transit_token_environment, name);
    }
    Options &transit_token_file(std::string_view path) { return set(keylatch_options_set_transit_token_file, path); }
    /// 32 bytes; they are copied, and the caller's buffer is wiped.
    Options &take_key(void *buffer, std::size_t length) {
        detail::act(keylatch_options_take_key, handle_.get(), buffer, length);
        return *this;
    }
    /// Copied; the string's content is wiped and it is left empty.
    Options &take_passphrase(std::string &passphrase) {
        detail::act(keylatch_options_take_passphrase, handle_.get(), static_cast<void *>(passphrase.data()),
                    passphrase.size());
        passphrase.clear();
        return *this;
    }
    /// API key and base URL from COMPOSIO_API_KEY and COMPOSIO_BASE_URL, as far as the next functions do not set them.
    Options &composio() {
        detail::act(keylatch_options_set_composio, handle_.get());
        return *this;
    }
    /// Copied; the string's content is wiped and it is left empty.
    Options &take_composio_api_key(std::string &api_key) {
        detail::act(keylatch_options_take_composio_api_key, handle_.get(), static_cast<void *>(api_key.data()),
                    api_key.size());
        api_key.clear();
        return *this;
    }
    Options &composio_base_url(std::string_view base_url) {
        return set(keylatch_options_set_composio_base_url, base_url);
    }
    /// "v3.1", which it is as made, or "v1".
    Options &composio_api_version(std::string_view api_version) {
        return set(keylatch_options_set_composio_api_version, api_version);
    }
    /// Whom to tell of connections that become EXPIRED; keylatch_options_set_on_expired says when, and on which thread. What it
    /// throws ends the program.
    Options &on_expired(std::function<void(const Expired &)> tell) {
        on_expired_ = std::make_shared<const std::function<void(const Expired &)>>(std::move(tell));
        const auto pass_on = [](void *data, const char *connected_account_id, const char *entity_id, const char *app,
                                const char *previous_status) noexcept {
            const auto &tell = *static_cast<const std::function<void(const Expired &)> *>(data);
            tell(Expired{connected_account_id, entity_id, app, previous_status});
        };
        void *data = const_cast<void *>(static_cast<const void *>(on_expired_.get()));
        detail::act(keylatch_options_set_on_expired, handle_.get(), static_cast<keylatch_on_expired>(pass_on), data);
        return *this;
    }
    Options &timeout(std::chrono::milliseconds timeout) {
        detail::act(keylatch_options_set_timeout_ms, handle_.get(), detail::in_milliseconds(timeout));
        return *this;
    }
    Options &max_response_bytes(std::size_t size) {
        detail::act(keylatch_options_set_max_response_bytes, handle_.get(), size);
        return *this;
    }
    Options &extra_ca_pem(std::string_view pem) {
        detail::act(keylatch_options_set_extra_ca_pem, handle_.get(), static_cast<const void *>(pem.data()), pem.size());
        return *this;
    }
    Options &proxy(std::string_view proxy) { return set(keylatch_options_set_proxy, proxy); }
    Options &strict_secrets(bool strict) {
        detail::act(keylatch_options_set_strict_secrets, handle_.get(), strict);
        return *this;
    }
    Options &hold_for(std::chrono::milliseconds time) {
        detail::act(keylatch_options_set_hold_for_ms, handle_.get(), detail::in_milliseconds(time));
        return *this;
    }
    /// Whether this client writes what it does into the vault's audit log: "off", which it is as made, "best_effort", or "required",
    /// which refuses a call whose entry cannot be written.
    Options &audit(std::string_view choice) { return set(keylatch_options_set_audit, choice); }
    const keylatch_options *get() const noexcept { return handle_.get(); }

private:
    friend class Client;
    using Owned = detail::Handle<keylatch_options, keylatch_options_free>;

    Options &set(detail::TextSetter<keylatch_options> setter, std::string_view value) {
        detail::set(handle_.get(), setter, value);
        return *this;
    }

    Owned handle_;
    std::shared_ptr<const std::function<void(const Expired &)>> on_expired_;
};

/// Where an export goes, and for whom: it needs a passphrase or a recipient.
class ExportVault {
public:
    explicit ExportVault(std::string_view path) : handle_(detail::make<Owned>(keylatch_export_ask_new)) {
        detail::set(handle_.get(), keylatch_export_ask_set_path, path);
    }
    /// Copied; the string's content is wiped and it is left empty.
    ExportVault &take_passphrase(std::string &passphrase) {
        detail::act(keylatch_export_ask_take_passphrase, handle_.get(), static_cast<void *>(passphrase.data()),
                    passphrase.size());
        passphrase.clear();
        return *this;
    }
    /// A public key as age writes it, `age1…`.
    ExportVault &recipient(std::string_view recipient) {
        detail::set(handle_.get(), keylatch_export_ask_set_recipient, recipient);
        return *this;
    }
    const keylatch_export_ask *get() const noexcept { return handle_.get(); }

private:
    using Owned = detail::Handle<keylatch_export_ask, keylatch_export_ask_free>;
    Owned handle_;
};

/// Which export is imported, and how: it needs the passphrase or the identity.
class ImportVault {
public:
    explicit ImportVault(std::string_view path) : handle_(detail::make<Owned>(keylatch_import_ask_new)) {
        detail::set(handle_.get(), keylatch_import_ask_set_path, path);
    }
    /// Copied; the string's content is wiped and it is left empty.
    ImportVault &take_passphrase(std::string &passphrase) {
        detail::act(keylatch_import_ask_take_passphrase, handle_.get(), static_cast<void *>(passphrase.data()),
                    passphrase.size());
        passphrase.clear();
        return *this;
    }
    /// The recipient's secret key as age writes it, `AGE-SECRET-KEY-1…`. Copied; the string's content is wiped and it is left
    /// empty.
    ImportVault &take_identity(std::string &identity) {
        detail::act(keylatch_import_ask_take_identity, handle_.get(), static_cast<void *>(identity.data()),
                    identity.size());
        identity.clear();
        return *this;
    }
    /// Only to tell what would be done.
    ImportVault &dry_run(bool dry_run) {
        detail::act(keylatch_import_ask_set_dry_run, handle_.get(), dry_run);
        return *this;
    }
    const keylatch_import_ask *get() const noexcept { return handle_.get(); }

private:
    using Owned = detail::Handle<keylatch_import_ask, keylatch_import_ask_free>;
    Owned handle_;
};

/// Whether to ask the provider about a credential.
enum class Verify : std::uint32_t {
    automatic = KEYLATCH_VERIFY_AUTO,
    required = KEYLATCH_VERIFY_REQUIRED,
    off = KEYLATCH_VERIFY_OFF,
};

/// Which fields are wanted: those of an integration, or of an app (and scheme).
struct ExpectedParamsQuery {
    std::optional<std::string> app, integration_id, auth_scheme;
};

/// A developer's configuration to be stored.
struct NewIntegration {
    std::string app;
    std::optional<std::string> auth_scheme, name, base_url;
    std::vector<std::string> allow;  // exceptions from the network rules, such as "private"
};

/// How to connect; the credentials go beside it.
struct InitiateConnection {
    std::string entity_id;
    std::optional<std::string> integration_id, app_name, auth_scheme;
    Verify verify = Verify::automatic;
    std::optional<std::string> alias;
    std::vector<std::string> labels;
    std::optional<std::string> metadata;  // JSON text
    bool allow_multiple = false, replace = false;
    std::optional<std::string> callback_url;  // only Composio's API is told
};

/// Which connections to list; all that is given must hold.
struct ConnectionFilter {
    std::optional<std::string> entity_id, app, integration_id;
    std::vector<std::string> statuses, labels;
    std::optional<std::uint32_t> limit;
    std::optional<std::string> cursor;
};

/// Which connections to check again, and how fast; all that is given must hold.
struct VerifyDue {
    std::chrono::milliseconds older_than{0};  // only those that were verified longer ago than this, or never
    std::optional<std::string> entity_id, app;
    std::optional<std::uint32_t> limit;              // how many to come by in the whole round; 1 000 by default
    std::optional<std::chrono::milliseconds> pause;  // between two checks at the same app; 200 ms by default
    std::optional<std::string> cursor;               // next_cursor of the batch before
};

/// Which apps to find; all that is set must hold.
struct AppSearch {
    std::optional<std::string> query;  // a slug, a name or a part of one, which may be misspelt
    std::optional<std::string> category;
    std::optional<std::uint32_t> limit;  // 1 to 500; 50 by default
};

/// Which connection gets new credentials; they go beside it.
struct UpdateCredentials {
    std::string connected_account_id;
    Verify verify = Verify::automatic;
};

/// An action of an app, by connection or by entity.
struct ExecuteAction {
    std::string action;
    std::optional<std::string> params;  // JSON text of an object
    std::optional<std::string> connected_account_id, entity_id;
    std::optional<std::chrono::milliseconds> timeout;
};

/// A request to the app, by connection, or by entity and app.
struct Request {
    std::optional<std::string> connected_account_id, entity_id, app;
    std::string method, path;
    std::vector<std::pair<std::string, std::string>> query, headers;
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<std::uint32_t> retry;  // see keylatch_request_ask_set_retry
    std::string body;
};

/// How an app's list goes on; keylatch_paging_new and the functions after it say more.
struct Paging {
    enum class By { link, cursor, page, offset };
    By by = By::link;
    std::optional<std::string> query;  // by default "page" or "offset"
    // JSON pointers: to the cursor, to the list, to what is true as long as there are more pages.
    std::optional<std::string> next, items, more;
    std::optional<std::uint64_t> first;      // number of the first page, by default 1; or the first offset, by default 0
    std::optional<std::uint32_t> max_pages;  // by default 1 000
};

/// That another field has one of some values.
struct FieldCondition {
    std::string field;
    std::vector<std::string> values;
};

/// One thing that the user must type.
struct Field {
    std::string name, display_name, description, type;
    bool required = false, is_secret = false;
    std::optional<std::string> default_value;
    std::vector<std::string> choices;        // empty where any value is allowed
    std::vector<std::string> choice_labels;  // as many, or none where the choices speak for themselves
    std::optional<FieldCondition> when;      // only where it holds is the field asked for, and taken
    std::vector<std::string> strip_prefixes, strip_suffixes;  // may stand around the value, and are taken off
    std::optional<std::string> pattern, hint, example, help_url;
    std::string json;
};

/// One way to connect an app.
struct Scheme {
    std::string auth_scheme, base_url;
    std::vector<Field> fields, developer_fields;
    bool checkable = false;
    std::string json;
};

/// What an action takes.
struct ActionParam {
    std::string name, description, type;
    bool required = false;
};

/// Something that execute_action does with a connection.
struct Action {
    std::string name, description;
    std::vector<ActionParam> params;
    std::string json;
};

/// Something with an API that users have keys for.
struct App {
    std::string slug, name, category;
    std::optional<std::string> docs_url;
    bool custom = false;
    std::vector<Scheme> schemes;
    std::vector<Action> actions;  // as far as they are known beforehand
    std::string json;
};

/// An app that a credential could be of, by its form.
struct KeyOrigin {
    std::string app, app_name, auth_scheme, field;
    bool certain = false;  // the form is clear, and that of no other app that is known here
};

/// The developer's configuration of one app with one scheme.
struct Integration {
    std::string id, app, auth_scheme, name;
    std::optional<std::string> base_url;
    std::vector<std::string> fixed_fields;
    std::vector<std::string> allow;  // exceptions from the network rules
    std::string created_at, json;
};

/// What a user must give to connect.
struct ExpectedParams {
    std::string app, integration_id, auth_scheme;
    std::vector<Field> expected_params;
    std::vector<Field> developer_params;  // what the developer must give to the integration, not the user
    std::string json_schema, json;
};

/// One request that was made to check a credential, and what it said.
struct Evidence {
    std::string request;
    std::optional<std::uint32_t> status;
    std::string detail;  // the server's own code where it does not speak HTTP, or why there was no answer; may be empty
    std::string verdict;
};

/// Something about the input that was put right.
struct Warning {
    std::string field, message;
};

/// The answer to initiate_connection: ACTIVE at once, since there is nothing to redirect to.
struct ConnectionRequest {
    std::string connection_status, connected_account_id;
    std::optional<std::string> redirect_url;
    std::string verdict;
    std::vector<Evidence> evidence;
    std::optional<std::string> account;
    std::vector<Warning> warnings;
    bool replaced = false;
    std::string json;
};

/// One user's connection to one app. It never carries the credential.
struct Connection {
    std::string id, app, auth_scheme, integration_id, entity_id, status, verdict;
    std::optional<std::string> verified_at, account, alias;
    std::vector<std::string> labels;
    std::string metadata;  // JSON text
    std::string created_at, updated_at, json;
};

/// Connections, newest first, and where to go on if they are not all.
struct Page {
    std::vector<Connection> items;
    std::optional<std::string> next_cursor;
    std::string json;
};

/// The answer to a renewed check of a connection.
struct Verification {
    std::string connected_account_id, status, verdict;
    std::optional<std::string> verified_at, account;
    std::vector<Evidence> evidence;
    std::string json;
};

/// One connection that a round of checks came by.
struct Recheck {
    std::string connected_account_id, entity_id, app, previous_status, status, verdict;
    std::string skipped;  // why the provider was not asked: "rate_limited" or the code of an error; empty where it was
};

/// One batch of a round of checks, where to go on, and how many the round will come by yet.
struct Rechecks {
    std::vector<Recheck> items;
    std::optional<std::string> next_cursor;
    std::optional<std::uint64_t> remaining;  // none where Composio does not tell
    std::string json;
};

/// What an action brought: that there is a result says that the app did it.
struct ActionResult {
    std::string data;  // JSON text of an object
    std::optional<std::string> log_id;
    std::string json;
};

/// What the app answered. Where it echoed the credential, `*` stands in its place.
struct Response {
    std::uint32_t status = 0;
    std::uint32_t tries = 0;  // how often the request was sent until this answer came
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, and a name may repeat
    std::string body;

    /// The first header of this name, given in lower case.
    std::optional<std::string> header(std::string_view name) const {
        for (const auto &one : headers) {
            if (one.first == name) return one.second;
        }
        return std::nullopt;
    }
};

/// The state of a vault. It holds ids and paths, never a credential or a key; what could not be found out is none.
struct Diagnosis {
    std::string path;  // from the root
    bool exists = false;
    std::optional<std::uint64_t> size;             // in bytes, without the log
    std::optional<std::string> mode, folder_mode;  // as chmod writes them, such as "600"
    std::optional<std::int64_t> format;
    std::optional<bool> intact;  // whether the file's structure is whole
    std::string key_source;      // "file", "bytes", "environment", "passphrase", "keyring" or "transit"
    std::optional<std::string> key_file;
    std::optional<bool> key_fits;
    std::optional<std::uint64_t> data_keys;      // one, or more while a rotation is under way
    std::optional<std::uint64_t> older_records;  // sealed with another data key than the newest
    std::optional<std::uint64_t> integrations, connections;
    std::vector<std::string> damaged_integrations, damaged_connections;  // ids of those that do not open
    std::optional<bool> memory_locked;
    std::vector<std::string> warnings;  // what is wrong and what to do; empty where all is well
    std::string json;
};

/// Which batch of a rotation of the data key is wanted.
struct RotateDataKey {
    std::optional<std::uint32_t> limit;  // how many records to seal anew, 1 to 5 000; 500 by default
    std::optional<std::string> cursor;   // next_cursor of the batch before
};

/// One batch of a rotation of the data key.
struct Rotation {
    std::string key_id;                                                  // of the newest data key
    std::uint64_t resealed = 0;                                          // records that this batch has sealed with it
    std::uint64_t remaining = 0;                                         // records that the rotation will come by yet
    std::vector<std::string> damaged_integrations, damaged_connections;  // ids of those that do not open
    std::vector<std::string> kept_keys;  // on the last batch: older keys, of records that do not open
    std::optional<std::string> next_cursor;
    std::string json;
};

/// What was exported.
struct Exported {
    std::uint64_t integrations = 0;                                      // in the file
    std::uint64_t connections = 0;                                       // in the file
    std::vector<std::string> damaged_integrations, damaged_connections;  // ids of those that do not open: not in the file
    std::string json;
};

/// What was imported, or would be.
struct Imported {
    std::uint64_t integrations = 0;   // new in the vault
    std::uint64_t connections = 0;    // new in the vault
    std::uint64_t already_there = 0;  // integrations and connections, with the same values
    std::vector<std::string> conflicting_integrations, conflicting_connections;  // ids of those that stay as they are
    std::string json;
};

/// Which entries of the audit log are wanted; all that is given must hold.
struct AuditQuery {
    std::optional<std::uint64_t> after;  // only those behind the entry of this number
    std::optional<std::uint32_t> limit;  // 1 to 500; 50 by default
    std::optional<std::string> entity_id, connected_account_id;
};

/// An entry of the audit log; hashes and app are empty where it is about none.
struct AuditEntry {
    std::uint64_t seq = 0;  // 1 for the log's first, one more for each
    std::string at, action, outcome, entity_hash, record_hash, app, process;
};

/// A page of the audit log, oldest entry first.
struct AuditLog {
    std::vector<AuditEntry> items;  // where there are more, they are after the last of these
    std::string head;               // the end of the whole log, to be kept elsewhere
    std::string json;
};

/// What looking at the whole audit log has found.
struct AuditCheck {
    std::uint64_t entries = 0;
    std::string head;                 // the end of the log, to be kept elsewhere
    std::vector<std::string> faults;  // empty where the log is as it was written
    std::string json;
};

namespace detail {

using FieldHandle = Handle<keylatch_field, keylatch_field_free>;
using SchemeHandle = Handle<keylatch_scheme, keylatch_scheme_free>;
using ActionHandle = Handle<keylatch_action, keylatch_action_free>;
using AppHandle = Handle<keylatch_app, keylatch_app_free>;
using AppListHandle = Handle<keylatch_app_list, keylatch_app_list_free>;
using KeyOriginListHandle = Handle<keylatch_key_origin_list, keylatch_key_origin_list_free>;
using IntegrationHandle = Handle<keylatch_integration, keylatch_integration_free>;
using IntegrationListHandle = Handle<keylatch_integration_list, keylatch_integration_list_free>;
using ExpectedHandle = Handle<keylatch_expected_params, keylatch_expected_params_free>;
using ConnectionRequestHandle = Handle<keylatch_connection_request, keylatch_connection_request_free>;
using ConnectionHandle = Handle<keylatch_connection, keylatch_connection_free>;
using PageHandle = Handle<keylatch_page, keylatch_page_free>;
using RechecksHandle = Handle<keylatch_rechecks, keylatch_rechecks_free>;
using VerificationHandle = Handle<keylatch_verification, keylatch_verification_free>;
using ActionResultHandle = Handle<keylatch_action_result, keylatch_action_result_free>;
using DiagnosisHandle = Handle<keylatch_diagnosis, keylatch_diagnosis_free>;
using RotationHandle = Handle<keylatch_rotation, keylatch_rotation_free>;
using ExportedHandle = Handle<keylatch_exported, keylatch_exported_free>;
using ImportedHandle = Handle<keylatch_imported, keylatch_imported_free>;
using AuditLogHandle = Handle<keylatch_audit_log, keylatch_audit_log_free>;
using AuditCheckHandle = Handle<keylatch_audit_check, keylatch_audit_check_free>;
using ResponseHandle = Handle<keylatch_response, keylatch_response_free>;

/// Reads each part of a whole: `part_at` gives a handle, `read` makes a value of it.
template <typename Owned, typename H, typename Read>
auto parts(const H *whole, CountGetter<H> get_count,
           keylatch_status (*part_at)(const H *, std::size_t, typename Owned::pointer *), Read read) {
    std::vector<decltype(read(static_cast<typename Owned::pointer>(nullptr)))> all;
    for (std::size_t i = 0, end = count(whole, get_count); i < end; i++) {
        typename Owned::pointer part = nullptr;
        check(part_at(whole, i, &part), nullptr);
        all.push_back(read(Owned(part).get()));
    }
    return all;
}

inline Field read_field(const keylatch_field *h) {
    Field field;
    field.name = text(h, keylatch_field_name);
    field.display_name = text(h, keylatch_field_display_name);
    field.description = text(h, keylatch_field_description);
    field.type = text(h, keylatch_field_type);
    field.required = truth(h, keylatch_field_is_required);
    field.is_secret = truth(h, keylatch_field_is_secret);
    field.default_value = maybe(h, keylatch_field_default);
    field.choices = texts(h, keylatch_field_choice_count, keylatch_field_choice_at);
    field.choice_labels = texts(h, keylatch_field_choice_label_count, keylatch_field_choice_label_at);
    if (auto other = maybe(h, keylatch_field_when_field)) {
        field.when = FieldCondition{*other, texts(h, keylatch_field_when_value_count, keylatch_field_when_value_at)};
    }
    field.strip_prefixes = texts(h, keylatch_field_strip_prefix_count, keylatch_field_strip_prefix_at);
    field.strip_suffixes = texts(h, keylatch_field_strip_suffix_count, keylatch_field_strip_suffix_at);
    field.pattern = maybe(h, keylatch_field_pattern);
    field.hint = maybe(h, keylatch_field_hint);
    field.example = maybe(h, keylatch_field_example);
    field.help_url = maybe(h, keylatch_field_help_url);
    field.json = text(h, keylatch_field_json);
    return field;
}

inline Scheme read_scheme(const keylatch_scheme *h) {
    Scheme scheme;
    scheme.auth_scheme = text(h, keylatch_scheme_auth_scheme);
    scheme.base_url = text(h, keylatch_scheme_base_url);
    scheme.fields = parts<FieldHandle>(h, keylatch_scheme_field_count, keylatch_scheme_field_at, read_field);
    scheme.developer_fields =
        parts<FieldHandle>(h, keylatch_scheme_developer_field_count, keylatch_scheme_developer_field_at, read_field);
    scheme.checkable = truth(h, keylatch_scheme_is_checkable);
    scheme.json = text(h, keylatch_scheme_json);
    return scheme;
}

inline Action read_action(const keylatch_action *h) {
    Action action;
    action.name = text(h, keylatch_action_name);
    action.description = text(h, keylatch_action_description);
    for (std::size_t i = 0, end = count(h, keylatch_action_param_count); i < end; i++) {
        bool required = false;
        keylatch_action_param_is_required(h, i, &required);
        action.params.push_back({text(h, i, keylatch_action_param_name), text(h, i, keylatch_action_param_description),
                                 text(h, i, keylatch_action_param_type), required});
    }
    action.json = text(h, keylatch_action_json);
    return action;
}

inline App read_app(const keylatch_app *h) {
    App app;
    app.slug = text(h, keylatch_app_slug);
    app.name = text(h, keylatch_app_name);
    app.category = text(h, keylatch_app_category);
    app.docs_url = maybe(h, keylatch_app_docs_url);
    app.custom = truth(h, keylatch_app_is_custom);
    app.schemes = parts<SchemeHandle>(h, keylatch_app_scheme_count, keylatch_app_scheme_at, read_scheme);
    app.actions = parts<ActionHandle>(h, keylatch_app_action_count, keylatch_app_action_at, read_action);
    app.json = text(h, keylatch_app_json);
    return app;
}

inline Integration read_integration(const keylatch_integration *h) {
    Integration integration;
    integration.id = text(h, keylatch_integration_id);
    integration.app = text(h, keylatch_integration_app);
    integration.auth_scheme = text(h, keylatch_integration_auth_scheme);
    integration.name = text(h, keylatch_integration_name);
    integration.base_url = maybe(h, keylatch_integration_base_url);
    integration.fixed_fields =
        texts(h, keylatch_integration_fixed_field_count, keylatch_integration_fixed_field_at);
    integration.allow = texts(h, keylatch_integration_allow_count, keylatch_integration_allow_at);
    integration.created_at = text(h, keylatch_integration_created_at);
    integration.json = text(h, keylatch_integration_json);
    return integration;
}

template <typename H>
std::vector<Evidence> read_evidence(const H *h, CountGetter<H> get_count, TextAtGetter<H> request,
                                    keylatch_status (*status)(const H *, std::size_t, bool *, std::uint32_t *),
                                    TextAtGetter<H> detail, TextAtGetter<H> verdict) {
    std::vector<Evidence> all;
    for (std::size_t i = 0, end = count(h, get_count); i < end; i++) {
        bool known = false;
        std::uint32_t number = 0;
        status(h, i, &known, &number);
        all.push_back({text(h, i, request), known ? std::optional(number) : std::nullopt, text(h, i, detail),
                       text(h, i, verdict)});
    }
    return all;
}

inline ConnectionRequest read_connection_request(const keylatch_connection_request *h) {
    ConnectionRequest made;
    made.connection_status = text(h, keylatch_connection_request_status);
    made.connected_account_id = text(h, keylatch_connection_request_connected_account_id);
    made.redirect_url = maybe(h, keylatch_connection_request_redirect_url);
    made.verdict = text(h, keylatch_connection_request_verdict);
    made.evidence =
        read_evidence(h, keylatch_connection_request_evidence_count, keylatch_connection_request_evidence_request,
                      keylatch_connection_request_evidence_status, keylatch_connection_request_evidence_detail,
                      keylatch_connection_request_evidence_verdict);
    made.account = maybe(h, keylatch_connection_request_account);
    for (std::size_t i = 0, end = count(h, keylatch_connection_request_warning_count); i < end; i++) {
        made.warnings.push_back({text(h, i, keylatch_connection_request_warning_field),
                                 text(h, i, keylatch_connection_request_warning_message)});
    }
    made.replaced = truth(h, keylatch_connection_request_is_replaced);
    made.json = text(h, keylatch_connection_request_json);
    return made;
}

inline Connection read_connection(const keylatch_connection *h) {
    Connection connection;
    connection.id = text(h, keylatch_connection_id);
    connection.app = text(h, keylatch_connection_app);
    connection.auth_scheme = text(h, keylatch_connection_auth_scheme);
    connection.integration_id = text(h, keylatch_connection_integration_id);
    connection.entity_id = text(h, keylatch_connection_entity_id);
    connection.status = text(h, keylatch_connection_status);
    connection.verdict = text(h, keylatch_connection_verdict);
    connection.verified_at = maybe(h, keylatch_connection_verified_at);
    connection.account = maybe(h, keylatch_connection_account);
    connection.alias = maybe(h, keylatch_connection_alias);
    connection.labels = texts(h, keylatch_connection_label_count, keylatch_connection_label_at);
    connection.metadata = text(h, keylatch_connection_metadata);
    connection.created_at = text(h, keylatch_connection_created_at);
    connection.updated_at = text(h, keylatch_connection_updated_at);
    connection.json = text(h, keylatch_connection_json);
    return connection;
}

inline Rechecks read_rechecks(const keylatch_rechecks *h) {
    Rechecks rechecks;
    for (std::size_t i = 0, end = count(h, keylatch_rechecks_count); i < end; i++) {
        rechecks.items.push_back({text(h, i, keylatch_rechecks_connected_account_id),
                                  text(h, i, keylatch_rechecks_entity_id), text(h, i, keylatch_rechecks_app),
                                  text(h, i, keylatch_rechecks_previous_status), text(h, i, keylatch_rechecks_status),
                                  text(h, i, keylatch_rechecks_verdict), text(h, i, keylatch_rechecks_skipped)});
    }
    rechecks.next_cursor = maybe(h, keylatch_rechecks_next_cursor);
    rechecks.remaining = maybe(h, keylatch_rechecks_remaining);
    rechecks.json = text(h, keylatch_rechecks_json);
    return rechecks;
}

inline Diagnosis read_diagnosis(const keylatch_diagnosis *h) {
    Diagnosis found;
    found.path = text(h, keylatch_diagnosis_path);
    found.exists = truth(h, keylatch_diagnosis_exists);
    found.size = maybe(h, keylatch_diagnosis_size);
    found.mode = maybe(h, keylatch_diagnosis_mode);
    found.folder_mode = maybe(h, keylatch_diagnosis_folder_mode);
    found.format = maybe(h, keylatch_diagnosis_format);
    found.intact = maybe(h, keylatch_diagnosis_intact);
    found.key_source = text(h, keylatch_diagnosis_key_source);
    found.key_file = maybe(h, keylatch_diagnosis_key_file);
    found.key_fits = maybe(h, keylatch_diagnosis_key_fits);
    found.data_keys = maybe(h, keylatch_diagnosis_data_keys);
    found.older_records = maybe(h, keylatch_diagnosis_older_records);
    found.integrations = maybe(h, keylatch_diagnosis_integrations);
    found.connections = maybe(h, keylatch_diagnosis_connections);
    found.damaged_integrations =
        texts(h, keylatch_diagnosis_damaged_integration_count, keylatch_diagnosis_damaged_integration_at);
    found.damaged_connections =
        texts(h, keylatch_diagnosis_damaged_connection_count, keylatch_diagnosis_damaged_connection_at);
    found.memory_locked = maybe(h, keylatch_diagnosis_memory_locked);
    found.warnings = texts(h, keylatch_diagnosis_warning_count, keylatch_diagnosis_warning_at);
    found.json = text(h, keylatch_diagnosis_json);
    return found;
}

inline Rotation read_rotation(const keylatch_rotation *h) {
    Rotation rotation;
    rotation.key_id = text(h, keylatch_rotation_key_id);
    rotation.resealed = number(h, keylatch_rotation_resealed);
    rotation.remaining = number(h, keylatch_rotation_remaining);
    rotation.damaged_integrations =
        texts(h, keylatch_rotation_damaged_integration_count, keylatch_rotation_damaged_integration_at);
    rotation.damaged_connections =
        texts(h, keylatch_rotation_damaged_connection_count, keylatch_rotation_damaged_connection_at);
    rotation.kept_keys = texts(h, keylatch_rotation_kept_key_count, keylatch_rotation_kept_key_at);
    rotation.next_cursor = maybe(h, keylatch_rotation_next_cursor);
    rotation.json = text(h, keylatch_rotation_json);
    return rotation;
}

inline AuditLog read_audit_log(const keylatch_audit_log *h) {
    AuditLog log;
    for (std::size_t i = 0, end = count(h, keylatch_audit_log_count); i < end; i++) {
        AuditEntry entry;
        if (keylatch_audit_log_seq(h, i, &entry.seq) != KEYLATCH_OK) break;
        entry.at = text(h, i, keylatch_audit_log_at);
        entry.action = text(h, i, keylatch_audit_log_action);
        entry.outcome = text(h, i, keylatch_audit_log_outcome);
        entry.entity_hash = text(h, i, keylatch_audit_log_entity_hash);
        entry.record_hash = text(h, i, keylatch_audit_log_record_hash);
        entry.app = text(h, i, keylatch_audit_log_app);
        entry.process = text(h, i, keylatch_audit_log_process);
        log.items.push_back(std::move(entry));
    }
    log.head = text(h, keylatch_audit_log_head);
    log.json = text(h, keylatch_audit_log_json);
    return log;
}

inline AuditCheck read_audit_check(const keylatch_audit_check *h) {
    AuditCheck check;
    check.entries = number(h, keylatch_audit_check_entries);
    check.head = text(h, keylatch_audit_check_head);
    check.faults = texts(h, keylatch_audit_check_fault_count, keylatch_audit_check_fault_at);
    check.json = text(h, keylatch_audit_check_json);
    return check;
}

inline Exported read_exported(const keylatch_exported *h) {
    Exported exported;
    exported.integrations = number(h, keylatch_exported_integrations);
    exported.connections = number(h, keylatch_exported_connections);
    exported.damaged_integrations =
        texts(h, keylatch_exported_damaged_integration_count, keylatch_exported_damaged_integration_at);
    exported.damaged_connections =
        texts(h, keylatch_exported_damaged_connection_count, keylatch_exported_damaged_connection_at);
    exported.json = text(h, keylatch_exported_json);
    return exported;
}

inline Imported read_imported(const keylatch_imported *h) {
    Imported imported;
    imported.integrations = number(h, keylatch_imported_integrations);
    imported.connections = number(h, keylatch_imported_connections);
    imported.already_there = number(h, keylatch_imported_already_there);
    imported.conflicting_integrations =
        texts(h, keylatch_imported_conflicting_integration_count, keylatch_imported_conflicting_integration_at);
    imported.conflicting_connections =
        texts(h, keylatch_imported_conflicting_connection_count, keylatch_imported_conflicting_connection_at);
    imported.json = text(h, keylatch_imported_json);
    return imported;
}

inline Verification read_verification(const keylatch_verification *h) {
    Verification verification;
    verification.connected_account_id = text(h, keylatch_verification_connected_account_id);
    verification.status = text(h, keylatch_verification_status);
    verification.verdict = text(h, keylatch_verification_verdict);
    verification.verified_at = maybe(h, keylatch_verification_verified_at);
    verification.account = maybe(h, keylatch_verification_account);
    verification.evidence =
        read_evidence(h, keylatch_verification_evidence_count, keylatch_verification_evidence_request,
                      keylatch_verification_evidence_status, keylatch_verification_evidence_detail,
                      keylatch_verification_evidence_verdict);
    verification.json = text(h, keylatch_verification_json);
    return verification;
}

inline Response read_response(const keylatch_response *h) {
    Response response;
    keylatch_response_status(h, &response.status);
    keylatch_response_tries(h, &response.tries);
    for (std::size_t i = 0, end = count(h, keylatch_response_header_count); i < end; i++) {
        response.headers.emplace_back(text(h, i, keylatch_response_header_name),
                                      text(h, i, keylatch_response_header_value));
    }
    const std::uint8_t *bytes = nullptr;
    std::size_t length = 0;
    check(keylatch_response_body(h, &bytes, &length), nullptr);
    response.body.assign(reinterpret_cast<const char *>(bytes), length);
    return response;
}

}  // namespace detail

/// The pages of an app's list, each asked for when it is wanted. Keeps the client open.
class Pages {
public:
    /// The next page; none after the last one, and after an error.
    std::optional<Response> next() {
        keylatch_response *made = nullptr;
        keylatch_error *error = nullptr;
        const keylatch_status status = keylatch_pages_next(handle_.get(), &made, &error);
        detail::check(status, error);
        const detail::ResponseHandle page(made);
        if (!page) return std::nullopt;
        return detail::read_response(page.get());
    }

private:
    friend class Client;
    using Handle = detail::Handle<keylatch_pages, keylatch_pages_free>;

    Pages(std::shared_ptr<keylatch_client> client, Handle handle) : client_(std::move(client)), handle_(std::move(handle)) {}

    std::shared_ptr<keylatch_client> client_;
    Handle handle_;
};

/// How bodies go and come in pieces.
struct Streaming {
    /// Writes the next piece of the body that is sent and gives its length, 0 at the end; what it throws comes out of the call
    /// that it is called in. See keylatch_streaming_set_upload for the threads.
    std::function<std::size_t(char *buffer, std::size_t capacity)> upload;
    std::optional<std::uint64_t> content_length;      // of what `upload` gives; by default it goes in chunks of HTTP's
    std::optional<std::uint64_t> max_response_bytes;  // 0 is any number; by default the client's
};

/// What an app answers, its body read as it comes. Can only be moved; dropped before the end of the body, it closes its
/// connection. Where the app echoes the credential, `*` stands in its place. Keeps the client open.
class ResponseStream {
public:
    std::uint32_t status() const noexcept { return head_.status; }
    /// How often the request was sent until this answer came.
    std::uint32_t tries() const noexcept { return head_.tries; }
    /// Names in lower case, and a name may repeat.
    const std::vector<std::pair<std::string, std::string>> &headers() const noexcept { return head_.headers; }
    /// The first header of this name, given in lower case.
    std::optional<std::string> header(std::string_view name) const { return head_.header(name); }

    /// Reads the next bytes of the body, as many as have come and fit; 0 is the end.
    std::size_t read(char *buffer, std::size_t capacity) {
        std::size_t length = 0;
        keylatch_error *error = nullptr;
        const keylatch_status status =
            keylatch_stream_read(handle_.get(), static_cast<void *>(buffer), capacity, &length, &error);
        upload_->check(status, error);
        return length;
    }

private:
    friend class Client;
    using Handle = detail::Handle<keylatch_stream, keylatch_stream_free>;

    /// The host's function, and what it threw, which must not cross the C interface.
    struct Upload {
        std::function<std::size_t(char *, std::size_t)> read;
        std::exception_ptr thrown;

        static std::int64_t pass_on(void *data, void *buffer, std::size_t capacity) noexcept {
            auto &upload = *static_cast<Upload *>(data);
            try {
                return static_cast<std::int64_t>(upload.read(static_cast<char *>(buffer), capacity));
            } catch (...) {
                upload.thrown = std::current_exception();
                return -1;
            }
        }
        void check(keylatch_status status, keylatch_error *error) {
            if (thrown && status != KEYLATCH_OK) {
                keylatch_error_free(error);
                std::rethrow_exception(std::exchange(thrown, nullptr));
            }
            detail::check(status, error);
        }
    };

    ResponseStream(std::shared_ptr<keylatch_client> client, std::unique_ptr<Upload> upload, Handle handle)
        : client_(std::move(client)), upload_(std::move(upload)), handle_(std::move(handle)) {
        keylatch_stream_status(handle_.get(), &head_.status);
        keylatch_stream_tries(handle_.get(), &head_.tries);
        const std::size_t end = detail::count<keylatch_stream>(handle_.get(), keylatch_stream_header_count);
        for (std::size_t i = 0; i < end; i++) {
            head_.headers.emplace_back(detail::text<keylatch_stream>(handle_.get(), i, keylatch_stream_header_name),
                                       detail::text<keylatch_stream>(handle_.get(), i, keylatch_stream_header_value));
        }
    }

    Response head_;
    std::shared_ptr<keylatch_client> client_;
    std::unique_ptr<Upload> upload_;
    Handle handle_;  // freed first: until then the host's function may be called
};

class Entity;

/// An open vault, or a project on Composio's API. Moving it is cheap; it closes itself when it and all of its entities
/// are gone.
class Client {
public:
    explicit Client(const Options &options = Options())
        : handle_(detail::call<Owned>(keylatch_client_open, options.get()).release(),
                  // What is told of expired connections lives as long as the client.
                  [told = options.on_expired_](keylatch_client *client) { keylatch_client_free(client); }) {}
    Client(Client &&) noexcept = default;
    Client &operator=(Client &&) noexcept = default;
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;
    ~Client() = default;

    /// Lets go of the vault; later calls throw `closed`. Closing twice is fine.
    void close() const { detail::act(keylatch_client_close, get()); }

    std::vector<App> apps() const {
        auto list = detail::call<detail::AppListHandle>(keylatch_apps_list, get());
        return detail::parts<detail::AppHandle, keylatch_app_list>(list.get(), keylatch_app_list_count,
                                                                   keylatch_app_list_app_at, detail::read_app);
    }
    /// The apps that a person's words mean, best first.
    std::vector<App> search_apps(const AppSearch &what) const {
        auto ask = detail::make<detail::Handle<keylatch_app_search_ask, keylatch_app_search_ask_free>>(
            keylatch_app_search_ask_new);
        detail::set(ask.get(), keylatch_app_search_ask_set_query, what.query);
        detail::set(ask.get(), keylatch_app_search_ask_set_category, what.category);
        if (what.limit) detail::act(keylatch_app_search_ask_set_limit, ask.get(), *what.limit);
        auto list = detail::call<detail::AppListHandle>(keylatch_apps_search, get(), ask.get());
        return detail::parts<detail::AppHandle, keylatch_app_list>(list.get(), keylatch_app_list_count,
                                                                   keylatch_app_list_app_at, detail::read_app);
    }
    /// The apps that a credential could be of, by its form alone, the most specific form first. Nothing is asked or kept.
    std::vector<KeyOrigin> identify(const Secret &value) const {
        auto list = detail::call<detail::KeyOriginListHandle>(keylatch_apps_identify, get(), value.get());
        const keylatch_key_origin_list *h = list.get();
        std::vector<KeyOrigin> all;
        for (std::size_t i = 0, end = detail::count(h, keylatch_key_origin_list_count); i < end; i++) {
            bool certain = false;
            keylatch_key_origin_list_is_certain_at(h, i, &certain);
            all.push_back({detail::text(h, i, keylatch_key_origin_list_app_at),
                           detail::text(h, i, keylatch_key_origin_list_app_name_at),
                           detail::text(h, i, keylatch_key_origin_list_auth_scheme_at),
                           detail::text(h, i, keylatch_key_origin_list_field_at), certain});
        }
        return all;
    }
    App app(std::string_view name) const {
        return detail::read_app(by_text<detail::AppHandle>(keylatch_apps_get, name).get());
    }
    /// Registers an app of your own from JSON text, for as long as this client lives.
    App register_app(std::string_view definition) const {
        return detail::read_app(by_text<detail::AppHandle>(keylatch_apps_register, definition).get());
    }

    Integration create_integration(const NewIntegration &what, Params fixed_values = Params()) const {
        auto ask = detail::make<detail::Handle<keylatch_integration_ask, keylatch_integration_ask_free>>(
            keylatch_integration_ask_new);
        detail::set(ask.get(), keylatch_integration_ask_set_app, std::string_view(what.app));
        detail::set(ask.get(), keylatch_integration_ask_set_auth_scheme, what.auth_scheme);
        detail::set(ask.get(), keylatch_integration_ask_set_name, what.name);
        detail::set(ask.get(), keylatch_integration_ask_set_base_url, what.base_url);
        for (const auto &exception : what.allow) {
            detail::set(ask.get(), keylatch_integration_ask_add_allow, std::string_view(exception));
        }
        return detail::read_integration(detail::call<detail::IntegrationHandle>(keylatch_integrations_create, get(),
                                                                                ask.get(), fixed_values.get())
                                            .get());
    }
    Integration integration(std::string_view id) const {
        return detail::read_integration(by_text<detail::IntegrationHandle>(keylatch_integrations_get, id).get());
    }
    /// Those of this app, or all; newest first.
    std::vector<Integration> integrations(const std::optional<std::string> &app = std::nullopt) const {
        auto list = detail::call<detail::IntegrationListHandle>(
            keylatch_integrations_list, get(), app ? app->data() : nullptr, app ? app->size() : std::size_t{0});
        return detail::parts<detail::IntegrationHandle, keylatch_integration_list>(
            list.get(), keylatch_integration_list_count, keylatch_integration_list_integration_at,
            detail::read_integration);
    }
    void delete_integration(std::string_view id) const {
        detail::act(keylatch_integrations_delete, get(), id.data(), id.size());
    }

    ExpectedParams get_expected_params_for_user(const ExpectedParamsQuery &which) const {
        auto ask = detail::make<detail::Handle<keylatch_expected_params_ask, keylatch_expected_params_ask_free>>(
            keylatch_expected_params_ask_new);
        detail::set(ask.get(), keylatch_expected_params_ask_set_app, which.app);
        detail::set(ask.get(), keylatch_expected_params_ask_set_integration_id, which.integration_id);
        detail::set(ask.get(), keylatch_expected_params_ask_set_auth_scheme, which.auth_scheme);
        auto handle = detail::call<detail::ExpectedHandle>(keylatch_get_expected_params_for_user, get(), ask.get());
        const keylatch_expected_params *h = handle.get();
        return {detail::text(h, keylatch_expected_params_app),
                detail::text(h, keylatch_expected_params_integration_id),
                detail::text(h, keylatch_expected_params_auth_scheme),
                detail::parts<detail::FieldHandle>(h, keylatch_expected_params_field_count,
                                                   keylatch_expected_params_field_at, detail::read_field),
                detail::parts<detail::FieldHandle>(h, keylatch_expected_params_developer_field_count,
                                                   keylatch_expected_params_developer_field_at, detail::read_field),
                detail::text(h, keylatch_expected_params_json_schema),
                detail::text(h, keylatch_expected_params_json)};
    }

    /// Checks the input, asks the provider, stores the credentials and answers ACTIVE.
    ConnectionRequest initiate_connection(const InitiateConnection &how, Params params) const {
        auto ask = detail::make<detail::Handle<keylatch_initiate_ask, keylatch_initiate_ask_free>>(
            keylatch_initiate_ask_new);
        detail::set(ask.get(), keylatch_initiate_ask_set_entity_id, std::string_view(how.entity_id));
        detail::set(ask.get(), keylatch_initiate_ask_set_integration_id, how.integration_id);
        detail::set(ask.get(), keylatch_initiate_ask_set_app_name, how.app_name);
        detail::set(ask.get(), keylatch_initiate_ask_set_auth_scheme, how.auth_scheme);
        detail::act(keylatch_initiate_ask_set_verify, ask.get(), static_cast<std::uint32_t>(how.verify));
        detail::set(ask.get(), keylatch_initiate_ask_set_alias, how.alias);
        for (const auto &label : how.labels) {
            detail::set(ask.get(), keylatch_initiate_ask_add_label, std::string_view(label));
        }
        detail::set(ask.get(), keylatch_initiate_ask_set_metadata, how.metadata);
        detail::act(keylatch_initiate_ask_set_allow_multiple, ask.get(), how.allow_multiple);
        detail::act(keylatch_initiate_ask_set_replace, ask.get(), how.replace);
        detail::set(ask.get(), keylatch_initiate_ask_set_callback_url, how.callback_url);
        return detail::read_connection_request(
            detail::call<detail::ConnectionRequestHandle>(keylatch_initiate_connection, get(), ask.get(), params.get())
                .get());
    }

    Connection connected_account(std::string_view id) const {
        return detail::read_connection(
            by_text<detail::ConnectionHandle>(keylatch_connected_accounts_get, id).get());
    }
    /// Connections that fit, newest first, page by page.
    Page connected_accounts(const ConnectionFilter &filter = {}) const {
        auto ask = detail::make<detail::Handle<keylatch_list_ask, keylatch_list_ask_free>>(keylatch_list_ask_new);
        detail::set(ask.get(), keylatch_list_ask_set_entity_id, filter.entity_id);
        detail::set(ask.get(), keylatch_list_ask_set_app, filter.app);
        detail::set(ask.get(), keylatch_list_ask_set_integration_id, filter.integration_id);
        for (const auto &status : filter.statuses) {
            detail::set(ask.get(), keylatch_list_ask_add_status, std::string_view(status));
        }
        for (const auto &label : filter.labels) {
            detail::set(ask.get(), keylatch_list_ask_add_label, std::string_view(label));
        }
        if (filter.limit) detail::act(keylatch_list_ask_set_limit, ask.get(), *filter.limit);
        detail::set(ask.get(), keylatch_list_ask_set_cursor, filter.cursor);
        auto handle = detail::call<detail::PageHandle>(keylatch_connected_accounts_list, get(), ask.get());
        const keylatch_page *h = handle.get();
        return {detail::parts<detail::ConnectionHandle>(h, keylatch_page_count, keylatch_page_connection_at,
                                                        detail::read_connection),
                detail::maybe(h, keylatch_page_next_cursor), detail::text(h, keylatch_page_json)};
    }
    /// Asks the provider again.
    Verification verify_connection(std::string_view id) const {
        return detail::read_verification(
            by_text<detail::VerificationHandle>(keylatch_connected_accounts_verify, id).get());
    }
    /// One batch of a round that asks the providers again, about those connections first that were verified longest ago.
    /// An app that asks to come back later is left alone. Go on with the batch's next_cursor, until there is none.
    Rechecks verify_due(const VerifyDue &due = {}) const {
        auto ask = detail::make<detail::Handle<keylatch_due_ask, keylatch_due_ask_free>>(keylatch_due_ask_new);
        detail::act(keylatch_due_ask_set_older_than_ms, ask.get(), detail::in_milliseconds(due.older_than));
        detail::set(ask.get(), keylatch_due_ask_set_entity_id, due.entity_id);
        detail::set(ask.get(), keylatch_due_ask_set_app, due.app);
        if (due.limit) detail::act(keylatch_due_ask_set_limit, ask.get(), *due.limit);
        if (due.pause) detail::act(keylatch_due_ask_set_pause_ms, ask.get(), detail::in_milliseconds(*due.pause));
        detail::set(ask.get(), keylatch_due_ask_set_cursor, due.cursor);
        return detail::read_rechecks(
            detail::call<detail::RechecksHandle>(keylatch_connected_accounts_verify_due, get(), ask.get()).get());
    }
    /// Puts new credentials in the place of the present ones; fields that are not given keep their values.
    ConnectionRequest update_credentials(const UpdateCredentials &which, Params params) const {
        auto ask =
            detail::make<detail::Handle<keylatch_update_ask, keylatch_update_ask_free>>(keylatch_update_ask_new);
        detail::set(ask.get(), keylatch_update_ask_set_connected_account_id,
                    std::string_view(which.connected_account_id));
        detail::act(keylatch_update_ask_set_verify, ask.get(), static_cast<std::uint32_t>(which.verify));
        return detail::read_connection_request(
            detail::call<detail::ConnectionRequestHandle>(keylatch_connected_accounts_update_credentials, get(),
                                                          ask.get(), params.get())
                .get());
    }
    Connection enable_connection(std::string_view id) const {
        return detail::read_connection(
            by_text<detail::ConnectionHandle>(keylatch_connected_accounts_enable, id).get());
    }
    Connection disable_connection(std::string_view id) const {
        return detail::read_connection(
            by_text<detail::ConnectionHandle>(keylatch_connected_accounts_disable, id).get());
    }
    /// Fetches the connection until it is ACTIVE, with keys and tokens at once; throws `timeout` after this time.
    Connection wait_until_active(std::string_view id,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(60)) const {
        return detail::read_connection(
            detail::call<detail::ConnectionHandle>(keylatch_connected_accounts_wait_until_active, get(), id.data(),
                                                   id.size(), detail::in_milliseconds(timeout))
                .get());
    }
    /// Gives a connection another alias, or none.
    Connection set_alias(std::string_view id, const std::optional<std::string> &alias) const {
        return detail::read_connection(
            detail::call<detail::ConnectionHandle>(keylatch_connected_accounts_set_alias, get(), id.data(), id.size(),
                                                   alias ? alias->data() : nullptr,
                                                   alias ? alias->size() : std::size_t{0})
                .get());
    }
    /// The connection's credentials as a connection string for a driver; only where the integration allows `reveal`.
    Secret dsn(std::string_view id) const {
        return Secret(detail::call<detail::Handle<keylatch_secret, keylatch_secret_free>>(keylatch_connected_accounts_dsn,
                                                                                       get(), id.data(), id.size())
                          .release());
    }
    /// With `revoke`, withdraws the credentials at the provider too, which only Composio's API can.
    void delete_connection(std::string_view id, bool revoke = false) const {
        detail::act(keylatch_connected_accounts_delete, get(), id.data(), id.size(), revoke);
    }
    /// The one active connection of this user to this app.
    Connection get_connection(std::string_view entity_id, std::string_view app) const {
        return detail::read_connection(detail::call<detail::ConnectionHandle>(keylatch_get_connection, get(),
                                                                              entity_id.data(), entity_id.size(),
                                                                              app.data(), app.size())
                                           .get());
    }

    /// Does one of an app's actions with a user's connection; throws `action_failed` where the app did not do it.
    ActionResult execute_action(const ExecuteAction &what) const {
        auto ask =
            detail::make<detail::Handle<keylatch_action_ask, keylatch_action_ask_free>>(keylatch_action_ask_new);
        detail::set(ask.get(), keylatch_action_ask_set_action, std::string_view(what.action));
        detail::set(ask.get(), keylatch_action_ask_set_params, what.params);
        detail::set(ask.get(), keylatch_action_ask_set_connected_account_id, what.connected_account_id);
        detail::set(ask.get(), keylatch_action_ask_set_entity_id, what.entity_id);
        if (what.timeout) {
            detail::act(keylatch_action_ask_set_timeout_ms, ask.get(), detail::in_milliseconds(*what.timeout));
        }
        auto handle = detail::call<detail::ActionResultHandle>(keylatch_execute_action, get(), ask.get());
        const keylatch_action_result *h = handle.get();
        return {detail::text(h, keylatch_action_result_data_json), detail::maybe(h, keylatch_action_result_log_id),
                detail::text(h, keylatch_action_result_json)};
    }

    /// Sends a request to the app with the user's credential in it.
    Response request(const Request &what) const {
        const auto ask = filled(what);
        return detail::read_response(
            detail::call<detail::ResponseHandle>(keylatch_request, get(), ask.get()).get());
    }

    /// The pages of an app's list, each as by `request`; nothing is asked yet.
    Pages request_pages(const Request &what, const Paging &how = {}) const {
        const auto ask = filled(what);
        const auto paging = detail::make<PagingHandle>(keylatch_paging_new);
        if (how.by == Paging::By::page) detail::act(keylatch_paging_by_page, paging.get(), how.first.value_or(1));
        if (how.by == Paging::By::offset) detail::act(keylatch_paging_by_offset, paging.get(), how.first.value_or(0));
        if (how.by == Paging::By::cursor) {
            const std::string next = how.next.value_or(std::string());
            detail::act(keylatch_paging_by_cursor, paging.get(), next.data(), next.size());
        }
        detail::set(paging.get(), keylatch_paging_set_query, how.query);
        detail::set(paging.get(), keylatch_paging_set_items, how.items);
        detail::set(paging.get(), keylatch_paging_set_more, how.more);
        if (how.max_pages) detail::act(keylatch_paging_set_max_pages, paging.get(), *how.max_pages);
        return Pages(handle_, detail::call<Pages::Handle>(keylatch_request_pages, get(), ask.get(), paging.get()));
    }

    /// As `request`, for bodies of any size: they go and come in pieces, on a connection of their own. `request.timeout` is for
    /// all of it, to the last byte; the client's is how long nothing may move.
    ResponseStream request_stream(const Request &what, Streaming how = {}) const {
        const auto ask = filled(what);
        const auto streaming = detail::make<StreamingHandle>(keylatch_streaming_new);
        auto upload = std::make_unique<ResponseStream::Upload>();
        if (how.upload) {
            upload->read = std::move(how.upload);
            detail::act(keylatch_streaming_set_upload, streaming.get(),
                        static_cast<keylatch_reader>(ResponseStream::Upload::pass_on), static_cast<void *>(upload.get()));
        }
        if (how.content_length) {
            detail::act(keylatch_streaming_set_content_length, streaming.get(), *how.content_length);
        }
        if (how.max_response_bytes) {
            detail::act(keylatch_streaming_set_max_response_bytes, streaming.get(), *how.max_response_bytes);
        }
        keylatch_stream *made = nullptr;
        keylatch_error *error = nullptr;
        const keylatch_status status = keylatch_request_stream(get(), ask.get(), streaming.get(), &made, &error);
        upload->check(status, error);
        return ResponseStream(handle_, std::move(upload), ResponseStream::Handle(made));
    }

    /// Writes the vault as it is at this moment to a new file, while this and other clients go on. The backup opens as a
    /// vault, with the same key; a key file is not copied.
    void backup(std::string_view path) const {
        detail::act(keylatch_client_backup, get(), path.data(), path.size());
    }
    /// Gives the vault another key, the one that these options name; their others mean nothing here. No record is touched. The
    /// key file in use gets a new key in the place of its own. Other clients that have the vault open go on until they need a
    /// data key that came later, then wrong_key tells them to open it again. Backups keep their key.
    void change_key(const Options &key = Options()) const {
        detail::act(keylatch_client_change_key, get(), key.get());
    }
    /// Gives the vault a new data key, and seals every record with it, a batch a call, while others read and write. Go on with
    /// the batch's next_cursor; or without it, also after a kill: a rotation that was broken off goes on. The last batch deletes
    /// the older data keys. A record that does not open stays as it is, and its key with it: the answers name both.
    Rotation rotate_data_key(const RotateDataKey &which = {}) const {
        auto ask =
            detail::make<detail::Handle<keylatch_rotate_ask, keylatch_rotate_ask_free>>(keylatch_rotate_ask_new);
        if (which.limit) detail::act(keylatch_rotate_ask_set_limit, ask.get(), *which.limit);
        detail::set(ask.get(), keylatch_rotate_ask_set_cursor, which.cursor);
        return detail::read_rotation(
            detail::call<detail::RotationHandle>(keylatch_client_rotate_data_key, get(), ask.get()).get());
    }
    /// The vault's audit log, oldest entry first, a page a call; with an id, the entries about that user or connection. Go on behind
    /// the last entry with `after`. Works whether or not this client writes the log.
    AuditLog audit_log(const AuditQuery &which = {}) const {
        auto ask = detail::make<detail::Handle<keylatch_audit_ask, keylatch_audit_ask_free>>(keylatch_audit_ask_new);
        if (which.after) detail::act(keylatch_audit_ask_set_after, ask.get(), *which.after);
        if (which.limit) detail::act(keylatch_audit_ask_set_limit, ask.get(), *which.limit);
        detail::set(ask.get(), keylatch_audit_ask_set_entity_id, which.entity_id);
        detail::set(ask.get(), keylatch_audit_ask_set_connected_account_id, which.connected_account_id);
        return detail::read_audit_log(
            detail::call<detail::AuditLogHandle>(keylatch_client_audit_log, get(), ask.get()).get());
    }
    /// Reads the whole audit log and says what is not as it was written. `head` is one that was given out earlier and was kept
    /// elsewhere: only with it a log whose end was cut off shows.
    AuditCheck check_audit(const std::optional<std::string> &head = std::nullopt) const {
        const char *text = head ? head->data() : nullptr;
        return detail::read_audit_check(
            detail::call<detail::AuditCheckHandle>(keylatch_client_check_audit, get(), text, head ? head->size() : 0)
                .get());
    }
    /// Writes all integrations and connections to a new sealed file, from which another vault can import them, while this and
    /// other clients go on. A record that does not open is left out, and named in the answer.
    Exported export_vault(const ExportVault &what) const {
        return detail::read_exported(
            detail::call<detail::ExportedHandle>(keylatch_client_export_vault, get(), what.get()).get());
    }
    /// Stores what an export holds and this vault does not, under the same ids; nothing is overwritten. The whole file is checked
    /// before anything is stored. After a crash or an error, import the same file again: it goes on.
    Imported import_vault(const ImportVault &what) const {
        return detail::read_imported(
            detail::call<detail::ImportedHandle>(keylatch_client_import_vault, get(), what.get()).get());
    }
    /// The state of the vault; looks at every record. keylatch::diagnose looks at a vault that does not open.
    Diagnosis diagnose() const {
        return detail::read_diagnosis(detail::call<detail::DiagnosisHandle>(keylatch_client_diagnose, get()).get());
    }

    /// The user of this id; it keeps the client open.
    Entity entity(std::string_view id) const;

    const keylatch_client *get() const noexcept { return handle_.get(); }

private:
    friend class Entity;
    using Owned = detail::Handle<keylatch_client, keylatch_client_free>;
    using AskHandle = detail::Handle<keylatch_request_ask, keylatch_request_ask_free>;
    using PagingHandle = detail::Handle<keylatch_paging, keylatch_paging_free>;
    using StreamingHandle = detail::Handle<keylatch_streaming, keylatch_streaming_free>;

    static AskHandle filled(const Request &what) {
        auto ask = detail::make<AskHandle>(keylatch_request_ask_new);
        detail::set(ask.get(), keylatch_request_ask_set_connected_account_id, what.connected_account_id);
        detail::set(ask.get(), keylatch_request_ask_set_entity_id, what.entity_id);
        detail::set(ask.get(), keylatch_request_ask_set_app, what.app);
        detail::set(ask.get(), keylatch_request_ask_set_method, std::string_view(what.method));
        detail::set(ask.get(), keylatch_request_ask_set_path, std::string_view(what.path));
        for (const auto &[name, value] : what.query) {
            detail::act(keylatch_request_ask_add_query, ask.get(), name.data(), name.size(), value.data(), value.size());
        }
        for (const auto &[name, value] : what.headers) {
            detail::act(keylatch_request_ask_add_header, ask.get(), name.data(), name.size(), value.data(),
                        value.size());
        }
        if (what.timeout) {
            detail::act(keylatch_request_ask_set_timeout_ms, ask.get(), detail::in_milliseconds(*what.timeout));
        }
        if (what.retry) detail::act(keylatch_request_ask_set_retry, ask.get(), *what.retry);
        detail::act(keylatch_request_ask_set_body, ask.get(), static_cast<const void *>(what.body.data()),
                    what.body.size());
        return ask;
    }

    explicit Client(std::shared_ptr<keylatch_client> handle) : handle_(std::move(handle)) {}

    template <typename Owned, typename Function>
    Owned by_text(Function function, std::string_view text) const {
        return detail::call<Owned>(function, get(), text.data(), text.size());
    }

    std::shared_ptr<keylatch_client> handle_;
};

/// One of the application's users, seen through a client.
class Entity {
public:
    const std::string &id() const noexcept { return id_; }

    /// As Client::initiate_connection, for this user whatever `entity_id` says.
    ConnectionRequest initiate_connection(InitiateConnection how, Params params) const {
        how.entity_id = id_;
        return client_.initiate_connection(how, std::move(params));
    }
    Connection get_connection(std::string_view app) const { return client_.get_connection(id_, app); }
    Page connected_accounts(ConnectionFilter filter = {}) const {
        filter.entity_id = id_;
        return client_.connected_accounts(filter);
    }
    /// As Client::execute_action, with a connection of this user.
    ActionResult execute_action(ExecuteAction what) const {
        what.entity_id = id_;
        return client_.execute_action(what);
    }
    /// As Client::request, over a connection of this user.
    Response request(Request what) const {
        what.entity_id = id_;
        return client_.request(what);
    }
    /// As Client::request_pages, over a connection of this user.
    Pages request_pages(Request what, const Paging &how = {}) const {
        what.entity_id = id_;
        return client_.request_pages(what, how);
    }
    /// As Client::request_stream, over a connection of this user.
    ResponseStream request_stream(Request what, Streaming how = {}) const {
        what.entity_id = id_;
        return client_.request_stream(what, std::move(how));
    }

private:
    friend class Client;

    Entity(Client client, std::string_view id) : client_(std::move(client)), id_(id) {}

    Client client_;
    std::string id_;
};

/// The state of the vault that the options name, whether or not it opens. Nothing is made, and nothing is changed.
inline Diagnosis diagnose(const Options &options = Options()) {
    return detail::read_diagnosis(detail::call<detail::DiagnosisHandle>(keylatch_diagnose, options.get()).get());
}

/// Something that happened; keylatch_on_log says what these are.
struct LogRecord {
    std::string level, target;
    std::optional<std::string> operation;
    std::string message, fields_json;
};

/// Whom to tell what the library does, in the place of whom it told before; an empty function ends it. keylatch_set_log says what a
/// level tells, and when and on which threads: also on several at once. What it throws ends the program. It is kept until the
/// program's end, since calls on other threads may be in it.
inline void set_log(std::function<void(const LogRecord &)> tell, std::string_view level = "info") {
    using Tell = std::function<void(const LogRecord &)>;
    static std::mutex lock;
    static auto &kept = *new std::list<Tell>;  // never destroyed: the library may outlive what is static here
    const auto pass_on = [](void *data, const char *level, const char *target, const char *operation,
                            const char *message, const char *fields_json) noexcept {
        LogRecord record{level, target, std::nullopt, message, fields_json};
        if (operation != nullptr) record.operation = operation;
        (*static_cast<const Tell *>(data))(record);
    };
    void *data = nullptr;
    if (tell) {
        const std::lock_guard<std::mutex> held(lock);
        data = &kept.emplace_back(std::move(tell));
    }
    const auto on_log = data == nullptr ? nullptr : static_cast<keylatch_on_log>(pass_on);
    detail::act(keylatch_set_log, on_log, data, level.data(), level.size());
}

inline Entity Client::entity(std::string_view id) const { return Entity(Client(handle_), id); }

}  // namespace keylatch

#endif  // KEYLATCH_HPP
