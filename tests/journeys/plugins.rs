//! Plugins that operators drop into the plugin directory of a running server.

mod approval;
mod commands;
mod dropping;
mod replacing;
mod resting;
mod signatures;
mod start;

use std::fs;
use std::path::PathBuf;

use claviger_test_guests as guests;
use serde_json::{Value, json};

use super::support::client::User;
use super::support::server::{Server, Site};
use super::support::wait;

const SECRET: &str = "s3cret-of-a-dropped-plugin";
const UPSTREAM: &str = "https://upstream.example";

/// A manifest, to be dropped in as a plugin.
#[derive(Clone)]
struct Dropped {
    name: String,
    version: String,
    origins: Vec<String>,
    /// The path that the secret may go to, in the header `authorization`.
    place: &'static str,
    recognises: Vec<&'static str>,
    captures: Value,
    kind: &'static str,
}

fn plugin(name: &str, version: &str) -> Dropped {
    Dropped {
        name: name.to_owned(),
        version: version.to_owned(),
        origins: vec![UPSTREAM.to_owned()],
        place: "/allowed",
        recognises: Vec::new(),
        captures: json!([]),
        kind: "test",
    }
}

impl Dropped {
    /// Its component.
    fn wasm(&self) -> Vec<u8> {
        let manifest = json!({
            "name": self.name, "version": self.version, "description": "A test plugin.",
            "origins": self.origins, "captures": self.captures,
            "kinds": [{"name": self.kind, "label": "Test", "recognises": self.recognises, "fields": [
                {"name": "secret", "label": "Secret", "secret": true, "required": true, "places": [{
                    "origin": self.origins[0], "methods": ["GET"], "path-prefix": self.place, "at": "header:authorization"
                }]},
                {"name": "what", "label": "What to do"}
            ]}]
        });
        // The guest finds its version by these very letters.
        let text = manifest
            .to_string()
            .replace("\"version\":", "\"version\": ");
        guests::dropped(&text)
    }
}

/// The plugin directory; it is made where no server made it yet.
fn directory(site: &Site) -> PathBuf {
    let path = site.data().join("plugins");
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// Puts a file there whole, as a careful operator does.
pub(super) fn put(site: &Site, file: &str, bytes: &[u8]) {
    let draft = site.data().join(format!("{file}.draft"));
    fs::write(&draft, bytes).expect("written");
    fs::rename(draft, directory(site).join(file)).expect("moved");
}

/// Stores a credential for a dropped plugin.
async fn store(admin: &User, name: &str, provider: &str, what: &str) {
    let fields = if what.is_empty() {
        json!({})
    } else {
        json!({"what": what})
    };
    let body = json!({
        "name": name, "credential_type": "test", "provider": provider, "value": SECRET, "fields": fields
    });
    admin.send("POST", "/credentials", body).await.expect(200);
}

/// The version that answered, if the credential works.
async fn version(admin: &User, credential: &str) -> Option<String> {
    let tested = admin.test(credential).await;
    tested["details"]["account"].as_str().map(str::to_owned)
}

async fn until_version(admin: &User, credential: &str, wanted: &str) {
    wait::until(wanted, async || {
        (version(admin, credential).await.as_deref() == Some(wanted)).then_some(())
    })
    .await;
}

/// What is listed, as the server answers after a look.
pub(super) async fn reload(admin: &User) -> Vec<Value> {
    let answer = admin.post("/admin/plugins/reload").await.expect(200).json();
    answer["plugins"].as_array().expect("a list").clone()
}

/// Of what is listed, that of a file in a state.
#[track_caller]
fn listed<'l>(list: &'l [Value], file: &str, state: &str) -> &'l Value {
    let fits = |it: &&Value| it["file"] == file && it["state"] == state;
    let found = list.iter().find(fits);
    found.unwrap_or_else(|| panic!("{file} isn't {state}: {list:#?}"))
}

async fn start(site: Site) -> (Server, User) {
    let server = site.start().await;
    let admin = server.admin().await;
    (server, admin)
}
