//! What AWS's answers say.

use claviger_sdk::http::Response;
use claviger_sdk::{Context, Failure};

use crate::xml;

/// The longest text of AWS's that is passed on, in bytes.
const LONGEST_TEXT: usize = 400;

/// A good answer.
pub struct Answer {
    response: Response,
    xml: String,
}

/// An answer in which AWS says what is wrong.
pub struct Problem {
    pub code: String,
    message: String,
    response: Response,
}

/// Reads an answer to an action; a failure where it isn't AWS's.
pub fn read(
    response: Response,
    action: &str,
    context: &Context,
) -> Result<Result<Answer, Problem>, Failure> {
    let text = String::from_utf8_lossy(response.body()).into_owned();
    if response.status() == 200 {
        return match xml::element(&text, &format!("{action}Response")) {
            Some(xml) => Ok(Ok(Answer {
                xml: xml.to_owned(),
                response,
            })),
            None => Err(Failure::unreachable(format!(
                "what was answered is not AWS's answer to {action}"
            ))),
        };
    }
    // A proxy on the way may answer 403 too; only AWS's own words are held against a key.
    let problem = xml::element(&text, "ErrorResponse").and_then(|it| xml::element(it, "Error"));
    let code = problem.and_then(|problem| xml::text(problem, "Code"));
    match (problem, code) {
        (Some(problem), Some(code)) => Ok(Err(Problem {
            code,
            message: xml::text(problem, "Message").unwrap_or_default(),
            response,
        })),
        _ => Err(response.unexpected(context)),
    }
}

impl Answer {
    /// The text of the first element of that name.
    pub fn text(&self, name: &str) -> Option<String> {
        xml::text(&self.xml, name)
    }

    /// The answer's XML.
    pub fn xml(&self) -> &str {
        &self.xml
    }

    /// The stand-in of a new secret.
    pub fn captured(&self, name: &str) -> Result<&str, Failure> {
        self.response.captured(name)
    }
}

impl Problem {
    /// Whether AWS knows no such key, or no more.
    pub fn is_unknown_key(&self) -> bool {
        self.code == "InvalidClientTokenId"
    }

    /// What it means for the credential that signed.
    pub fn failure(&self, context: &Context) -> Failure {
        let code = self.code.as_str();
        let failure = match code {
            _ if self.response.status() >= 500 => self.response.unexpected(context),
            // The signature is right, and too old or too new: it is a clock that is wrong.
            "RequestExpired" => clock(),
            "SignatureDoesNotMatch"
                if ["Signature expired", "Signature not yet current"]
                    .iter()
                    .any(|skew| self.message.contains(skew)) =>
            {
                clock()
            }
            "InvalidClientTokenId" => {
                Failure::rejected("AWS knows no such access key, or it is not active")
            }
            "SignatureDoesNotMatch" => Failure::rejected(
                "AWS says that the secret access key is not the one of this access key ID",
            ),
            "ExpiredToken" | "ExpiredTokenException" => {
                Failure::rejected("AWS says that the key has expired")
            }
            "AccessDenied" | "AccessDeniedException" => Failure::restricted(format!(
                "AWS knows the key and denies it this: {}",
                self.said()
            )),
            "OptInRequired" | "RegionDisabledException" => Failure::restricted(format!(
                "AWS knows the key, whose account doesn't have this: {}",
                self.said()
            )),
            "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => Failure::rate_limited(
                "AWS has had too many requests",
                self.response.retry_after_ms(context),
            ),
            "NoSuchEntity" => Failure::not_found(self.said()),
            "LimitExceeded" => Failure::conflict(self.said()),
            "MalformedPolicyDocument" | "PackedPolicyTooLarge" | "ValidationError" => {
                Failure::invalid_input(format!("AWS doesn't take it: {}", self.said()))
            }
            _ => self.response.unexpected(context),
        };
        failure.with_detail("provider-code", code)
    }

    /// AWS's own words, as long as they may be.
    fn said(&self) -> &str {
        &self.message[..self.message.floor_char_boundary(LONGEST_TEXT)]
    }
}

fn clock() -> Failure {
    Failure::unreachable(
        "AWS finds the signature's time more than 15 minutes off; set this server's clock",
    )
}
