// {{ type }}: works with credentials of its API.
//
// `bindings/provider.h` has what the host calls and what it offers; `claviger/claviger.h` makes both short, and says who
// owns which memory.

#include "claviger.h"

static const char MANIFEST[] = {
#embed "../manifest.json"
    , 0};

void exports_claviger_provider_manifest_describe(claviger_string *manifest) { *manifest = claviger_text(MANIFEST); }
{% if "validation" in capabilities %}

bool exports_claviger_provider_validation_validate(claviger_context *context, claviger_credential *credential,
                                                   exports_claviger_provider_validation_report_t *report,
                                                   claviger_failure *failure) {
    (void)context;
    // A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
    claviger_string key;
    if (!claviger_secret(credential, "api_key", &key, failure)) return false;
    claviger_request request = claviger_get("https://api.{{ name }}.example/v1/me");
    claviger_bearer(&request, key);
    claviger_response answer;
    if (!claviger_send(&request, &answer, failure)) return false;

    switch (answer.status) {
    case 200: {
        // Proxies and login pages answer 200, too: a good answer is one that only {{ type }} gives.
        claviger_string account;
        if (!claviger_answer_header(&answer, "{{ name }}-account", &account)) return claviger_unexpected(&answer, failure);
        *report = (exports_claviger_provider_validation_report_t){0};
        report->account.is_some = true;
        report->account.val = claviger_copy(account);
        return true;
    }
    // The one answer that makes a credential invalid: nothing but {{ type }}'s own word for it.
    case 401:
        return claviger_fail(failure, "rejected", "{{ type }} says that the key is not valid");
    case 403:
        return claviger_fail(failure, "restricted", "{{ type }} does not allow the key this");
    default:
        return claviger_unexpected(&answer, failure);
    }
}
{% endif %}
{% if "rotation" in capabilities %}

bool exports_claviger_provider_rotation_create(claviger_context *context, claviger_credential *current,
                                               exports_claviger_provider_rotation_replacement_t *replacement,
                                               claviger_failure *failure) {
    (void)context, (void)current, (void)replacement;
    return claviger_fail(failure, "unsupported",
                         "not written: ask {{ type }} for another key, named after context->idempotency_key, with a capture "
                         "in the request, and return its stand-in in `fields`; the manifest's `captures` say where it is");
}

bool exports_claviger_provider_rotation_retire(claviger_context *context, claviger_credential *old,
                                               claviger_failure *failure) {
    (void)context, (void)old;
    return claviger_fail(failure, "unsupported",
                         "not written: delete the old key at {{ type }}; that it is gone already is true");
}
{% endif %}
{% if "assignment" in capabilities %}

bool exports_claviger_provider_assignment_assign(claviger_context *context, claviger_credential *current,
                                                 claviger_credential *proposed, claviger_failure *failure) {
    (void)context, (void)current, (void)proposed;
    return claviger_fail(
        failure, "unsupported",
        "not written: send the proposed credential's stand-in to {{ type }}, authorised with the current one's");
}
{% endif %}
{% if "restoration" in capabilities %}

bool exports_claviger_provider_restoration_restore(claviger_context *context, claviger_credential *old,
                                                   claviger_failure *failure) {
    (void)context, (void)old;
    return claviger_fail(failure, "unsupported",
                         "not written: make the old version work again at {{ type }}, for a rollback");
}
{% endif %}
{% if "recovery" in capabilities %}

bool exports_claviger_provider_recovery_abandon(claviger_context *context, claviger_credential *subject,
                                                claviger_failure *failure) {
    (void)context, (void)subject;
    return claviger_fail(failure, "unsupported",
                         "not written: find what was made under context->idempotency_key at {{ type }} and delete it; that "
                         "there is nothing is true");
}
{% endif %}
{% if "application" in capabilities %}

bool exports_claviger_provider_application_apply(claviger_context *context, claviger_credential *credential,
                                                 exports_claviger_provider_application_place_t *place,
                                                 exports_claviger_provider_application_receipt_t *receipt,
                                                 claviger_failure *failure) {
    (void)context, (void)credential, (void)place, (void)receipt;
    return claviger_fail(
        failure, "unsupported",
        "not written: put the credential to use in the place of the target that context->connection opens");
}

bool exports_claviger_provider_application_refresh(claviger_context *context, claviger_credential *credential,
                                                   exports_claviger_provider_application_receipt_t *before,
                                                   exports_claviger_provider_application_list_place_t *places,
                                                   exports_claviger_provider_application_receipt_t *receipt,
                                                   claviger_failure *failure) {
    (void)context, (void)credential, (void)before, (void)places, (void)receipt;
    return claviger_fail(failure, "unsupported",
                         "not written: give the target the credential's current secret, in all these places");
}
{% endif %}
{% if "issuance" in capabilities %}

bool exports_claviger_provider_issuance_issue(claviger_context *context, claviger_credential *root,
                                              exports_claviger_provider_issuance_request_t *request,
                                              exports_claviger_provider_issuance_issued_t *issued,
                                              claviger_failure *failure) {
    (void)context, (void)root, (void)request, (void)issued;
    return claviger_fail(failure, "unsupported",
                         "not written: have {{ type }} make a token, no wider and no longer than asked, with a capture in the "
                         "request, and return its stand-in in `fields`; the manifest's `captures` say where it is");
}

bool exports_claviger_provider_issuance_revoke(claviger_context *context, claviger_credential *root,
                                               exports_claviger_provider_issuance_issued_t *issued,
                                               exports_claviger_provider_issuance_outcome_t *outcome,
                                               claviger_failure *failure) {
    (void)context, (void)root, (void)issued, (void)outcome;
    return claviger_fail(failure, "unsupported",
                         "not written: end the token at {{ type }}; where that can't be done, the outcome is UNTIL_EXPIRY");
}
{% endif %}
{% if "inventory" in capabilities %}

bool exports_claviger_provider_inventory_enumerate(claviger_context *context, claviger_string *cursor,
                                                   exports_claviger_provider_inventory_page_t *page,
                                                   claviger_failure *failure) {
    (void)context, (void)cursor, (void)page;
    return claviger_fail(failure, "unsupported",
                         "not written: list what context->connection opens, a page at a time");
}
{% endif %}
