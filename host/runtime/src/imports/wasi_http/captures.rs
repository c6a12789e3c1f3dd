//! What a request's `claviger-capture` headers ask for.

use http::HeaderMap;
use wasmtime_wasi_http::Error;

use super::errors::invalid;
use crate::egress::{Capture, WantedSource};

/// The header of a request that names captures.
const HEADER: &str = "claviger-capture";

/// Takes the captures out of the headers.
pub(super) fn taken(headers: &mut HeaderMap) -> Result<Vec<Capture>, Error> {
    let mut captures = Vec::new();
    for value in headers.get_all(HEADER) {
        let text = value.to_str();
        let text = text.map_err(|_| invalid("`claviger-capture` isn't text"))?;
        captures.extend(line(text)?);
    }
    headers.remove(HEADER);
    Ok(captures)
}

/// One header's captures: names, or one name and its source.
fn line(text: &str) -> Result<Vec<Capture>, Error> {
    let Some((name, source)) = text.split_once('=') else {
        let names = text.split(',').map(str::trim);
        let names = names.filter(|name| !name.is_empty());
        return Ok(names
            .map(|name| capture(name, WantedSource::Declared))
            .collect());
    };
    let source = match source.split_once(':') {
        Some(("json-pointer", pointer)) => WantedSource::JsonPointer(pointer.to_owned()),
        Some(("header", name)) => WantedSource::Header(name.to_ascii_lowercase()),
        Some(("pattern", pattern)) => WantedSource::Pattern(pattern.to_owned()),
        _ => {
            return Err(invalid(
                "`claviger-capture` is neither names, nor a name and a source as `token=json-pointer:/access_token`",
            ));
        }
    };
    Ok(vec![capture(name, source)])
}

fn capture(name: &str, source: WantedSource) -> Capture {
    Capture {
        name: name.trim().to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lines: &[&'static str]) -> Result<Vec<Capture>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("*/*"));
        for line in lines {
            headers.append(HEADER, HeaderValue::from_static(line));
        }
        let captures = taken(&mut headers)?;
        assert_eq!(headers.len(), 1, "nothing of it leaves");
        Ok(captures)
    }

    #[test]
    fn names_and_sources() {
        let captures = of(&[
            "token, refresh",
            "",
            "key=json-pointer:/a=b,c",
            "other=header:X-New",
            "third=pattern:<t>([^<]+)</t>",
        ]);
        assert_eq!(
            captures.expect("captures"),
            [
                capture("token", WantedSource::Declared),
                capture("refresh", WantedSource::Declared),
                capture("key", WantedSource::JsonPointer("/a=b,c".to_owned())),
                capture("other", WantedSource::Header("x-new".to_owned())),
                capture("third", WantedSource::Pattern("<t>([^<]+)</t>".to_owned())),
            ]
        );
        assert!(of(&[]).expect("captures").is_empty());
    }

    #[test]
    fn a_source_of_no_known_sort_is_an_error() {
        for line in ["token=", "token=/access_token", "token=xpath:/a"] {
            assert!(of(&[line]).is_err(), "{line}");
        }
    }
}
