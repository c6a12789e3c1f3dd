//! STS and IAM, as one user sees them (docs.aws.amazon.com: STS and IAM API references, "Common errors").
//!
//! Signatures are checked by what AWS says they are, with nothing of the server's: a request is read as it arrived, and
//! signed again with the secret that the fake knows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use claviger_runtime::{Clock as _, SystemClock};
use jiff::Timestamp;
use ring::{digest, hmac};

use super::super::upstream::{Recorded, Reply};
use super::Service;

/// The role that sessions are of.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/deploy";

const USER: &str = "arn:aws:iam::123456789012:user/ci";

/// What an answer says of a problem: status, code, message.
type Problem = (u16, &'static str, String);

/// An account with one user and one role.
pub struct Aws {
    /// The user's access keys.
    pub keys: Vec<Key>,
    /// The sessions that were made.
    pub sessions: Vec<Session>,
    /// The actions that the user may not do.
    pub denied: Vec<&'static str>,
    /// How far this provider's clock is ahead, in milliseconds.
    pub ahead_ms: i64,
    /// The longest session of the role, in seconds.
    pub longest: u32,
    /// What has to be said to assume the role.
    pub external_id: Option<&'static str>,
    made: u32,
}

/// An access key of the user.
#[derive(Clone)]
pub struct Key {
    /// `AKIA…`
    pub id: String,
    /// The secret of it.
    pub secret: String,
    /// When it was made, as IAM says it.
    pub created: String,
}

/// A session of the role.
pub struct Session {
    /// `ASIA…`
    pub id: String,
    /// The secret of its key.
    pub secret: String,
    /// What belongs to the key.
    pub token: String,
    /// What it was made with.
    pub asked: BTreeMap<String, String>,
}

impl Aws {
    /// An account whose user has this one key, made long ago.
    pub fn with_key(id: &str, secret: &str) -> Self {
        let key = Key {
            id: id.to_owned(),
            secret: secret.to_owned(),
            created: "2024-05-01T10:00:00Z".to_owned(),
        };
        Self {
            keys: vec![key],
            sessions: Vec::new(),
            denied: Vec::new(),
            ahead_ms: 0,
            longest: 43_200,
            external_id: None,
            made: 0,
        }
    }

    /// The ids of the user's keys.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(|key| key.id.as_str()).collect()
    }

    /// Has somebody else make a key, as old as the account's first.
    pub fn add_key(&mut self, id: &str) {
        let key = Key {
            id: id.to_owned(),
            ..self.keys[0].clone()
        };
        self.keys.push(key);
    }

    fn now(&self) -> Timestamp {
        let now = i64::try_from(SystemClock.now_ms()).expect("not so late");
        Timestamp::from_millisecond(now + self.ahead_ms).expect("not so late")
    }

    fn next(&mut self) -> u32 {
        self.made += 1;
        self.made
    }

    /// An error where nobody that AWS knows signed the request.
    fn check_signature(&self, request: &Recorded, service: &str) -> Result<(), Problem> {
        let mismatch = |message: &str| (403, "SignatureDoesNotMatch", message.to_owned());
        let header = |name: &str| request.header(name).unwrap_or_default();
        let Some(authorization) = header("authorization").strip_prefix("AWS4-HMAC-SHA256 ") else {
            let message = "Request is missing Authentication Token";
            return Err((403, "MissingAuthenticationToken", message.to_owned()));
        };
        let parts: BTreeMap<&str, &str> = authorization
            .split(", ")
            .filter_map(|part| part.split_once('='))
            .collect();
        let part = |name: &str| parts.get(name).copied().unwrap_or_default();
        let scope: Vec<&str> = part("Credential").split('/').collect();
        let &[id, day, region, for_service, "aws4_request"] = scope.as_slice() else {
            return Err((
                400,
                "IncompleteSignature",
                "'Credential' is no scope".to_owned(),
            ));
        };
        let token = header("x-amz-security-token");
        let unknown = (
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.".to_owned(),
        );
        let secret = self.secret(id, token).ok_or(unknown)?;
        if region != "us-east-1" {
            let message = "Credential should be scoped to a valid region, not '&region'.";
            return Err(mismatch(message));
        }
        if for_service != service {
            return Err(mismatch("Credential should be scoped to correct service."));
        }
        let time = header("x-amz-date");
        if !time.starts_with(day) {
            return Err(mismatch("Date in Credential scope does not match YYYYMMDD"));
        }
        let signed: Timestamp = time.parse().map_err(|_| mismatch("no time"))?;
        let off = self.now().as_second() - signed.as_second();
        if off.abs() > 15 * 60 {
            let word = if off > 0 {
                "expired"
            } else {
                "not yet current"
            };
            let message = format!("Signature {word}: {time} is not within 15 min of <now>");
            return Err(mismatch(&message));
        }
        let names: Vec<&str> = part("SignedHeaders").split(';').collect();
        let wanted = ["host", "x-amz-date"];
        if wanted.iter().any(|name| !names.contains(name)) || !names.is_sorted() {
            return Err(mismatch("the signed headers lack 'host' or 'x-amz-date'"));
        }
        let is_added = |name: &str| name.starts_with("x-amz-") || name == "content-type";
        if request
            .headers
            .iter()
            .any(|(name, _)| is_added(name) && !names.contains(&name.as_str()))
        {
            return Err(mismatch("There were headers present which were not signed"));
        }
        let mut canonical = format!("{}\n{}\n\n", request.method, request.target);
        for name in &names {
            writeln!(canonical, "{name}:{}", header(name)).expect("a string takes it");
        }
        let hash = hex(digest::digest(&digest::SHA256, &request.body).as_ref());
        write!(canonical, "\n{}\n{hash}", names.join(";")).expect("a string takes it");
        let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let reach = scope[1..].join("/");
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{reach}\n{hash}");
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in &scope[1..] {
            key = mac(&key, part);
        }
        if hex(&mac(&key, &text)) != part("Signature") {
            return Err(mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key & signing method.",
            ));
        }
        Ok(())
    }

    fn secret(&self, id: &str, token: &str) -> Option<String> {
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id && token.is_empty());
        let mut sessions = self.sessions.iter();
        let session = sessions.find(|it| it.id == id && it.token == token);
        let key = key.map(|key| key.secret.clone());
        key.or_else(|| session.map(|session| session.secret.clone()))
    }

    fn act(&mut self, request: &Recorded) -> Result<(String, String), Problem> {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body)
            .into_owned()
            .collect();
        let value = |name: &str| form.get(name).cloned().unwrap_or_default();
        let action = value("Action");
        let (service, version) = match action.as_str() {
            "GetCallerIdentity" | "AssumeRole" => ("sts", "2011-06-15"),
            _ => ("iam", "2010-05-08"),
        };
        self.check_signature(request, service)?;
        if let Some(denied) = self.denied.iter().find(|denied| **denied == action) {
            let message = format!(
                "User: {USER} is not authorized to perform: {service}:{denied} because no \"identity-based\" policy allows it"
            );
            return Err((403, "AccessDenied", message));
        }
        if request.method != "POST" || request.target != "/" || value("Version") != version {
            let message = format!(
                "Could not find operation {action} for version {}",
                value("Version")
            );
            return Err((400, "InvalidAction", message));
        }
        let xml = match action.as_str() {
            "GetCallerIdentity" => format!(
                "<GetCallerIdentityResult><Arn>{USER}</Arn><UserId>AIDA1</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
            ),
            "AssumeRole" => self.assume(form)?,
            "ListAccessKeys" => self.listed(),
            "CreateAccessKey" => self.create()?,
            "DeleteAccessKey" => self.delete(&value("AccessKeyId"))?,
            _ => {
                return Err((
                    400,
                    "InvalidAction",
                    format!("Could not find operation {action}"),
                ));
            }
        };
        Ok((action, xml))
    }

    fn assume(&mut self, asked: BTreeMap<String, String>) -> Result<String, Problem> {
        let value = |name: &str| asked.get(name).map_or("", String::as_str);
        let invalid = |message: String| (400, "ValidationError", message);
        let denied = || {
            let message = format!(
                "User: {USER} is not authorized to perform: sts:AssumeRole on resource: {}",
                value("RoleArn")
            );
            (403, "AccessDenied", message)
        };
        if value("RoleArn") != ROLE || self.external_id.is_some_and(|id| value("ExternalId") != id)
        {
            return Err(denied());
        }
        let name = value("RoleSessionName");
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "_+=,.@-".contains(letter);
        if !(2..=64).contains(&name.len()) || !name.chars().all(fits) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint"
            )));
        }
        let seconds: u32 = value("DurationSeconds").parse().unwrap_or(3600);
        if !(900..=43_200).contains(&seconds) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"
            )));
        }
        if seconds > self.longest {
            return Err(invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                    .to_owned(),
            ));
        }
        if asked
            .get("Policy")
            .is_some_and(|it| serde_json::from_str::<serde_json::Value>(it).is_err())
        {
            return Err((
                400,
                "MalformedPolicyDocument",
                "Syntax errors in policy.".to_owned(),
            ));
        }
        let number = self.next();
        let session = Session {
            id: format!("ASIA{number:016}"),
            secret: format!("session/secret+of+number+{number:015}"),
            token: format!("FwoGZXIvYXdzE{}/+{number:06}==", "a".repeat(300)),
            asked,
        };
        let expires = Timestamp::from_second(self.now().as_second() + i64::from(seconds))
            .expect("not so late");
        let xml = format!(
            "<AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA1:x</AssumedRoleId><Arn>{ROLE}/x</Arn></AssumedRoleUser>\
             <Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>{expires}</Expiration></Credentials><PackedPolicySize>6</PackedPolicySize></AssumeRoleResult>",
            session.id, session.secret, session.token
        );
        self.sessions.push(session);
        Ok(xml)
    }

    fn listed(&self) -> String {
        let mut members = String::new();
        for key in &self.keys {
            write!(
                members,
                "<member><UserName>ci</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status><CreateDate>{}</CreateDate></member>",
                key.id, key.created
            )
            .expect("a string takes it");
        }
        format!(
            "<ListAccessKeysResult><IsTruncated>false</IsTruncated><AccessKeyMetadata>{members}</AccessKeyMetadata><UserName>ci</UserName></ListAccessKeysResult>"
        )
    }

    fn create(&mut self) -> Result<String, Problem> {
        if self.keys.len() >= 2 {
            let message = "Cannot exceed quota for AccessKeysPerUser: 2";
            return Err((409, "LimitExceeded", message.to_owned()));
        }
        let number = self.next();
        let key = Key {
            id: format!("AKIAMADE{number:012}"),
            secret: format!("made/secret+of+number+{number:018}"),
            created: self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        };
        let xml = format!(
            "<CreateAccessKeyResult><AccessKey><UserName>ci</UserName><AccessKeyId>{}</AccessKeyId><Status>Active</Status>\
             <SecretAccessKey>{}</SecretAccessKey><CreateDate>{}</CreateDate></AccessKey></CreateAccessKeyResult>",
            key.id, key.secret, key.created
        );
        self.keys.push(key);
        Ok(xml)
    }

    fn delete(&mut self, id: &str) -> Result<String, Problem> {
        let before = self.keys.len();
        self.keys.retain(|key| key.id != id);
        if self.keys.len() == before {
            let message = format!("The Access Key with id {id} cannot be found.");
            return Err((404, "NoSuchEntity", message));
        }
        Ok(String::new())
    }
}

