"""What a plugin for Claviger says over and over: failures, fields, and requests through the host's typed `http`.

Put a stand-in where the manifest says that its secret goes: a header, a query parameter, a form field, a string in a JSON
body, the password of Basic authentication, or a whole segment of the path. Anywhere else the host refuses to send the
request, with the failure `denied`.
"""

import base64
import json
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Mapping, Optional, Sequence
from urllib.parse import quote, urlencode

from componentize_py_types import Err
from wit_world.imports import http
from wit_world.imports.types import Attribute, Context, Credential, Failure

# A failure, to be raised. What its code has the host do is in the comment beside it.


def failure(code: str, message: str, retry_after_ms: Optional[int] = None, **details: str) -> Err:
    """A failure of any code; the message is for a person and holds no secret."""
    return Err(Failure(code, message, retry_after_ms, attributes(details)))


rejected = partial(failure, "rejected")  # the provider says that the secret is not valid: it becomes invalid
restricted = partial(failure, "restricted")  # the provider knows the secret, and doesn't allow it this
rate_limited = partial(failure, "rate-limited")  # ask again later
unreachable = partial(failure, "unreachable")  # the provider doesn't answer, or as nobody understands
not_found = partial(failure, "not-found")  # the provider doesn't know what the operation is about
conflict = partial(failure, "conflict")  # something else is under way at the provider
invalid_input = partial(failure, "invalid-input")  # the caller has to change something
unsupported = partial(failure, "unsupported")  # this plugin can't
unknown_outcome = partial(failure, "unknown-outcome")  # it may or may not have happened

# Looking things up in what a call is given.


def attributes(pairs: Mapping[str, str]) -> list[Attribute]:
    """A dictionary as the contract has it."""
    return [Attribute(key, value) for key, value in pairs.items()]


def lookup(pairs: Sequence[Attribute], key: str) -> Optional[str]:
    """The value of a key, of `credential.metadata`, `context.settings`, `context.options` and the like."""
    return next((pair.value for pair in pairs if pair.key == key), None)


def field(credential: Credential, name: str) -> Optional[str]:
    """A field's text, or a secret field's stand-in, where the credential has the field and it isn't empty."""
    return lookup(credential.fields, name) or None


def secret(credential: Credential, name: str) -> str:
    """The stand-in of a secret field that the call can't do without."""
    found = field(credential, name)
    if found is None:
        raise invalid_input(f"the credential has no `{name}`")
    return found


def connection(context: Context) -> Credential:
    """The credential that gives access to the provider itself, for operations that need one."""
    if context.connection is None:
        raise invalid_input("the operation needs a connection")
    return context.connection


# The way out.


class Answer:
    """What the provider answered, scrubbed of this call's secrets."""

    def __init__(self, response: http.Response) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.body
        self._captured = response.captured

    def header(self, name: str) -> Optional[str]:
        """The first header of that name."""
        return lookup(self.headers, name.lower())

    def json(self) -> Any:
        """The body as JSON. Anything else is a provider that nobody understands: `unreachable`."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise unreachable(f"HTTP {self.status}: the body is not JSON") from None

    def captured(self, name: str) -> str:
        """The stand-in of a captured secret. Not having matched it is a failure, as nothing else has the secret."""
        found = lookup(self._captured, name)
        if found is None:
            raise unknown_outcome(f"HTTP {self.status}: the answer has no `{name}` to capture")
        return found

    def unexpected(self, context: Context) -> Err:
        """`unexpected`, of this answer."""
        return unexpected(self.status, self.header("retry-after"), context)


def unexpected(status: int, retry_after: Optional[str], context: Context) -> Err:
    """What an answer means that the plugin has no meaning of its own for: 429 is `rate-limited`, all else is a provider
    that nobody understands. Neither says anything of the credential. For answers of other clients too."""
    wait = retry_after_ms(retry_after, context)
    if status == 429:
        return rate_limited("HTTP 429: too many requests", wait)
    if status >= 500:
        return unreachable(f"HTTP {status}: the provider is in trouble", wait)
    return unreachable(f"HTTP {status} is not an answer that was expected here")


def retry_after_ms(text: Optional[str], context: Context) -> Optional[int]:
    """`Retry-After` (RFC 9110, 10.2.3), seconds or a date, in milliseconds."""
    try:
        if text is None:
            return None
        if text.strip().isdecimal():
            wait = int(text) * 1000
        else:
            wait = int(parsedate_to_datetime(text).timestamp() * 1000) - context.now_ms
    except ValueError:
        return None
    return min(max(wait, 0), 2**32 - 1)


def send(
    method: str,
    url: str,
    *,
    bearer: Optional[str] = None,
    basic: Optional[tuple[str, str]] = None,
    headers: Mapping[str, str] = {},
    query: Mapping[str, str] = {},
    form: Optional[Mapping[str, str]] = None,
    json_body: Any = None,
    body: Optional[bytes] = None,
    timeout_ms: Optional[int] = None,
    captures: Mapping[str, http.CaptureSource] = {},
    signature: Optional[http.Signature] = None,
) -> Answer:
    """Sends a request. An answer of any status is returned; no answer is a failure that the host raised.

    `captures` has the host take new secrets out of the answer, as the manifest declares; `Answer.captured` has their
    stand-ins. `signature` has it sign the request as it leaves.
    """
    sent = dict(headers)
    if bearer is not None:
        sent["authorization"] = f"Bearer {bearer}"
    if basic is not None:
        sent["authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    if form is not None:
        sent["content-type"], body = "application/x-www-form-urlencoded", urlencode(form).encode()
    if json_body is not None:
        sent["content-type"], body = "application/json", json.dumps(json_body).encode()
    if query:
        url += ("&" if "?" in url else "?") + urlencode(query, quote_via=quote)
    wanted = [http.Capture(name, source) for name, source in captures.items()]
    request = http.Request(method, url, attributes(sent), body, timeout_ms, wanted, signature, [])
    return Answer(http.send(request))


get = partial(send, "GET")
post = partial(send, "POST")
put = partial(send, "PUT")
patch = partial(send, "PATCH")
delete = partial(send, "DELETE")
