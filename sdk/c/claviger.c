#include "claviger.h"

#include <stdlib.h>
#include <string.h>

// Memory for `count` things of `size` bytes, zeroed; there always is some, or the call is over.
static void *room(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) __builtin_trap();
    return memory;
}

claviger_string claviger_literal(const char *text) {
    // The bindings' strings can be written to, which nobody does to a request's.
    return (claviger_string){.ptr = (uint8_t *)text, .len = strlen(text)};
}

claviger_string claviger_text(const char *text) { return claviger_copy(claviger_literal(text)); }

claviger_string claviger_copy(claviger_string string) {
    return claviger_join(string, (claviger_string){0});
}

claviger_string claviger_join(claviger_string first, claviger_string second) {
    claviger_string both = {.ptr = room(first.len + second.len, 1), .len = first.len + second.len};
    if (first.len) memcpy(both.ptr, first.ptr, first.len);
    if (second.len) memcpy(both.ptr + first.len, second.ptr, second.len);
    return both;
}

static bool unreserved(uint8_t byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

claviger_string claviger_percent(claviger_string string) {
    static const char hex[] = "0123456789ABCDEF";
    claviger_string encoded = {.ptr = room(string.len, 3), .len = 0};
    for (size_t i = 0; i < string.len; i++) {
        uint8_t byte = string.ptr[i];
        if (unreserved(byte)) {
            encoded.ptr[encoded.len++] = byte;
        } else {
            encoded.ptr[encoded.len++] = '%';
            encoded.ptr[encoded.len++] = (uint8_t)hex[byte >> 4];
            encoded.ptr[encoded.len++] = (uint8_t)hex[byte & 15];
        }
    }
    return encoded;
}

bool claviger_is(claviger_string string, const char *text) {
    return string.len == strlen(text) && memcmp(string.ptr, text, string.len) == 0;
}

bool claviger_number(claviger_string string, uint64_t *number) {
    size_t i = 0;
    *number = 0;
    for (; i < string.len && string.ptr[i] >= '0' && string.ptr[i] <= '9'; i++) {
        uint64_t digit = string.ptr[i] - '0';
        if (*number > (UINT64_MAX - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    return i > 0;
}

static bool find(const claviger_attribute *attributes, size_t count, const char *key, claviger_string *value) {
    for (size_t i = 0; i < count; i++) {
        if (claviger_is(attributes[i].key, key)) {
            *value = attributes[i].value;
            return value->len > 0;
        }
    }
    return false;
}

bool claviger_field(const claviger_credential *credential, const char *name, claviger_string *value) {
    return find(credential->fields.ptr, credential->fields.len, name, value);
}

bool claviger_secret(const claviger_credential *credential, const char *name, claviger_string *stand_in,
                     claviger_failure *failure) {
    if (claviger_field(credential, name, stand_in)) return true;
    claviger_fail(failure, "invalid-input", "");
    failure->message = claviger_join(claviger_literal("the credential has no "), claviger_literal(name));
    return false;
}

bool claviger_setting(const claviger_context *context, const char *key, claviger_string *value) {
    return find(context->settings.ptr, context->settings.len, key, value);
}

bool claviger_option(const claviger_context *context, const char *key, claviger_string *value) {
    return find(context->options.ptr, context->options.len, key, value);
}

bool claviger_fail(claviger_failure *failure, const char *code, const char *message) {
    *failure = (claviger_failure){.code = claviger_text(code), .message = claviger_text(message)};
    return false;
}

bool claviger_unexpected(const claviger_response *answer, claviger_failure *failure) {
    char status[] = "HTTP 000";
    for (unsigned rest = answer->status, i = 7; i >= 5; i--, rest /= 10) status[i] = (char)('0' + rest % 10);
    bool limited = answer->status == 429;
    claviger_fail(failure, limited ? "rate-limited" : "unreachable", "");
    const char *meaning = limited                 ? ": too many requests"
                          : answer->status >= 500 ? ": the provider is in trouble"
                                                  : " is not an answer that was expected here";
    failure->message = claviger_join(claviger_literal(status), claviger_literal(meaning));
    claviger_string wait;
    uint64_t seconds;
    if (claviger_answer_header(answer, "retry-after", &wait) && claviger_number(wait, &seconds)) {
        failure->retry_after_ms.is_some = true;
        failure->retry_after_ms.val = seconds > UINT32_MAX / 1000 ? UINT32_MAX : (uint32_t)(seconds * 1000);
    }
    return false;
}

claviger_request claviger_request_to(const char *method, claviger_string url) {
    return (claviger_request){.method = claviger_literal(method), .url = url};
}

claviger_request claviger_get(const char *url) { return claviger_request_to("GET", claviger_literal(url)); }

void claviger_header(claviger_request *request, const char *name, claviger_string value) {
    size_t count = request->headers.len;
    claviger_attribute *headers = room(count + 1, sizeof *headers);
    if (count) memcpy(headers, request->headers.ptr, count * sizeof *headers);
    headers[count] = (claviger_attribute){.key = claviger_literal(name), .value = value};
    request->headers.ptr = headers;
    request->headers.len = count + 1;
}

void claviger_bearer(claviger_request *request, claviger_string token) {
    claviger_header(request, "authorization", claviger_join(claviger_literal("Bearer "), token));
}

void claviger_body(claviger_request *request, const char *content_type, claviger_string body) {
    claviger_header(request, "content-type", claviger_literal(content_type));
    request->body.is_some = true;
    request->body.val.ptr = body.ptr;
    request->body.val.len = body.len;
}

bool claviger_send(claviger_request *request, claviger_response *answer, claviger_failure *failure) {
    return claviger_provider_http_send(request, answer, failure);
}

bool claviger_answer_header(const claviger_response *answer, const char *name, claviger_string *value) {
    return find(answer->headers.ptr, answer->headers.len, name, value);
}

void claviger_log(claviger_provider_logging_level_t level, const char *message) {
    claviger_string line = claviger_literal(message);
    claviger_provider_logging_log(level, &line);
}
