//! What a credential becomes in n8n: a credential type, and its data.

use claviger_sdk::{Attribute, Context, Credential, Failure};
use serde_json::{Map, Value, json};

/// The region of an AWS access key that has none.
const REGION: &str = "us-east-1";

/// A credential as n8n is to keep it.
pub struct Wanted {
    /// n8n's credential type: `openAiApi`.
    pub kind: String,
    /// The header that it goes into, where its type has one.
    pub header: Option<String>,
    /// The data, stand-ins in secrets' places.
    pub data: Map<String, Value>,
}

impl Wanted {
    /// What a credential becomes. The place's parameter `type` names another type than the provider's own (`httpHeaderAuth`,
    /// `httpBearerAuth`), and `header` the header that it goes into, as it is; in `Authorization` it is a bearer token.
    pub fn of(
        context: &Context,
        credential: &Credential,
        parameters: &[Attribute],
    ) -> Result<Self, Failure> {
        let parameter = |key: &str| {
            let found = parameters.iter().find(|it| it.key == key);
            found
                .map(|it| it.value.as_str())
                .filter(|it| !it.is_empty())
        };
        let header = parameter("header");
        let kind = match (parameter("type"), header) {
            (Some(kind), _) => kind,
            (None, Some(_)) => "httpHeaderAuth",
            (None, None) => usual(context.option("provider"), &credential.kind),
        };
        let header = header.unwrap_or("Authorization");
        Ok(Self {
            kind: kind.to_owned(),
            header: (kind == "httpHeaderAuth").then(|| header.to_owned()),
            data: data(credential, kind, header)?,
        })
    }
}

/// The type that a provider's credentials have in n8n.
fn usual(provider: Option<&str>, kind: &str) -> &'static str {
    match (kind, provider) {
        ("slack", _) => "slackApi",
        ("aws_access_key", _) => "aws",
        ("supabase", _) => "supabaseApi",
        (_, Some("openai")) => "openAiApi",
        (_, Some("anthropic")) => "anthropicApi",
        (_, Some("github")) => "githubApi",
        _ => "httpHeaderAuth",
    }
}

fn data(credential: &Credential, kind: &str, header: &str) -> Result<Map<String, Value>, Failure> {
    let main = || {
        let field = match credential.kind.as_str() {
            "slack" => "bot_token",
            _ => "api_key",
        };
        credential.secret(field)
    };
    let data = match (kind, credential.kind.as_str()) {
        ("httpHeaderAuth", _) if header.eq_ignore_ascii_case("authorization") => {
            json!({ "name": header, "value": format!("Bearer {}", main()?) })
        }
        ("httpHeaderAuth", _) => json!({ "name": header, "value": main()? }),
        ("httpBearerAuth", _) => json!({ "token": main()? }),
        ("openAiApi" | "anthropicApi", "api_key") => json!({ "apiKey": main()? }),
        ("githubApi", "api_key") => {
            json!({ "server": "https://api.github.com", "user": "", "accessToken": main()? })
        }
        ("slackApi", "slack") => json!({
            "accessToken": main()?,
            "signatureSecret": credential.field("signing_secret").unwrap_or_default(),
        }),
        ("aws", "aws_access_key") => json!({
            "region": credential.field("region").unwrap_or(REGION),
            "accessKeyId": credential.secret("access_key_id")?,
            "secretAccessKey": credential.secret("secret_access_key")?,
        }),
        ("supabaseApi", "supabase") => json!({
            "host": format!("https://{}.supabase.co", credential.secret("project_ref")?),
            "serviceRole": main()?,
        }),
        _ => {
            return Err(Failure::unsupported(format!(
                "a credential of kind `{}` can't be n8n's `{kind}`; try the parameter `type` with `httpHeaderAuth` or \
                 `httpBearerAuth`",
                credential.kind
            )));
        }
    };
    match data {
        Value::Object(data) => Ok(data),
        _ => Err(Failure::invalid_input("n8n's data is an object")),
    }
}
