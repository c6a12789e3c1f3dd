//! Secrets that are easy to find are put through everything that a server does, and then looked for everywhere.

use base64::Engine as _;
use serde_json::json;

use super::support::client::{Answer, User};
use super::support::providers::{garbage, openai, slack};
use super::support::server::Site;
use super::support::trace::{Canary, each, files};
use super::support::upstream::Reply;

const OPENAI_KEY: &str = "sk-proj-CANARYopenai+T3BlbkFJ/9fQzXw==7hM2qZ";
const REVOKED_KEY: &str = "sk-proj-CANARYrevoked-T3BlbkFJ-4vNcRt8kLp0";
const BOT_TOKEN: &str = "xoxb-5551234567890-CANARYbot-kJ8sTq3mVb7y";
const APP_TOKEN: &str = "xapp-1-A0CANARY-5551234567890-f00dfacecafe";
const SIGNING_SECRET: &str = "c4na4ry51gn1ng53cr37c4na4ry51gn1";
const OPAQUE: &str = "pä55wörd \"with\" CANARY\\quotes & <ångström>";
const REFUSED_KEY: &str = "not-a-slack-token-CANARY-zzz-8813";
const DELETED_KEY: &str = "sk-proj-CANARYdeleted-T3BlbkFJ-1qAzXsW2eDc";
const USER_PASSWORD: &str = "CANARY user's password, long enough";
const WRONG_PASSWORD: &str = "CANARY mistyped password 90210";
const ADMIN_PASSWORD: &str = "CANARY administrator's password";
const MASTER_KEY: [u8; 32] = *b"CANARY\x00master\xffkey\x80of-32-byte!!\x01\x02";

#[tokio::test]
async fn a_secret_leaves_no_trace() {
    let openai = openai::start().await;
    let slack = slack::start().await;
    openai.answers(OPENAI_KEY, openai::good_with_limit(17));
    openai.answers(REVOKED_KEY, openai::revoked_echoing(REVOKED_KEY));
    slack.answers(BOT_TOKEN, slack::good());
    slack.answers(APP_TOKEN, slack::good_app());
    let master = base64::engine::general_purpose::STANDARD.encode(MASTER_KEY);
    let site = Site::new()
        .await
        .provider(&openai)
        .provider(&slack)
        .variable("CLAVIGER_MASTER_KEY", &master)
        .variable("CLAVIGER_ADMIN_PASSWORD", ADMIN_PASSWORD);

    let server = site.start().await;
    let admin = User::log_in(&server.http, "admin", ADMIN_PASSWORD).await;
    let tokens = work(&admin, &openai).await;
    let record = server.http.record();
    // The write-ahead log stays behind when a server is killed: that is looked through, too.
    let site = server.kill().await;

    let canaries: Vec<Canary> = [
        OPENAI_KEY,
        REVOKED_KEY,
        BOT_TOKEN,
        APP_TOKEN,
        SIGNING_SECRET,
        OPAQUE,
        REFUSED_KEY,
        DELETED_KEY,
        USER_PASSWORD,
        WRONG_PASSWORD,
        ADMIN_PASSWORD,
        &master,
    ]
    .into_iter()
    .map(Canary::new)
    .chain([Canary::new(MASTER_KEY)])
    .chain(tokens.iter().map(Canary::new))
    .collect();

    for answer in record.iter().filter(|answer| !answer.reveals) {
        absent(&canaries, &answer.all(), &answer.asked);
    }
    look_through(&site, &canaries);

    // After a proper end, too, when the write-ahead log was folded in.
    let (site, status) = site.start().await.stop().await;
    assert!(status.success(), "{status}");
    look_through(&site, &canaries);

    // Where secrets were meant to go, they went: else all of the above proves nothing.
    assert!(
        openai
            .upstream
            .requests()
            .iter()
            .any(|request| request.raw_text().contains(OPENAI_KEY))
    );
    let revealed: String = record
        .iter()
        .filter(|answer| answer.reveals)
        .map(Answer::text)
        .collect();
    assert!(revealed.contains(OPENAI_KEY) && revealed.contains(SIGNING_SECRET));
}

