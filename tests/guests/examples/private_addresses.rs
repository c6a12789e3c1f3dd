//! Asks its manifest for origins inside the host's network, and then for their every spelling.
//!
//! The field `what` names one URL to ask in place of all of them: `https://rebind.example/` and `https://metadata.example/`
//! are origins of the manifest too, for a resolver that answers with a private address.

use claviger_guests::{manifest_asking, outcome, report};
use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct PrivateAddresses;

claviger_guests::guest!(
    PrivateAddresses,
    manifest_asking("private-addresses", ORIGINS)
);

impl Validation for PrivateAddresses {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let urls = credential
            .field("what")
            .map_or_else(|| URLS.to_vec(), |url| vec![url]);
        Ok(report(urls.into_iter().map(|url| {
            (url.to_owned(), outcome(&http::get(url).send()))
        })))
    }
}

const ORIGINS: &[&str] = &[
    "https://127.0.0.1",
    "https://[::1]",
    "https://169.254.169.254",
    "https://10.0.0.1",
    "https://172.16.0.1",
    "https://192.168.0.1",
    "https://100.64.0.1",
    "https://0.0.0.0",
    "https://[fd00:ec2::254]",
    "https://[fe80::1]",
    "https://[::ffff:7f00:1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://[2001:0:7f00:1::]",
    "https://localhost",
    "https://rebind.example",
    "https://metadata.example",
];

const URLS: &[&str] = &[
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    "https://0.0.0.0/",
    "https://0/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/latest/meta-data/",
    "https://[fe80::1]/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://localhost/",
    "https://localhost./",
    "https://rebind.example/",
    "https://metadata.example/",
    "http://127.0.0.1/",
    "file:///etc/passwd",
];
