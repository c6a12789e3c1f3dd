// Helpers for Claviger's provider plugins in C, over the bindings that `claviger plugin bindings` writes.
//
// Strings have a length and no NUL at their end; print one with "%.*s".
//
// Memory. Each call runs in a sandbox of its own that is thrown away afterwards, so nothing has to be freed.
// - What a call is given is the plugin's. It stays where it is until the call ends.
// - What a call returns, in a report or a failure, the bindings free after the host has read it. So each string in it is
//   its own: what `claviger_text` and the other functions here return, never a literal, never the same string twice.
// - What the host is given, in a request, it only reads: literals and the call's own strings will do.
// Where no memory is left, the plugin traps, which is an error of that call and of nothing else.
#ifndef CLAVIGER_H
#define CLAVIGER_H

#include "provider.h"

typedef provider_string_t claviger_string;
typedef claviger_provider_types_attribute_t claviger_attribute;
typedef claviger_provider_types_context_t claviger_context;
typedef claviger_provider_types_credential_t claviger_credential;
typedef claviger_provider_types_failure_t claviger_failure;
typedef claviger_provider_http_request_t claviger_request;
typedef claviger_provider_http_response_t claviger_response;

// Strings. Each of these but the first is a new one.

// The same bytes, not copied: for requests, never for what a call returns.
claviger_string claviger_literal(const char *text);
claviger_string claviger_text(const char *text);
claviger_string claviger_copy(claviger_string string);
claviger_string claviger_join(claviger_string first, claviger_string second);
// Percent-encoded but for RFC 3986's unreserved characters: good for a path segment, a query and a form.
claviger_string claviger_percent(claviger_string string);
bool claviger_is(claviger_string string, const char *text);
// The digits at its beginning as a number; false where there are none or it has no room.
bool claviger_number(claviger_string string, uint64_t *number);

// What a call is given. These are false where the thing isn't there or is empty.

// A field's text, or a secret field's stand-in: a random word, good for this call, that the host replaces with the secret
// where the manifest says that it goes.
bool claviger_field(const claviger_credential *credential, const char *name, claviger_string *value);
// The stand-in of a field that the call can't do without: where it isn't there, that is the failure.
bool claviger_secret(const claviger_credential *credential, const char *name, claviger_string *stand_in,
                     claviger_failure *failure);
// What the operator set for this plugin.
bool claviger_setting(const claviger_context *context, const char *key, claviger_string *value);
// What the caller asked of this operation.
bool claviger_option(const claviger_context *context, const char *key, claviger_string *value);

// Failures. Both are always false, so `return claviger_fail(…)` ends a call.

// Codes: `rejected` (the provider itself says that the secret is not valid), `restricted` (valid, but not for this),
// `rate-limited`, `unreachable`, `not-found`, `conflict`, `invalid-input`, `unsupported`, `unknown-outcome`, or your own.
bool claviger_fail(claviger_failure *failure, const char *code, const char *message);
// What an answer means that the plugin has no meaning of its own for: 429 is `rate-limited`, all else `unreachable`.
bool claviger_unexpected(const claviger_response *answer, claviger_failure *failure);

// The way out: only to origins that the manifest asks for and the operator granted. Redirects are not followed.

claviger_request claviger_request_to(const char *method, claviger_string url);
claviger_request claviger_get(const char *url);
// The name is a literal, in lower case.
void claviger_header(claviger_request *request, const char *name, claviger_string value);
// `authorization: Bearer …`
void claviger_bearer(claviger_request *request, claviger_string token);
void claviger_body(claviger_request *request, const char *content_type, claviger_string body);
// True with an answer of any status; false with a failure that the host made, to be returned as it is.
bool claviger_send(claviger_request *request, claviger_response *answer, claviger_failure *failure);
// The first header of that name, which is in lower case.
bool claviger_answer_header(const claviger_response *answer, const char *name, claviger_string *value);

// Lines for the operator's log, scrubbed and capped by the host. Levels are `CLAVIGER_PROVIDER_LOGGING_LEVEL_…`.
void claviger_log(claviger_provider_logging_level_t level, const char *message);

#endif
