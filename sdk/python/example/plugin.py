"""Acme, with niquests: `requests` as it is today, which sends through `wasi:http` where there are no sockets.

What the client sends goes through the same gate as the SDK's own requests: to the manifest's origins, the key at its place.
"""

from datetime import datetime
from pathlib import Path

import claviger_sdk as sdk
import niquests
from wit_world import exports
from wit_world.exports.validation import Report
from wit_world.imports.types import Context, Credential

DESCRIPTION = Path(__file__).with_name("manifest.json").read_text()


class Manifest(exports.Manifest):
    def describe(self) -> str:
        return DESCRIPTION


class Validation(exports.Validation):
    def validate(self, context: Context, credential: Credential) -> Report:
        # A stand-in: a random word, good for this call. The host puts the key in its place as the request leaves.
        key = sdk.secret(credential, "api_key")
        try:
            answer = niquests.get(
                "https://api.acme.example/v1/me",
                headers={"authorization": f"Bearer {key}"},
                timeout=context.deadline_ms / 1000,
            )
            if answer.status_code == 200:
                return report(answer.json())
        except niquests.RequestException as error:
            raise sdk.unreachable(f"Acme gave no answer that can be read: {error}") from error
        if answer.status_code == 401:
            raise sdk.rejected("Acme says that the key is not valid")
        raise sdk.unexpected(answer.status_code, answer.headers.get("retry-after"), context)


def report(me: dict) -> Report:
    ends = me.get("expires_at")
    return Report(
        account=me["account"]["name"],
        rate_limit_remaining=None,
        quota_remaining=None,
        expires_at_ms=ends and int(datetime.fromisoformat(ends).timestamp() * 1000),
        scopes=me["scopes"],
        details=[],
    )
