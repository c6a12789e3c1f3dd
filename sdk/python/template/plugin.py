"""{{ type }}: works with credentials of its API.

The build runs this module once and keeps what it made; nothing may ask the host for anything until a function is called.
"""

from pathlib import Path

import claviger_sdk as sdk
from wit_world import exports
{% if "application" in capabilities %}
from wit_world.exports import application
{% endif %}
{% if "inventory" in capabilities %}
from wit_world.exports import inventory
{% endif %}
{% if "issuance" in capabilities %}
from wit_world.exports import issuance
{% endif %}
{% if "rotation" in capabilities %}
from wit_world.exports.rotation import Replacement
{% endif %}
{% if "validation" in capabilities %}
from wit_world.exports.validation import Report
{% endif %}
from wit_world.imports.types import Context, Credential

DESCRIPTION = Path(__file__).with_name("manifest.json").read_text()


class Manifest(exports.Manifest):
    def describe(self) -> str:
        return DESCRIPTION
{% if "validation" in capabilities %}


class Validation(exports.Validation):
    def validate(self, context: Context, credential: Credential) -> Report:
        # A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
        key = sdk.secret(credential, "api_key")
        answer = sdk.get("https://api.{{ name }}.example/v1/me", bearer=key)
        match answer.status:
            case 200:
                account = answer.header("{{ name }}-account")
                return Report(account, None, None, None, scopes=[], details=[])
            case 401:
                # The one answer that makes a credential invalid: nothing but {{ type }}'s own word for it.
                raise sdk.rejected("{{ type }} says that the key is not valid")
            case 403:
                raise sdk.restricted("{{ type }} knows the key and does not allow it this")
        raise answer.unexpected(context)
{% endif %}
{% if "rotation" in capabilities %}


class Rotation(exports.Rotation):
    def create(self, context: Context, current: Credential) -> Replacement:
        raise sdk.unsupported(
            "not written: ask {{ type }} for another key with `sdk.post(…, captures=…)`, named after"
            " `context.idempotency_key`, and return its stand-in in `fields`; the manifest's `captures` say where it is"
        )

    def retire(self, context: Context, old: Credential) -> None:
        raise sdk.unsupported("not written: delete the old key at {{ type }}; that it is gone already is no failure")
{% endif %}
{% if "assignment" in capabilities %}


class Assignment(exports.Assignment):
    def assign(self, context: Context, current: Credential, proposed: Credential) -> None:
        raise sdk.unsupported(
            "not written: send the proposed credential's stand-in to {{ type }}, authorised with the current one's"
        )
{% endif %}
{% if "restoration" in capabilities %}


class Restoration(exports.Restoration):
    def restore(self, context: Context, old: Credential) -> None:
        raise sdk.unsupported("not written: make the old version work again at {{ type }}, for a rollback")
{% endif %}
{% if "recovery" in capabilities %}


class Recovery(exports.Recovery):
    def abandon(self, context: Context, subject: Credential) -> None:
        raise sdk.unsupported(
            "not written: find what was made under `context.idempotency_key` at {{ type }} and delete it;"
            " that there is nothing is no failure"
        )
{% endif %}
{% if "application" in capabilities %}


class Application(exports.Application):
    def apply(self, context: Context, credential: Credential, place: application.Place) -> application.Receipt:
        raise sdk.unsupported(
            "not written: put the credential to use in the place of the target that `sdk.connection(context)` opens"
        )

    def refresh(
        self,
        context: Context,
        credential: Credential,
        receipt: application.Receipt,
        places: list[application.Place],
    ) -> application.Receipt:
        raise sdk.unsupported("not written: give the target the credential's current secret, in all these places")
{% endif %}
{% if "issuance" in capabilities %}


class Issuance(exports.Issuance):
    def issue(self, context: Context, root: Credential, request: issuance.Request) -> issuance.Issued:
        raise sdk.unsupported(
            "not written: have {{ type }} make a token with `sdk.post(…, captures=…)`, no wider and no longer than asked,"
            " and return its stand-in in `fields`; the manifest's `captures` say where it is"
        )

    def revoke(self, context: Context, root: Credential, issued: issuance.Issued) -> issuance.Outcome:
        raise sdk.unsupported(
            "not written: end the token at {{ type }}; where that can't be done, return `issuance.Outcome.UNTIL_EXPIRY`"
        )
{% endif %}
{% if "inventory" in capabilities %}


class Inventory(exports.Inventory):
    def enumerate(self, context: Context, cursor: str | None) -> inventory.Page:
        raise sdk.unsupported("not written: list what `sdk.connection(context)` opens, a page at a time")
{% endif %}
