//! Logging in, and what becomes of a token.
//!
//! A token's signature is verified once. From then on its blake3 hash stands for it in a bounded memory, and a request
//! costs a hash and a look-up, no SQL. What ends a token early is seen at the next request all the same: its own
//! revocation by its id, and a change of its user by the users' generation.

use std::sync::Arc;

use claviger_runtime::secret::Secret;
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::caller::{Caller, Session};
use super::crowd::Asker;
use super::error::{AuthError, LogInError};
use super::memory::TokenHash;
use super::news::{News, Told};
use super::revocation::Revocation;
use super::token::{Claims, LONGEST_TOKEN, TokenId};
use super::username::Username;
use super::{Identity, action};
use crate::Vault;
use crate::audit::{Applied, Author, NewEntry};
use crate::error::InternalError;
use crate::ids::UserId;
use crate::request::RequestInfo;
use crate::store::identity as rows;

/// The most of a name that was given at a login that the log repeats, in characters.
const NAME_SHOWN: usize = 64;

/// A token that was issued just now. It is shown to its user once and kept nowhere.
pub struct IssuedToken {
    /// The token.
    pub token: Zeroizing<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Vault {
    /// Issues a token to who knows a user's password. Its entry in the log is durable before the token is handed out.
    pub async fn log_in(
        &self,
        username: &str,
        password: Secret,
        request: &RequestInfo,
    ) -> Result<IssuedToken, LogInError> {
        let name = Username::parse(username).ok().map(|name| name.folded());
        let account = match &name {
            Some(name) => {
                let mut reader = self.inner.database.read().await?;
                rows::account_named(&mut reader, name).await?
            }
            None => None,
        };
        // Who may not log in is treated like one who doesn't exist, down to the time that it takes.
        let account = account.filter(|account| account.user.active);
        let hash = account
            .as_ref()
            .map(|account| account.password_hash.clone());
        let asker = Asker {
            address: request.address,
            name,
        };
        let passwords = &self.inner.identity.passwords;
        let right = passwords.verify(password, hash, asker).await?;
        let Some(account) = account.filter(|_| right) else {
            let name = username
                .chars()
                .filter(|shown| !shown.is_control())
                .take(NAME_SHOWN)
                .collect::<String>();
            let stranger = NewEntry::new(Author::Stranger { name: name.into() }, action::LOG_IN);
            self.inner
                .identity
                .denials
                .record(stranger.request(request.clone()).failed());
            return Err(LogInError::Refused);
        };
        let (issued, id) = self
            .sign(account.user.id, account.era)
            .map_err(LogInError::Unavailable)?;
        let author = Author::User {
            id: account.user.id,
            name: account.user.username.as_str().into(),
        };
        let entry = NewEntry::new(author, action::LOG_IN)
            .request(request.clone())
            .detail("token", id.to_string());
        self.inner.audit.commit(entry, None).await?;
        Ok(issued)
    }

    /// Whose token it is, if it still is anybody's.
    pub async fn authenticate(
        &self,
        token: &str,
        request: &RequestInfo,
    ) -> Result<Caller, AuthError> {
        if token.is_empty() {
            return Err(AuthError::Missing);
        }
        if token.len() > LONGEST_TOKEN {
            return Err(AuthError::Invalid);
        }
        let memory = &self.inner.identity.memory;
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        let session = match memory.session(&hash) {
            Some(session) => session,
            None => self.recognise(token, hash).await?,
        };
        if session.expires_at <= self.now() {
            memory.forget_session(&hash);
            return Err(AuthError::Expired);
        }
        if memory.is_revoked(&session.token) {
            return Err(AuthError::Revoked);
        }
        Ok(Caller::new(session, request))
    }

    /// Gives a new token for the caller's, which ends in the same change.
    pub async fn refresh_token(&self, caller: &Caller) -> Result<IssuedToken, AuthError> {
        let session = caller.session();
        let (issued, id) = self
            .sign(session.user, session.era)
            .map_err(AuthError::Unavailable)?;
        let entry = NewEntry::by(caller.actor(), action::TOKEN_REFRESH)
            .detail("token", session.token.to_string())
            .detail("new_token", id.to_string());
        match self.revoke(entry, session).await? {
            Applied::Done => Ok(issued),
            // Another request was faster: one token has one successor.
            Applied::Refused(_) => Err(AuthError::Revoked),
        }
    }

    /// Ends the caller's token: it is refused from the next request on.
    pub async fn revoke_token(&self, caller: &Caller) -> Result<(), AuthError> {
        let session = caller.session();
        let entry = NewEntry::by(caller.actor(), action::TOKEN_REVOKE)
            .detail("token", session.token.to_string());
        // Refused means that another request ended it first, or all of its user's, which is what was wanted.
        match self.revoke(entry, session).await {
            Ok(_) | Err(AuthError::Revoked) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn revoke(&self, entry: NewEntry, session: &Session) -> Result<Applied, AuthError> {
        let (token, expires_at) = (session.token, session.expires_at);
        let change = Revocation {
            token,
            expires_at,
            now: self.now(),
        };
        let news = News::Revoked { token, expires_at };
        let change = Told::boxed(change, news, &self.inner.identity.memory);
        Ok(self.inner.audit.commit(entry, Some(change)).await?.applied)
    }

    fn sign(&self, user: UserId, era: i64) -> Result<(IssuedToken, TokenId), InternalError> {
        let id = TokenId::draw();
        let issued_at = self.now().as_second();
        let expires_at = Timestamp::from_second(issued_at)
            .and_then(|issued| issued.checked_add(self.inner.identity.token_lifetime))
            .map_err(InternalError::new)?;
        let claims = Claims::new(user, id, issued_at, expires_at.as_second(), era);
        let token = self.inner.identity.key.sign(&claims)?;
        Ok((IssuedToken { token, expires_at }, id))
    }

    /// Verifies a token that isn't remembered, and remembers it.
    async fn recognise(&self, token: &str, hash: TokenHash) -> Result<Arc<Session>, AuthError> {
        let Identity { memory, key, .. } = &self.inner.identity;
        let claims = key.verify(token).ok_or(AuthError::Invalid)?;
        let id = TokenId::parse(&claims.jti).ok_or(AuthError::Invalid)?;
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| AuthError::Invalid)?;
        // Both are known without the database, which a stranger with an old token needn't reach.
        if expires_at <= self.now() {
            return Err(AuthError::Expired);
        }
        if memory.is_revoked(&id) {
            return Err(AuthError::Revoked);
        }
        let read_in = memory.users.generation();
        let mut reader = self.inner.database.read().await?;
        if rows::is_revoked(&mut reader, id).await? {
            return Err(AuthError::Revoked);
        }
        let account = rows::account(&mut reader, claims.sub).await?;
        let account = account.filter(|account| account.user.active && account.era == claims.era);
        let Some(account) = account else {
            return Err(AuthError::Revoked);
        };
        let session = Arc::new(Session {
            user: account.user.id,
            username: account.user.username.as_str().into(),
            administrator: account.user.administrator,
            home_workspace: account.user.home_workspace,
            token: id,
            expires_at,
            era: account.era,
        });
        memory.remember_session(hash, Arc::clone(&session), read_in);
        Ok(session)
    }
}
