//! The header that a key stands in.

use claviger_sdk::http::Request;
use claviger_sdk::{Credential, Failure};

/// What the key is put in the place of.
const VALUE: &str = "{value}";

/// The request with the key of `of`, in the header that `service` names and as it writes it.
pub fn with_key(
    request: Request,
    service: &Credential,
    of: &Credential,
) -> Result<Request, Failure> {
    let name = service.field("header").unwrap_or("authorization");
    let template =
        service
            .field("header_template")
            .unwrap_or(if name.eq_ignore_ascii_case("authorization") {
                "Bearer {value}"
            } else {
                VALUE
            });
    Ok(request.header(name, template.replace(VALUE, of.secret("api_key")?)))
}
