//! Requests of AWS's query protocol: a form with an action, signed by the host.

use claviger_sdk::http::{self, CaptureSource, Request, Signature};
use claviger_sdk::{Attribute, Context, Credential, Failure};

use crate::answer::{self, Answer, Problem};

/// What is asked.
#[derive(Clone, Copy)]
pub enum Service {
    Sts,
    Iam,
}

impl Service {
    fn endpoint(self) -> &'static str {
        match self {
            Self::Sts => "https://sts.amazonaws.com/",
            Self::Iam => "https://iam.amazonaws.com/",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    fn version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Iam => "2010-05-08",
        }
    }
}

/// A request that isn't sent yet.
pub struct Query {
    service: Service,
    action: &'static str,
    form: Vec<(String, String)>,
    captures: Vec<(&'static str, &'static str)>,
    signature: Signature,
}

impl Query {
    /// An action, in the name of a credential.
    pub fn new(
        service: Service,
        action: &'static str,
        credential: &Credential,
    ) -> Result<Self, Failure> {
        if credential.kind != "aws_access_key" {
            let kind = &credential.kind;
            return Err(Failure::unsupported(format!(
                "AWS has no credentials of kind `{kind}`"
            )));
        }
        let parameter = |key: &str, value: &str| Attribute {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        let signature = Signature {
            scheme: "aws-sigv4".to_owned(),
            secret: credential.secret("secret_access_key")?.to_owned(),
            parameters: vec![
                parameter("access-key-id", credential.secret("access_key_id")?),
                // That of the global endpoints, wherever the credential is for.
                parameter("region", "us-east-1"),
                parameter("service", service.name()),
            ],
        };
        Ok(Self {
            service,
            action,
            form: Vec::new(),
            captures: Vec::new(),
            signature,
        })
    }

    /// With one more parameter of the action.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.form.push((name.into(), value.into()));
        self
    }

    /// Has a new secret taken out of the answer; the expression is the manifest's.
    pub fn capture(mut self, name: &'static str, pattern: &'static str) -> Self {
        self.captures.push((name, pattern));
        self
    }

    /// Asks what changes nothing when it is asked twice: without an answer, nothing has happened that matters.
    pub fn ask(self, context: &Context) -> Result<Answer, Failure> {
        self.repeatable(context)?
            .map_err(|problem| problem.failure(context))
    }

    /// The same, with what AWS says against it, to be looked at.
    pub fn repeatable(self, context: &Context) -> Result<Result<Answer, Problem>, Failure> {
        let action = self.action;
        let answer = self.request().send().map_err(|failure| {
            if failure.code == "unknown-outcome" {
                Failure::unreachable(failure.message)
            } else {
                failure
            }
        })?;
        answer::read(answer, action, context)
    }

    /// Asks what makes something: where it isn't clear whether that was done, the outcome is unknown.
    pub fn make(self, context: &Context) -> Result<Answer, Failure> {
        let action = self.action;
        let answer = self.request().send()?;
        let may_be_done = answer.status() < 300 || answer.status() >= 500;
        match answer::read(answer, action, context) {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(problem)) if !may_be_done => Err(problem.failure(context)),
            Err(failure) if !may_be_done => Err(failure),
            Ok(Err(_)) | Err(_) => Err(Failure::unknown_outcome(format!(
                "AWS's answer doesn't say whether {action} was done"
            ))),
        }
    }

    fn request(self) -> Request {
        let fixed = [("Action", self.action), ("Version", self.service.version())];
        let form = self.form.iter();
        let form: Vec<(&str, &str)> = fixed
            .into_iter()
            .chain(form.map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        let request = http::post(self.service.endpoint())
            .form(&form)
            .signed(self.signature);
        let capture = |request: Request, (name, pattern): &(&str, &str)| {
            request.capture(name, CaptureSource::Pattern((*pattern).to_owned()))
        };
        self.captures.iter().fold(request, capture)
    }
}
