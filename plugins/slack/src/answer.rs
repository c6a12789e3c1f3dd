//! What Slack's answers say of a token (docs.slack.dev, "auth.test"). Slack answers errors with HTTP 200 and `ok: false`.

use std::fmt;

use claviger_sdk::http::Response;
use claviger_sdk::{Context, Failure, Report};
use serde::Deserialize;

/// Which of the app's tokens was asked about.
#[derive(Clone, Copy)]
pub enum Token {
    /// The bot or user token.
    Bot,
    /// The app-level token.
    App,
}

impl Token {
    fn field(self) -> &'static str {
        match self {
            Self::Bot => "bot_token",
            Self::App => "app_token",
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bot => "bot token",
            Self::App => "app-level token",
        })
    }
}

/// What `auth.test` answers; `apps.connections.open` shares the first two.
#[derive(Deserialize)]
pub struct Identity {
    ok: bool,
    #[serde(default)]
    error: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    team: Option<String>,
    #[serde(default)]
    team_id: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(default)]
    bot_id: Option<String>,
    #[serde(default)]
    enterprise_id: Option<String>,
}

/// Whose token it is, or what Slack has against it.
pub fn read(token: Token, answer: &Response, context: &Context) -> Result<Identity, Failure> {
    if answer.status() != 200 {
        return Err(answer.unexpected(context));
    }
    let identity = answer.json::<Identity>()?;
    if identity.ok {
        return Ok(identity);
    }
    let code = identity.error.as_deref().unwrap_or("no code");
    Err(failure(token, code, answer, context)
        .with_detail("provider-code", code)
        .with_detail("field", token.field()))
}

fn failure(token: Token, code: &str, answer: &Response, context: &Context) -> Failure {
    match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            Failure::rejected(format!("Slack says that the {token} is not valid ({code})"))
        }
        "not_allowed_token_type"
        | "missing_scope"
        | "no_permission"
        | "org_login_required"
        | "ekm_access_denied"
        | "access_denied"
        | "enterprise_is_restricted"
        | "accesslimited"
        | "team_added_to_org" => Failure::restricted(format!(
            "Slack knows the {token} and does not allow it this now ({code})"
        )),
        "ratelimited" | "rate_limited" => {
            Failure::rate_limited("Slack: too many requests", answer.retry_after_ms(context))
        }
        // `internal_error`, `fatal_error`, `request_timeout`, `service_unavailable`, and whatever Slack adds: not a word
        // about the token.
        _ => Failure::unreachable(format!("Slack could not check the {token} ({code})")),
    }
}

impl Identity {
    /// The report on a good bot token.
    pub fn report(self, answer: &Response) -> Report {
        let account = match (self.team, self.user) {
            (Some(team), Some(user)) => Some(format!("{team} ({user})")),
            (team, user) => team.or(user),
        };
        let scopes = answer
            .header("x-oauth-scopes")
            .unwrap_or_default()
            .split(',')
            .map(str::trim);
        let scopes = scopes
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        let details = [
            ("url", self.url),
            ("team-id", self.team_id),
            ("user-id", self.user_id),
            ("bot-id", self.bot_id),
            ("enterprise-id", self.enterprise_id),
        ];
        details
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .fold(
                Report {
                    account,
                    scopes,
                    ..Report::default()
                },
                |report, (key, value)| report.with_detail(key, value),
            )
    }
}
