/* Which calls there are for conformance cases, and which arguments each takes. */
#include "known.h"

#include <string.h>

/* The arguments that each call takes, with a space after each. */
static const char *const known_arguments[][2] = {
    {"apps.list", ""},
    {"apps.search", "query category limit "},
    {"apps.identify", ""},
    {"apps.get", "app "},
    {"apps.register", "definition "},
    {"integrations.create", "app auth_scheme name base_url allow "},
    {"integrations.get", "integration_id "},
    {"integrations.list", "app "},
    {"integrations.delete", "integration_id "},
    {"get_expected_params_for_user", "app integration_id auth_scheme "},
    {"initiate_connection", "entity_id integration_id app_name auth_scheme verify alias labels metadata allow_multiple "
                            "replace callback_url "},
    {"connected_accounts.get", "connected_account_id "},
    {"connected_accounts.list", "entity_id app integration_id statuses labels limit cursor "},
    {"connected_accounts.verify", "connected_account_id "},
    {"connected_accounts.verify_due", "older_than_ms entity_id app limit pause_ms cursor "},
    {"connected_accounts.update_credentials", "connected_account_id verify "},
    {"connected_accounts.enable", "connected_account_id "},
    {"connected_accounts.disable", "connected_account_id "},
    {"connected_accounts.wait_until_active", "connected_account_id timeout_ms "},
    {"connected_accounts.set_alias", "connected_account_id alias "},
    {"connected_accounts.dsn", "connected_account_id "},
    {"connected_accounts.delete", "connected_account_id revoke "},
    {"get_connection", "entity_id app "},
    {"execute_action", "action params connected_account_id entity_id timeout_ms "},
    {"backup", "path "},
    {"change_key", "key_file key_env transit "},
    {"rotate_data_key", "limit cursor "},
    {"audit_log", "after limit entity_id connected_account_id "},
    {"check_audit", "head "},
    {"export_vault", "path recipient "},
    {"import_vault", "path dry_run "},
    {"diagnose", ""},
    {"request", "connected_account_id entity_id app method path query headers timeout_ms retry "},
    {"request_stream", "connected_account_id entity_id app method path query headers timeout_ms retry content_length "
                       "max_response_bytes "},
    {"request_pages", "connected_account_id entity_id app method path query headers timeout_ms retry paging "},
};

bool is_known_call(const char *name, const json *args) {
    size_t at = 0, end = sizeof known_arguments / sizeof *known_arguments;
    while (at < end && strcmp(known_arguments[at][0], name) != 0) at++;
    for (size_t i = 0; at < end && args != NULL && i < args->count; i++) {
        const json *key = args->keys[i];
        const char *word = known_arguments[at][1];
        while (*word != '\0' && (strncmp(word, key->text, key->length) != 0 || word[key->length] != ' ')) {
            word += strcspn(word, " ") + 1;
        }
        if (*word == '\0') return false;
    }
    return at < end;
}
