// {{ type }}: works with credentials of its API.
//
// The build runs this module once and keeps what it made; nothing may ask the host for anything until a function is called.
// The functions may be `async`, and may use `fetch`.
{% if "validation" in capabilities %}
import { failure, get, secret } from './claviger.js';
{% elif capabilities %}
import { failure } from './claviger.js';
{% endif %}
import description from './manifest.json';

export const manifest = {
  describe: () => JSON.stringify(description),
};
{% if "validation" in capabilities %}

export const validation = {
  validate(context, credential) {
    // A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
    const key = secret(credential, 'api_key');
    const answer = get('https://api.{{ name }}.example/v1/me', { bearer: key });
    switch (answer.status) {
      case 200:
        return { account: answer.header('{{ name }}-account'), scopes: [], details: [] };
      case 401:
        // The one answer that makes a credential invalid: nothing but {{ type }}'s own word for it.
        throw failure('rejected', '{{ type }} says that the key is not valid');
      case 403:
        throw failure('restricted', '{{ type }} knows the key and does not allow it this');
      default:
        throw answer.unexpected(context);
    }
  },
};
{% endif %}
{% if "rotation" in capabilities %}

export const rotation = {
  create(context, current) {
    throw failure(
      'unsupported',
      'not written: ask {{ type }} for another key with `post(…, …captures…)`, named after `context.idempotencyKey`, ' +
        "and return its stand-in in `fields`; the manifest's `captures` say where it is",
    );
  },

  retire(context, old) {
    throw failure('unsupported', 'not written: delete the old key at {{ type }}; that it is gone already is no failure');
  },
};
{% endif %}
{% if "assignment" in capabilities %}

export const assignment = {
  assign(context, current, proposed) {
    throw failure(
      'unsupported',
      "not written: send the proposed credential's stand-in to {{ type }}, authorised with the current one's",
    );
  },
};
{% endif %}
{% if "restoration" in capabilities %}

export const restoration = {
  restore(context, old) {
    throw failure('unsupported', 'not written: make the old version work again at {{ type }}, for a rollback');
  },
};
{% endif %}
{% if "recovery" in capabilities %}

export const recovery = {
  abandon(context, subject) {
    throw failure(
      'unsupported',
      'not written: find what was made under `context.idempotencyKey` at {{ type }} and delete it; that there is nothing ' +
        'is no failure',
    );
  },
};
{% endif %}
{% if "application" in capabilities %}

export const application = {
  apply(context, credential, place) {
    throw failure(
      'unsupported',
      'not written: put the credential to use in the place of the target that `connection(context)` opens',
    );
  },

  refresh(context, credential, receipt, places) {
    throw failure('unsupported', "not written: give the target the credential's current secret, in all these places");
  },
};
{% endif %}
{% if "issuance" in capabilities %}

export const issuance = {
  issue(context, root, request) {
    throw failure(
      'unsupported',
      'not written: have {{ type }} make a token with `post(…, …captures…)`, no wider and no longer than asked, ' +
        "and return its stand-in in `fields`; the manifest's `captures` say where it is",
    );
  },

  revoke(context, root, issued) {
    throw failure(
      'unsupported',
      "not written: end the token at {{ type }}; where that can't be done, return `'until-expiry'`",
    );
  },
};
{% endif %}
{% if "inventory" in capabilities %}

export const inventory = {
  enumerate(context, cursor) {
    throw failure('unsupported', 'not written: list what `connection(context)` opens, a page at a time');
  },
};
{% endif %}