/// A full day, failures included. Gives the tokens that were handed out.
#[expect(clippy::too_many_lines, reason = "a day, told in its order")]
async fn work(admin: &User, openai: &super::support::providers::Provider) -> Vec<String> {
    let workspace = admin.workspace(&admin.default_workspace().await);
    let key = workspace
        .create_api_key("openai", "OPENAI", OPENAI_KEY)
        .await;
    workspace
        .create_api_key("revoked", "OPENAI", REVOKED_KEY)
        .await;
    let body = json!({"name": "slack", "bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "signing_secret": SIGNING_SECRET});
    let bot = workspace.create("slack", &body).await;
    admin.store("opaque", "database", "postgres", OPAQUE).await;
    let deleted = workspace
        .create_api_key("deleted", "OPENAI", DELETED_KEY)
        .await;

    // What fails, with secrets in it: a taken name, a bad token, a wrong type, broken JSON, a body that is no object.
    workspace.try_create("slack", &body).await.expect(400);
    workspace
        .try_create(
            "slack",
            &json!({"name": "refused", "bot_token": REFUSED_KEY}),
        )
        .await
        .expect(422);
    workspace
        .try_create(
            "api-key",
            &json!({"name": "wrong", "provider": "OPENAI", "api_key": [OPENAI_KEY]}),
        )
        .await
        .expect(422);
    workspace
        .try_create(
            "api-key",
            &json!({"name": OPENAI_KEY, "provider": 5, "api_key": OPENAI_KEY}),
        )
        .await
        .expect(422);
    workspace.try_create("api-key", &json!([OPENAI_KEY])).await;
    let broken = format!(
        "{{\"name\": \"broken\", \"provider\": \"OPENAI\", \"api_key\": \"{OPENAI_KEY}\" oops"
    );
    let answer = admin
        .ask("POST", &workspace.path("/api-key"))
        .body("application/json", broken)
        .send()
        .await;
    assert!(answer.status >= 400, "{answer}");
    let body = json!({"name": "p", "credential_type": "database", "provider": "postgres", "value": OPAQUE, "expires_at": OPAQUE});
    assert!(admin.send("POST", "/credentials", body).await.status >= 400);
    workspace
        .get(&format!("{key}?include_secret={REFUSED_KEY}"))
        .await;

    for name in ["openai", "revoked", "slack", "opaque"] {
        admin.test(name).await;
    }
    openai.answers(OPENAI_KEY, garbage());
    admin.test("openai").await;
    openai.answers(
        OPENAI_KEY,
        Reply::body(500, "text/plain", format!("who are you, {OPENAI_KEY}?")),
    );
    admin.test("openai").await;
    admin.post("/health/check-all").await.expect(200);

    for id in [&key, &bot, &deleted] {
        workspace.reveal(id).await.expect(200);
        workspace.get(id).await.expect(200);
    }
    workspace
        .update(&key, json!({"description": "changed"}))
        .await
        .expect(200);
    workspace.deactivate(&key).await.expect(200);
    workspace.activate(&key).await.expect(200);
    workspace.delete(&deleted).await.expect(200);
    workspace.list("").await.expect(200);
    admin.get("/credentials").await.expect(200);
    admin.get("/credentials/openai").await.expect(200);

    // People and their tokens.
    let (user, _) = admin.make_user("someone", USER_PASSWORD, false).await;
    let body = json!({"username": "someone", "password": WRONG_PASSWORD});
    admin
        .http
        .ask("POST", "/v1/token")
        .json(&body)
        .send()
        .await
        .expect(401);
    let refreshed = user
        .ask("POST", "/v1/token/refresh")
        .reveals()
        .send()
        .await
        .expect(200)
        .json();
    let refreshed = refreshed["data"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let again = User {
        http: user.http.clone(),
        token: refreshed.clone(),
    };
    again.post("/v1/token/revoke").await.expect(200);
    again.get("/credentials").await.expect(401);
    admin.get("/admin/users").await.expect(200);
    admin.get("/admin/plugins").await.expect(200);
    admin.audit_log().await;
    vec![admin.token.clone(), user.token.clone(), refreshed]
}

fn look_through(site: &Site, canaries: &[Canary]) {
    absent(canaries, site.stdout().as_bytes(), "stdout");
    absent(canaries, site.stderr().as_bytes(), "stderr");
    assert!(
        site.stderr().len() + site.stdout().len() > 1000,
        "nothing was logged: there was nothing to look through"
    );
    let files = files(&site.data());
    assert!(!files.is_empty());
    for (path, content) in files {
        absent(canaries, &content, &path.display().to_string());
    }
    if let Some(dump) = site.database.dump() {
        absent(canaries, &dump, "the PostgreSQL dump");
    }
}

#[track_caller]
fn absent(canaries: &[Canary], haystack: &[u8], whence: &str) {
    for canary in canaries {
        canary.assert_absent(haystack, whence);
    }
}

#[test]
fn a_canary_is_found_in_whatever_form_it_was_left_behind() {
    let secret = "kä\"secret/of+some=length";
    let canary = Canary::new(secret);
    let standard = base64::engine::general_purpose::STANDARD;
    let left = [
        secret.to_owned(),
        json!({ "key": secret }).to_string(),
        each(secret.as_bytes(), |byte| format!("{byte:02x}")),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        standard.encode(secret),
        standard.encode(format!("x{secret}y")),
        standard.encode(format!("xy{secret}yz")),
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("user:{secret}")),
        format!("{:?}", secret.as_bytes()),
    ];
    for text in left {
        assert!(
            canary
                .found_in(format!("before {text} after").as_bytes())
                .is_some(),
            "{text}"
        );
    }
    assert!(
        canary
            .found_in(b"before kA\"secret/of+some=lengt after")
            .is_none()
    );
}
