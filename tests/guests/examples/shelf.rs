//! Puts a `token` on the shelf that a `box` opens: `POST /copies?name=<key>` keeps a copy of it (the same one for the same
//! name), `PUT /copies/<id>` gives the copy another secret, `PUT /places/<container>/<slot>?copy=<id>` uses it in a place,
//! and `GET` of a place says whether it does. `GET /list?page=<cursor>` is a page of the inventory. The status 418 is an
//! answer that tells nothing.

use claviger_sdk::application::{Place, Receipt};
use claviger_sdk::http::{self, Request, Response, percent};
use claviger_sdk::inventory::{Entry, Page};
use claviger_sdk::{Application, Attribute, Context, Credential, Failure, Inventory};
use serde::Deserialize;

struct Shelf;

claviger_sdk::export!(Shelf, manifest: "shelf.json", capabilities: [application, inventory]);

impl Application for Shelf {
    fn apply(context: Context, credential: Credential, place: Place) -> Result<Receipt, Failure> {
        let known = context.options.iter().find(|it| it.key == "external-id");
        let copy = match known {
            Some(known) => known.value.clone(),
            None => keep(&context, &credential)?,
        };
        let used = open(&context, "PUT", &at(&place))?.query("copy", &copy);
        good(used.send()?, &context, &place.container)?;
        Ok(Receipt {
            external_id: Some(copy),
            details: Vec::new(),
        }
        .with_detail("provider", option(&context, "provider")))
    }

    fn refresh(
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Result<Receipt, Failure> {
        let copy = receipt.external_id.clone().unwrap_or_default();
        let given = open(&context, "PUT", &format!("/copies/{}", percent(&copy)))?;
        let given = given.header("x-secret", credential.secret("secret")?);
        good(given.send()?, &context, &copy)?;
        let mut again = Receipt {
            external_id: None,
            ..receipt
        };
        for (index, place) in places.iter().enumerate() {
            let used = open(&context, "GET", &at(place))?.send()?;
            if used.status() != 200 {
                again = again.with_detail(
                    &format!("stale:{index}"),
                    format!("the place answers {}", used.status()),
                );
            }
        }
        Ok(again)
    }
}

impl Inventory for Shelf {
    fn enumerate(context: Context, cursor: Option<String>) -> Result<Page, Failure> {
        let page = cursor.unwrap_or_default();
        let answer = open(&context, "GET", "/list")?
            .query("page", &page)
            .send()?;
        let listed: Listed = good(answer, &context, "list")?.json()?;
        let pair = |(key, value)| Attribute { key, value };
        let entry = |(external_id, name, kind, attributes): Item| Entry {
            external_id,
            name,
            kind,
            attributes: attributes.into_iter().map(pair).collect(),
        };
        Ok(Page {
            entries: listed.entries.into_iter().map(entry).collect(),
            next: listed.next,
        })
    }
}

/// External id, name, kind, attributes.
type Item = (String, String, String, Vec<(String, String)>);

#[derive(Deserialize)]
struct Listed {
    entries: Vec<Item>,
    next: Option<String>,
}

fn keep(context: &Context, credential: &Credential) -> Result<String, Failure> {
    let request = open(context, "POST", "/copies")?
        .query("name", &context.idempotency_key)
        .header("x-secret", credential.secret("secret")?);
    let answer = good(request.send()?, context, "copies")?;
    Ok(String::from_utf8_lossy(answer.body()).into_owned())
}

fn open(context: &Context, method: &str, path: &str) -> Result<Request, Failure> {
    let through = context.connection()?;
    let url = format!("{}{path}", through.secret("base_url")?);
    let request = match method {
        "GET" => http::get(url),
        other => Request::new(other, url),
    };
    Ok(request.header("x-key", through.secret("key")?))
}

fn at(place: &Place) -> String {
    format!(
        "/places/{}/{}",
        percent(&place.container),
        percent(&place.slot)
    )
}

fn good(answer: Response, context: &Context, what: &str) -> Result<Response, Failure> {
    match answer.status() {
        200..=299 => Ok(answer),
        404 => Err(Failure::not_found(format!(
            "there is no `{what}` on the shelf"
        ))),
        418 => Err(Failure::unknown_outcome("it is a teapot")),
        _ => Err(answer.unexpected(context)),
    }
}

fn option(context: &Context, name: &str) -> String {
    let mut options = context.options.iter();
    let found = options.find(|it| it.key == name);
    found.map(|it| it.value.clone()).unwrap_or_default()
}
