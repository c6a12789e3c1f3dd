//! Has every capability, and does what a test tells it to.
//!
//! The subject's text field `script`, or for `enumerate` the connection's, is `{"steps": […], "answer": {…}}`: steps as
//! `sender` takes them, and what the call answers when they are done, its keys those of the WIT record, with `fields`,
//! `details` and `attributes` as arrays of pairs. Texts of both are filled alike; besides the words of `sender` there are
//! `{proposed.<field>}` and `{issued.<field>}`.
//!
//! What came of the steps is among the answer's details. A call that answers nothing fails as its first step did that
//! failed; any call does with `"failure": [code, message]` in its answer.

use claviger_guests::script::{self, Step, Words};
use claviger_sdk::application::{Place, Receipt};
use claviger_sdk::inventory::{Entry, Page};
use claviger_sdk::issuance::{Issued, Outcome, Request};
use claviger_sdk::{
    Application, Assignment, Attribute, Context, Credential, Failure, Inventory, Issuance,
    Recovery, Replacement, Report, Restoration, Rotation, Validation,
};
use serde::Deserialize;

struct AllRounder;

claviger_sdk::export!(
    AllRounder,
    manifest: "all_rounder.json",
    capabilities: [
        validation, rotation, assignment, restoration, recovery, application, issuance, inventory,
    ]
);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default)]
    steps: Vec<Step>,
    #[serde(default)]
    answer: Answer,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Answer {
    fields: Vec<(String, String)>,
    external_id: Option<String>,
    handle: Option<String>,
    expires_at_ms: Option<u64>,
    scopes: Vec<String>,
    details: Vec<(String, String)>,
    outcome: Option<String>,
    entries: Vec<Listed>,
    next: Option<String>,
    failure: Option<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Listed {
    external_id: String,
    name: String,
    #[serde(default)]
    attributes: Vec<(String, String)>,
}

/// A script that was done.
struct Done {
    answer: Answer,
    words: Words,
    report: Report,
}

impl Done {
    fn of(credential: &Credential, mut words: Words) -> Result<Self, Failure> {
        let text = credential.field("script").unwrap_or("{}");
        let script: Script = serde_json::from_str(text)
            .map_err(|error| Failure::invalid_input(format!("the script is none: {error}")))?;
        let report = script::run(script.steps, &mut words, Report::default())?;
        let answer = script.answer;
        if let Some((code, message)) = &answer.failure {
            return Err(Failure::new(code, words.fill(message)));
        }
        Ok(Self {
            answer,
            words,
            report,
        })
    }

    fn pairs(&self, pairs: &[(String, String)]) -> Vec<Attribute> {
        let pairs = pairs.iter().map(|(key, value)| Attribute {
            key: self.words.fill(key),
            value: self.words.fill(value),
        });
        pairs.collect()
    }

    fn details(&self) -> Vec<Attribute> {
        let mut details = self.report.details.clone();
        details.extend(self.pairs(&self.answer.details));
        details
    }

    fn text(&self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.words.fill(text))
    }

    fn nothing(self) -> Result<(), Failure> {
        let details = &self.report.details;
        let failed = details.iter().find(|it| it.key.ends_with(".failure"));
        match failed {
            Some(code) => Err(Failure {
                details: self.report.details.clone(),
                ..Failure::new(&code.value, "a step failed")
            }),
            None => Ok(()),
        }
    }

    fn receipt(&self) -> Receipt {
        Receipt {
            external_id: self.text(self.answer.external_id.as_ref()),
            details: self.details(),
        }
    }
}

fn of(context: &Context, credential: &Credential) -> Result<Done, Failure> {
    Done::of(credential, Words::of(context, credential))
}

impl Validation for AllRounder {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let done = of(&context, &credential)?;
        Ok(Report {
            details: done.details(),
            ..Report::default()
        })
    }
}

impl Rotation for AllRounder {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        let done = of(&context, &current)?;
        Ok(Replacement {
            fields: done.pairs(&done.answer.fields),
            external_id: done.text(done.answer.external_id.as_ref()),
            handle: done.text(done.answer.handle.as_ref()),
            expires_at_ms: done.answer.expires_at_ms,
            details: done.details(),
        })
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        of(&context, &old)?.nothing()
    }
}

impl Assignment for AllRounder {
    fn assign(context: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
        let mut words = Words::of(&context, &current);
        for field in proposed.fields {
            words.learn(format!("proposed.{}", field.key), field.value);
        }
        Done::of(&current, words)?.nothing()
    }
}

impl Restoration for AllRounder {
    fn restore(context: Context, old: Credential) -> Result<(), Failure> {
        of(&context, &old)?.nothing()
    }
}

impl Recovery for AllRounder {
    fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
        of(&context, &subject)?.nothing()
    }
}

impl Application for AllRounder {
    fn apply(context: Context, credential: Credential, place: Place) -> Result<Receipt, Failure> {
        let receipt = of(&context, &credential)?.receipt();
        Ok(receipt.with_detail("place", format!("{}/{}", place.container, place.slot)))
    }

    fn refresh(
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Result<Receipt, Failure> {
        let again = of(&context, &credential)?.receipt();
        Ok(again
            .with_detail("was", receipt.external_id.unwrap_or_default())
            .with_detail("places", places.len().to_string()))
    }
}

impl Issuance for AllRounder {
    fn issue(context: Context, root: Credential, request: Request) -> Result<Issued, Failure> {
        let done = of(&context, &root)?;
        Ok(Issued {
            fields: done.pairs(&done.answer.fields),
            scopes: done.answer.scopes.clone(),
            expires_at_ms: done.answer.expires_at_ms,
            handle: done.text(done.answer.handle.as_ref()),
            details: done.details(),
        }
        .with_detail("seconds", request.ttl_seconds.to_string()))
    }

    fn revoke(context: Context, root: Credential, issued: Issued) -> Result<Outcome, Failure> {
        let mut words = Words::of(&context, &root);
        for field in issued.fields {
            words.learn(format!("issued.{}", field.key), field.value);
        }
        let done = Done::of(&root, words)?;
        let outcome = match done.answer.outcome.as_deref() {
            Some("already-gone") => Outcome::AlreadyGone,
            Some("until-expiry") => Outcome::UntilExpiry,
            _ => Outcome::Revoked,
        };
        done.nothing().map(|()| outcome)
    }
}

impl Inventory for AllRounder {
    fn enumerate(context: Context, cursor: Option<String>) -> Result<Page, Failure> {
        let done = of(&context, context.connection()?)?;
        let entry = |listed: &Listed| Entry {
            external_id: done.words.fill(&listed.external_id),
            name: done.words.fill(&listed.name),
            kind: cursor.clone().unwrap_or_default(),
            attributes: done.pairs(&listed.attributes),
        };
        Ok(Page {
            entries: done.answer.entries.iter().map(entry).collect(),
            next: done.text(done.answer.next.as_ref()),
        })
    }
}
