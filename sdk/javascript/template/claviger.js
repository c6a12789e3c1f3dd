/**
 * What a plugin for Claviger says over and over: failures, fields, and requests through the host's typed `http`.
 *
 * Put a stand-in where the manifest says that its secret goes: a header, a query parameter, a form field, a string in a
 * JSON body, the password of Basic authentication, or a whole segment of the path. Anywhere else the host refuses to send
 * the request, with the failure `denied`.
 */
import { send as hostSend } from 'claviger:provider/http@0.1.0';

/**
 * A failure, to be thrown. The host acts on these codes: `rejected` (the provider says that the secret is not valid),
 * `restricted` (valid, but not for this), `rate-limited`, `unreachable`, `not-found`, `conflict`, `invalid-input`,
 * `unsupported`, `unknown-outcome` (it may or may not have happened). The message is for a person and holds no secret.
 */
export function failure(code, message, { retryAfterMs, details = {} } = {}) {
  return { code, message, retryAfterMs, details: attributes(details) };
}

/** An object as the contract has it. */
export function attributes(object) {
  return Object.entries(object).map(([key, value]) => ({ key, value }));
}

/** The value of a key, of `credential.metadata`, `context.settings`, `context.options` and the like. */
export function lookup(attributes, key) {
  return attributes.find((attribute) => attribute.key === key)?.value;
}

/** A field's text, or a secret field's stand-in, where the credential has the field and it isn't empty. */
export function field(credential, name) {
  return lookup(credential.fields, name) || undefined;
}

/** The stand-in of a secret field that the call can't do without. */
export function secret(credential, name) {
  const found = field(credential, name);
  if (found === undefined) throw failure('invalid-input', `the credential has no \`${name}\``);
  return found;
}

/** The credential that gives access to the provider itself, for operations that need one. */
export function connection(context) {
  if (!context.connection) throw failure('invalid-input', 'the operation needs a connection');
  return context.connection;
}

/**
 * Sends a request. An answer of any status is returned; no answer is a failure that the host threw.
 *
 * `captures` has the host take new secrets out of the answer, as the manifest declares: `{ key: { tag: 'json-pointer', val:
 * '/key' } }`; {@link Answer.captured} has their stand-ins. `signature` has it sign the request as it leaves.
 */
export function send(method, url, options = {}) {
  const { bearer, basic, headers = {}, query, form, json, timeoutMs, captures = {}, signature } = options;
  const sent = { ...headers };
  let { body } = options;
  if (bearer !== undefined) sent.authorization = `Bearer ${bearer}`;
  if (basic !== undefined) sent.authorization = `Basic ${btoa(basic.join(':'))}`;
  if (form !== undefined) {
    sent['content-type'] = 'application/x-www-form-urlencoded';
    body = new URLSearchParams(form).toString();
  }
  if (json !== undefined) {
    sent['content-type'] = 'application/json';
    body = JSON.stringify(json);
  }
  const target = new URL(url);
  for (const [name, value] of Object.entries(query ?? {})) target.searchParams.append(name, value);
  const request = {
    method,
    url: target.href,
    headers: attributes(sent),
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
    timeoutMs,
    captures: Object.entries(captures).map(([name, source]) => ({ name, source })),
    signature,
    options: [],
  };
  try {
    return new Answer(hostSend(request));
  } catch (error) {
    throw error.payload ?? error;
  }
}

export const get = (url, options) => send('GET', url, options);
export const post = (url, options) => send('POST', url, options);
export const put = (url, options) => send('PUT', url, options);
export const patch = (url, options) => send('PATCH', url, options);
export const remove = (url, options) => send('DELETE', url, options);

/** What the provider answered, scrubbed of this call's secrets. */
export class Answer {
  constructor({ status, headers, body, captured }) {
    Object.assign(this, { status, headers, body, standIns: captured });
  }

  /** The first header of that name. */
  header(name) {
    return lookup(this.headers, name.toLowerCase());
  }

  text() {
    return new TextDecoder().decode(this.body);
  }

  /** The body as JSON. Anything else is a provider that nobody understands: `unreachable`. */
  json() {
    try {
      return JSON.parse(this.text());
    } catch {
      throw failure('unreachable', `HTTP ${this.status}: the body is not JSON`);
    }
  }

  /** The stand-in of a captured secret. Not having matched it is a failure, as nothing else has the secret. */
  captured(name) {
    const found = lookup(this.standIns, name);
    if (found === undefined) {
      throw failure('unknown-outcome', `HTTP ${this.status}: the answer has no \`${name}\` to capture`);
    }
    return found;
  }

  /** {@link unexpected}, of this answer. */
  unexpected(context) {
    return unexpected(this.status, this.header('retry-after'), context);
  }
}

/**
 * What an answer means that the plugin has no meaning of its own for: 429 is `rate-limited`, all else is a provider that
 * nobody understands. Neither says anything of the credential. For answers of `fetch` too.
 */
export function unexpected(status, retryAfter, context) {
  const options = { retryAfterMs: retryAfterMs(retryAfter, context) };
  if (status === 429) return failure('rate-limited', 'HTTP 429: too many requests', options);
  if (status >= 500) return failure('unreachable', `HTTP ${status}: the provider is in trouble`, options);
  return failure('unreachable', `HTTP ${status} is not an answer that was expected here`);
}

/** `Retry-After` (RFC 9110, 10.2.3), seconds or a date, in milliseconds. */
function retryAfterMs(text, context) {
  if (!text) return undefined;
  const wait = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - Number(context.nowMs);
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), 2 ** 32 - 1);
}
