//! GitHub: checks Apps, and issues tokens of their installations.
//!
//! An App proves itself with a JWT that the host signs with its private key. A token is made for one installation, for an
//! hour; it ends itself when it is revoked.

mod api;
mod permissions;
mod token;

use claviger_sdk::issuance::{Issued, Outcome, Request};
use claviger_sdk::{Context, Credential, Failure, Issuance, Report, Validation};
use serde::Deserialize;

use api::App;
use permissions::Permissions;

struct GitHub;

claviger_sdk::export!(GitHub, manifest: "../manifest.json", capabilities: [validation, issuance]);

#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    slug: Option<String>,
}

#[derive(Deserialize)]
struct Installation {
    account: Account,
    permissions: Permissions,
    repository_selection: String,
    #[serde(default)]
    suspended_at: Option<String>,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

impl Validation for GitHub {
    /// The App's key is good where GitHub knows the App by it, and the credential where the installation is there, too.
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let app = App::of(&context, &credential)?;
        let answer = app.get("/app")?.send()?;
        let known: Known = match answer.status() {
            200 => answer.json()?,
            _ => return Err(api::failure(&answer, &context)),
        };
        let path = format!("/app/installations/{}", app.installation()?);
        let answer = app.get(&path)?.send()?;
        let installation: Installation = match answer.status() {
            200 => answer.json()?,
            _ => return Err(api::failure(&answer, &context)),
        };
        if installation.suspended_at.is_some() {
            return Err(Failure::restricted(
                "GitHub knows the App, whose installation is suspended",
            ));
        }
        let report = Report {
            account: Some(installation.account.login),
            scopes: installation.permissions.scopes(),
            ..Report::default()
        };
        let report = report.with_detail("repositories", installation.repository_selection);
        Ok(match known.slug {
            Some(slug) => report.with_detail("app", slug),
            None => report,
        })
    }
}

impl Issuance for GitHub {
    fn issue(context: Context, root: Credential, request: Request) -> Result<Issued, Failure> {
        token::issue(&context, &root, request)
    }

    fn revoke(context: Context, _: Credential, issued: Issued) -> Result<Outcome, Failure> {
        token::revoke(&context, issued.field("token")?)
    }
}