impl Service for Aws {
    const PLUGIN: &'static str = "aws";
    const ORIGIN: Option<&'static str> = Some("https://sts.amazonaws.com");
    const MORE_ORIGINS: &'static [&'static str] = &["https://iam.amazonaws.com"];

    fn answer(&mut self, request: &Recorded) -> Reply {
        let id = "<ResponseMetadata><RequestId>0f3a</RequestId></ResponseMetadata>";
        match self.act(request) {
            Ok((action, result)) => {
                let xml = format!(
                    "<{action}Response xmlns=\"https://aws.amazonaws.com/doc/\">\n  {result}\n  {id}\n</{action}Response>"
                );
                Reply::body(200, "text/xml", xml)
            }
            Err((status, code, message)) => {
                let xml = format!(
                    "<ErrorResponse xmlns=\"https://aws.amazonaws.com/doc/\"><Error><Type>Sender</Type><Code>{code}</Code>\
                     <Message>{}</Message></Error><RequestId>0f3a</RequestId></ErrorResponse>",
                    escaped(&message)
                );
                Reply::body(status, "text/xml", xml)
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let pairs = [
        ("&", "&amp;"),
        ("<", "&lt;"),
        (">", "&gt;"),
        ("'", "&#39;"),
        ("\"", "&quot;"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (plain, entity)| {
        text.replace(plain, entity)
    })
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes it");
        text
    })
}
