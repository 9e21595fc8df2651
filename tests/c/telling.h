/* What the getters of handles told since it was last written down; tests/c/telling.py writes the functions that read them. */
#ifndef KEYLATCH_TESTS_TELLING_H
#define KEYLATCH_TESTS_TELLING_H

#include "json.h"
#include "keylatch.h"

extern buffer told;

/* Appends a text or bytes to it. */
void say(const void *text, size_t length);

void tell_error(const keylatch_error *handle);
void tell_app(const keylatch_app *handle);
void tell_app_list(const keylatch_app_list *handle);
void tell_key_origin_list(const keylatch_key_origin_list *handle);
void tell_integration(const keylatch_integration *handle);
void tell_integration_list(const keylatch_integration_list *handle);
void tell_expected_params(const keylatch_expected_params *handle);
void tell_connection_request(const keylatch_connection_request *handle);
void tell_connection(const keylatch_connection *handle);
void tell_page(const keylatch_page *handle);
void tell_verification(const keylatch_verification *handle);
void tell_rechecks(const keylatch_rechecks *handle);
void tell_action_result(const keylatch_action_result *handle);
void tell_response(const keylatch_response *handle);
void tell_stream(const keylatch_stream *handle);
void tell_diagnosis(const keylatch_diagnosis *handle);
void tell_rotation(const keylatch_rotation *handle);
void tell_audit_log(const keylatch_audit_log *handle);
void tell_audit_check(const keylatch_audit_check *handle);
void tell_exported(const keylatch_exported *handle);
void tell_imported(const keylatch_imported *handle);

#endif
