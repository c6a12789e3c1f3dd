// DigitalOcean: checks personal access tokens (docs.digitalocean.com/reference/api/reference/account).

#include "claviger.h"

static const char MANIFEST[] = {
#embed "manifest.json"
    , 0};

typedef exports_claviger_provider_validation_report_t report;

void exports_claviger_provider_manifest_describe(claviger_string *manifest) { *manifest = claviger_text(MANIFEST); }

// A proxy on the way may answer 401 too; only what looks like DigitalOcean's API is held against a token.
static bool is_the_api(const claviger_response *answer) {
    claviger_string type;
    if (!claviger_answer_header(answer, "content-type", &type)) return false;
    for (const char *expected = "application/json"; *expected; expected++, type.ptr++, type.len--) {
        if (!type.len || *type.ptr != (uint8_t)*expected) return false;
    }
    return true;
}

static bool works(const claviger_response *answer, report *result) {
    *result = (report){0};
    claviger_string remaining;
    result->rate_limit_remaining.is_some = claviger_answer_header(answer, "ratelimit-remaining", &remaining) &&
                                           claviger_number(remaining, &result->rate_limit_remaining.val);
    return true;
}

bool exports_claviger_provider_validation_validate(claviger_context *context, claviger_credential *credential,
                                                   report *result, claviger_failure *failure) {
    (void)context;
    // A stand-in: the host puts the token in its place as the request leaves.
    claviger_string token;
    if (!claviger_secret(credential, "api_key", &token, failure)) return false;
    claviger_request request = claviger_get("https://api.digitalocean.com/v2/account");
    claviger_bearer(&request, token);
    claviger_response answer;
    if (!claviger_send(&request, &answer, failure)) return false;

    if (!is_the_api(&answer)) return claviger_unexpected(&answer, failure);
    switch (answer.status) {
    case 200:
        return works(&answer, result);
    case 401:
        return claviger_fail(failure, "rejected", "DigitalOcean says that the token is not valid");
    // A token with custom scopes may lack `account:read`.
    case 403:
        return claviger_fail(failure, "restricted", "DigitalOcean knows the token, which may not read its account");
    default:
        return claviger_unexpected(&answer, failure);
    }
}
