//! No plugin reaches a network that isn't public, by whatever name, unless the operator wrote it out.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;

use super::call::*;
use super::upstream::{Upstream, answer};
use crate::egress::{EgressRules, FailureCode, PluginEgress, PrivateGrant, Resolve, SendFailure};
use crate::origin::Origin;
use crate::subject::{Field, FieldValue, Subject};

/// Every name has these addresses; it counts how often it is asked.
#[derive(Clone, Default)]
struct Says {
    addresses: Arc<Mutex<Vec<IpAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Says {
    fn these(addresses: &[&str]) -> Self {
        let says = Self::default();
        says.set(addresses);
        says
    }

    fn set(&self, addresses: &[&str]) {
        let parsed = addresses
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect();
        *self.addresses.lock().expect("no test panics with it") = parsed;
    }
}

impl Resolve for Says {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let addresses = self
            .addresses
            .lock()
            .expect("no test panics with it")
            .clone();
        Box::pin(async move {
            Ok(addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, port))
                .collect())
        })
    }
}

fn granted(origins: &[&str], private: &[&str]) -> EgressRules {
    EgressRules {
        origins: origins
            .iter()
            .map(|origin| origin.parse().expect("an origin"))
            .collect(),
        private: private
            .iter()
            .map(|grant| grant.parse::<PrivateGrant>().expect("a grant"))
            .collect(),
        ..EgressRules::default()
    }
}

fn call(rules: EgressRules, says: &Says) -> Call {
    let egress = Arc::new(PluginEgress::new(rules, Arc::new(says.clone())).expect("a way out"));
    Call::of(&egress, &credential("api_key", SECRET))
}

async fn failure(rules: EgressRules, says: &Says, url: &str) -> SendFailure {
    let mut call = call(rules, says);
    let failure = call.send(get(url)).await.expect_err(url);
    assert_eq!(
        call.session.denials().len(),
        usize::from(failure.code == FailureCode::Denied),
        "{failure}"
    );
    failure
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_denied() {
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:1::1",
        "2001:db8::1",
    ] {
        let failure = failure(granted(&[API], &[]), &Says::these(&[address]), API).await;
        assert_eq!(failure.code, FailureCode::Denied, "{address}: {failure}");
        assert!(failure.message.contains("allow-private"), "{failure}");
        assert!(
            !failure.message.contains(address) || address.len() < 4,
            "{failure}"
        );
    }
}

#[tokio::test]
async fn metadata_is_never_reached_whatever_is_granted() {
    for address in [
        "169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
    ] {
        let mut rules = granted(&[API], &[API, "0.0.0.0/0", "::/0"]);
        rules.replace_origins = BTreeMap::from([(origin(OTHER), origin(API))]);
        let failure = failure(rules, &Says::these(&[address]), API).await;
        assert_eq!(failure.code, FailureCode::Denied, "{address}: {failure}");
        assert!(failure.message.contains("metadata"), "{failure}");
    }
    let mut rules = granted(&[API], &[]);
    rules.replace_origins = BTreeMap::from([(origin(API), origin("http://169.254.169.254"))]);
    assert_eq!(
        failure(rules, &Says::default(), API).await.code,
        FailureCode::Denied
    );
}

#[tokio::test]
async fn addresses_in_urls_pass_the_same_filter_in_every_spelling() {
    let loopback = &[
        "http://127.0.0.1",
        "http://[::1]",
        "http://[::ffff:127.0.0.1]",
    ];
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://①②⑦.0.0.1/",
        "http://[::1]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
    ] {
        // Not granted at all, and granted as an origin but not as a private one.
        let says = Says::these(&["8.8.8.8"]);
        assert_eq!(
            failure(granted(&[API], &[]), &says, url).await.code,
            FailureCode::Denied,
            "{url}"
        );
        let failure = failure(granted(loopback, &[]), &says, url).await;
        assert_eq!(failure.code, FailureCode::Denied, "{url}: {failure}");
        assert!(failure.message.contains("not public"), "{url}: {failure}");
        assert_eq!(says.asked.load(Ordering::SeqCst), 0, "{url}");
    }
}

