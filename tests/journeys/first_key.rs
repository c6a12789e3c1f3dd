//! A first day with the server: keys are stored, tested by their plugins, read back, and all of it is in the audit log.

use serde_json::{Value, json};

use super::support::providers::{openai, slack};
use super::support::server::Site;

const KEY: &str = "sk-proj-1fYq0Zr8KJ5rWwGmYx2T3BlbkFJb9cVdS7nQp4";
const BOT_TOKEN: &str = "xoxb-1234567890-abcdefghij-K1l2M3n4";
const SIGNING_SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

#[tokio::test]
async fn a_first_day() {
    let openai = openai::start().await;
    let slack = slack::start().await;
    openai.answers(KEY, openai::good_with_limit(4999));
    slack.answers(BOT_TOKEN, slack::good());
    let server = Site::new()
        .await
        .provider(&openai)
        .provider(&slack)
        .start()
        .await;
    let admin = server.admin().await;
    let workspace = admin.workspace(&admin.default_workspace().await);

    let key = workspace
        .create_api_key("OpenAI API Key", "OPENAI", KEY)
        .await;
    let bot = json!({"name": "Slack Workspace", "bot_token": BOT_TOKEN, "signing_secret": SIGNING_SECRET});
    let bot = workspace.create("slack", &bot).await;

    // Each is tested by its plugin, with the true secret at the provider and nowhere else.
    let tested = admin.test("OpenAI%20API%20Key").await;
    assert_eq!(tested["status"], "healthy", "{tested}");
    assert_eq!(tested["credential"], "OpenAI API Key");
    assert_eq!(tested["details"]["authenticated"], true);
    assert_eq!(tested["details"]["rate_limit_remaining"], 4999);
    assert!(tested["response_time_ms"].is_u64(), "{tested}");
    assert_eq!(
        openai.upstream.only_request().header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );

    let tested = admin.test("Slack%20Workspace").await;
    assert_eq!(tested["status"], "healthy", "{tested}");
    for request in slack.upstream.requests() {
        assert_eq!(
            request.header("authorization"),
            Some(format!("Bearer {BOT_TOKEN}").as_str())
        );
        assert!(!request.raw_text().contains(SIGNING_SECRET));
    }

    // Without the secret, and with it.
    let plain = workspace.get(&key).await.expect(200).json();
    assert_eq!(plain["data"].get("credential_data"), None, "{plain}");
    assert_eq!(plain["data"]["name"], "OpenAI API Key");
    let revealed = workspace.reveal(&key).await.expect(200).json();
    assert_eq!(revealed["data"]["credential_data"], json!({"api_key": KEY}));
    let revealed = workspace.reveal(&bot).await.expect(200).json();
    assert_eq!(
        revealed["data"]["credential_data"],
        json!({"bot_token": BOT_TOKEN, "signing_secret": SIGNING_SECRET})
    );

    // The log has each of these, with who did it, and no secret.
    let log = admin.audit_log().await;
    for (name, action) in [
        ("OpenAI API Key", "create"),
        ("OpenAI API Key", "test"),
        ("OpenAI API Key", "reveal"),
        ("Slack Workspace", "create"),
        ("Slack Workspace", "test"),
        ("Slack Workspace", "reveal"),
    ] {
        assert!(
            log.iter().any(|entry| is(entry, name, action)),
            "no {action} of {name} in {log:#?}"
        );
    }
    assert!(
        log.iter()
            .all(|entry| entry["actor"].is_string() && entry["timestamp"].is_string())
    );
    let text = Value::from(log).to_string();
    assert!(
        ![KEY, BOT_TOKEN, SIGNING_SECRET]
            .iter()
            .any(|secret| text.contains(secret)),
        "{text}"
    );
}

fn is(entry: &Value, name: &str, action: &str) -> bool {
    let acted = entry["action"].as_str().unwrap_or_default();
    entry["credential_name"] == name && acted.contains(action) && entry["success"] == true
}
