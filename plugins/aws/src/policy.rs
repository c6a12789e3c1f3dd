//! What a session may do: the role as it is, or no more than a session policy says.

use claviger_sdk::Failure;
use claviger_sdk::issuance::Request;
use serde_json::{Value, json};

/// The longest inline policy that STS takes, in characters.
const LONGEST_POLICY: usize = 2048;

/// The most policies by ARN that STS takes.
const MOST_ARNS: usize = 10;

/// The parameters that are known. A misspelt one could have been meant to narrow, so others are refused.
const PARAMETERS: [&str; 4] = ["external-id", "policy", "policy-arns", "resource"];

/// The parameters of `AssumeRole` that narrow the session. None of them: the session may do what its role may, which is
/// what a request without scopes and policies asks for.
pub fn of(request: &Request) -> Result<Vec<(String, String)>, Failure> {
    for parameter in &request.parameters {
        if !PARAMETERS.contains(&parameter.key.as_str()) {
            return Err(Failure::invalid_input(format!(
                "AWS issues with the parameters {}, and not with `{}`",
                PARAMETERS.join(", "),
                parameter.key
            )));
        }
    }
    let (policy, arns) = (
        request.parameter("policy"),
        request.parameter("policy-arns"),
    );
    if !request.scopes.is_empty() {
        // Several session policies allow what any of them allows.
        if policy.is_some() || arns.is_some() {
            return Err(Failure::invalid_input(
                "either scopes or a policy: together they would allow more than the scopes",
            ));
        }
        let policy = allowing(&request.scopes, request.parameter("resource"))?;
        return Ok(vec![("Policy".to_owned(), short(policy.to_string())?)]);
    }
    if request.parameter("resource").is_some() {
        return Err(Failure::invalid_input(
            "`resource` narrows scopes, and there are none",
        ));
    }
    let mut narrowed = Vec::new();
    if let Some(policy) = policy {
        let is_policy = serde_json::from_str::<Value>(policy).is_ok_and(|it| it.is_object());
        if !is_policy {
            return Err(Failure::invalid_input("`policy` is not a policy in JSON"));
        }
        narrowed.push(("Policy".to_owned(), short(policy.to_owned())?));
    }
    if let Some(arns) = arns {
        let arns = list("policy-arns", arns)?;
        if arns.len() > MOST_ARNS {
            return Err(Failure::invalid_input(format!(
                "`policy-arns` are at most {MOST_ARNS}"
            )));
        }
        for (number, arn) in (1..).zip(arns) {
            narrowed.push((format!("PolicyArns.member.{number}.arn"), arn.to_owned()));
        }
    }
    Ok(narrowed)
}

/// A policy that allows these actions, on the resources named or on all, and nothing else.
fn allowing(scopes: &[String], resource: Option<&str>) -> Result<Value, Failure> {
    if let Some(scope) = scopes.iter().find(|scope| !is_action(scope)) {
        return Err(Failure::invalid_input(format!(
            "`{scope}` is no IAM action; write `s3:GetObject`"
        )));
    }
    let resources = match resource {
        Some(resources) => list("resource", resources)?,
        None => vec!["*"],
    };
    Ok(json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": scopes, "Resource": resources }],
    }))
}

/// A service and an action of it, which may have wildcards.
fn is_action(scope: &str) -> bool {
    let Some((service, action)) = scope.split_once(':') else {
        return false;
    };
    let is_name = |text: &str, more: &[u8]| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !text.is_empty() && text.bytes().all(fits)
    };
    is_name(service, b"-") && is_name(action, b"*?")
}

/// ARNs between commas, one at least: an empty list would be no limit at all.
fn list<'t>(name: &str, text: &'t str) -> Result<Vec<&'t str>, Failure> {
    let arns: Vec<&str> = text.split(',').map(str::trim).collect();
    if arns.iter().all(|arn| arn.starts_with("arn:")) {
        Ok(arns)
    } else {
        Err(Failure::invalid_input(format!(
            "`{name}` is one ARN or several with commas between them"
        )))
    }
}

fn short(policy: String) -> Result<String, Failure> {
    if policy.chars().count() > LONGEST_POLICY {
        return Err(Failure::invalid_input(format!(
            "the session policy is longer than the {LONGEST_POLICY} characters that AWS takes"
        )));
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use claviger_sdk::Attribute;

    use super::*;

    fn asked(
        scopes: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>, String> {
        let parameter = |(key, value): &(&str, &str)| Attribute {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        let request = Request {
            ttl_seconds: 900,
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            parameters: parameters.iter().map(parameter).collect(),
        };
        of(&request).map_err(|failure| failure.message)
    }

    #[test]
    fn scopes_are_all_that_is_allowed() {
        let policy = |asked: Result<Vec<(String, String)>, String>| {
            let asked = asked.expect("a policy");
            assert_eq!((asked.len(), asked[0].0.as_str()), (1, "Policy"));
            serde_json::from_str::<Value>(&asked[0].1).expect("JSON")["Statement"].clone()
        };
        assert_eq!(
            policy(asked(&["s3:GetObject", "ec2:Describe*"], &[])),
            json!([{ "Effect": "Allow", "Action": ["s3:GetObject", "ec2:Describe*"], "Resource": ["*"] }])
        );
        let resource = [("resource", "arn:aws:s3:::b, arn:aws:s3:::b/*")];
        assert_eq!(
            policy(asked(&["s3:*"], &resource))[0]["Resource"],
            json!(["arn:aws:s3:::b", "arn:aws:s3:::b/*"])
        );
        assert_eq!(asked(&[], &[]), Ok(Vec::new()));
        let arns = asked(
            &[],
            &[("policy-arns", "arn:aws:iam::aws:policy/ReadOnlyAccess")],
        );
        assert_eq!(arns.expect("a policy")[0].0, "PolicyArns.member.1.arn");
    }

    #[test]
    fn nothing_widens_what_was_asked_for() {
        let scope = &["s3:GetObject"][..];
        let long = "s3:".to_owned() + &"a".repeat(2048);
        for (scopes, parameters) in [
            (&["*"][..], &[][..]),
            (&["s3"], &[]),
            (&["s3:Get Object"], &[]),
            (&[long.as_str()], &[]),
            (scope, &[("policy", "{}")]),
            (scope, &[("policy-arns", "arn:aws:iam::aws:policy/A")]),
            (scope, &[("resource", "")]),
            (scope, &[("resource", "*")]),
            (&[], &[("resource", "arn:aws:s3:::b")]),
            (&[], &[("polcy", "{}")]),
            (&[], &[("policy", "allow")]),
            (&[], &[("policy-arns", "")]),
        ] {
            assert!(
                asked(scopes, parameters).is_err(),
                "{scopes:?} {parameters:?}"
            );
        }
    }
}