#[tokio::test]
async fn what_the_operator_wrote_out_is_reached() {
    let upstream = Upstream::quiet().await;
    let port = upstream.origin.port();
    let named = format!("http://internal.example:{port}");
    let says = Says::these(&["127.0.0.1"]);
    for grant in [named.as_str(), "127.0.0.0/8", "127.0.0.1"] {
        call(granted(&[&named], &[grant]), &says)
            .send(get(&*named))
            .await
            .expect("an answer");
    }
    let literal = upstream.origin.to_string();
    call(granted(&[&literal], &[&literal]), &says)
        .send(get(&*literal))
        .await
        .expect("an answer");
    assert_eq!(upstream.seen().len(), 4);

    for grant in [
        "http://other.example",
        "10.0.0.0/8",
        "http://internal.example:1",
    ] {
        let failure = failure(granted(&[&named], &[grant]), &says, &named).await;
        assert_eq!(failure.code, FailureCode::Denied, "{grant}");
    }
}

#[tokio::test]
async fn private_addresses_among_public_ones_are_left_out() {
    // 192.0.2.0/24 is nobody's: were it tried, it would take the connection's whole time.
    let upstream = Upstream::quiet().await;
    let named = format!("http://internal.example:{}", upstream.origin.port());
    let says = Says::these(&["10.255.255.1", "192.0.2.1", "127.0.0.1"]);
    call(granted(&[&named], &["127.0.0.1"]), &says)
        .send(get(&*named))
        .await
        .expect("an answer");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_name_is_asked_for_once_per_connection() {
    let upstream = Upstream::quiet().await;
    let named = format!("http://internal.example:{}", upstream.origin.port());
    let says = Says::these(&["127.0.0.1"]);
    let mut call = call(granted(&[&named], &["127.0.0.1"]), &says);
    call.send(get(&*named)).await.expect("an answer");
    assert_eq!(says.asked.load(Ordering::SeqCst), 1);
    // A name that changes its mind can't move the connection that stands.
    says.set(&["10.0.0.1"]);
    call.send(get(&*named)).await.expect("an answer");
    assert_eq!(says.asked.load(Ordering::SeqCst), 1);
    assert_eq!(upstream.seen()[1].connection, 0);
}

/// A credential that says itself where its provider is.
fn self_hosted(base_url: &str) -> Subject {
    let mut subject = credential("n8n", SECRET);
    subject.fields.insert(
        0,
        Field {
            name: "base_url".to_owned(),
            value: FieldValue::Text(base_url.to_owned()),
        },
    );
    subject
}

#[tokio::test]
async fn a_template_reaches_what_the_credential_says_and_never_by_itself_a_private_network() {
    let upstream = Upstream::quiet().await;
    let base: Origin = upstream.origin.clone();
    let says = Says::these(&["127.0.0.1"]);
    let ask = async |private: &[&str], base_url: String, url: String| {
        let rules = granted(&["{base_url}"], private);
        let egress = Arc::new(PluginEgress::new(rules, Arc::new(says.clone())).expect("a way out"));
        Call::of(&egress, &self_hosted(&base_url))
            .send(get(url))
            .await
            .map_err(|failure| failure.code)
    };
    let url = base.to_string();
    assert!(ask(&[], url.clone(), url.clone()).await.is_err());
    assert!(ask(&[&url], url.clone(), url.clone()).await.is_ok());
    assert!(
        ask(&["127.0.0.0/8"], url.clone(), url.clone())
            .await
            .is_ok()
    );
    let other = "http://127.0.0.1:1".to_owned();
    assert_eq!(
        ask(&["127.0.0.0/8"], url.clone(), other).await,
        Err(FailureCode::Denied)
    );

    // Plain HTTP over public networks is written out or not spoken.
    says.set(&["8.8.8.8"]);
    let plain = "http://n8n.example".to_owned();
    assert_eq!(
        ask(&["127.0.0.0/8"], plain.clone(), plain).await,
        Err(FailureCode::Denied)
    );
}

#[tokio::test]
async fn a_redirect_to_a_private_address_leads_nowhere() {
    let trap = Upstream::quiet().await;
    let there = trap.origin.to_string();
    let api = Upstream::start(move |_| {
        let mut answer = answer(302, "");
        let location = http::HeaderValue::from_str(&there).expect("a location");
        answer.headers_mut().insert("location", location);
        answer
    })
    .await;
    let mut call = Call::with(rules(&api, &api), &credential("api_key", SECRET));
    let answered = call
        .send(get(format!("{API}/v1/x")))
        .await
        .expect("an answer");
    assert_eq!(answered.status, 302);
    let location = answered
        .headers
        .iter()
        .find(|(name, _)| name == "location")
        .expect("a location")
        .1
        .clone();
    assert_eq!(
        call.send(get(location)).await.expect_err("a denial").code,
        FailureCode::Denied
    );
    assert!(trap.seen().is_empty());
}
