//! Users, made, listed and changed by those who may.

use claviger_runtime::secret::Secret;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::action;
use super::error::IdentityError;
use super::news::{News, Told};
use super::username::Username;
use crate::Vault;
use crate::audit::{Applied, Author, Change, NewEntry, Refusal};
use crate::error::Problem;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{ServerPermit, user};
use crate::store::{StoreError, Transaction, identity as rows, leases};

/// Why the leases of somebody who was disabled end.
const DISABLED: &str = "its holder may no longer log in";

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name that the user logs in by.
    pub username: Username,
    /// Whether the user administers the server. It gives no access to a workspace.
    pub administrator: bool,
    /// Whether the user may log in.
    pub active: bool,
    /// The workspace that the user works in when a request names none.
    pub home_workspace: WorkspaceId,
    /// When the user was made.
    pub created_at: Timestamp,
}

/// A user to be made.
pub struct NewUser {
    /// A [`Username`], as it was given.
    pub username: String,
    /// 8 to 1024 bytes.
    pub password: Secret,
    /// Whether the user is to administer the server.
    pub administrator: bool,
    /// The user's home; without it, that of who makes the user. It makes nobody a member.
    pub home_workspace: Option<WorkspaceId>,
}

impl Vault {
    /// All users, in the order of their names.
    pub async fn users(&self, _: &ServerPermit<user::Manage>) -> Result<Vec<User>, IdentityError> {
        let mut reader = self.inner.database.read().await?;
        Ok(rows::users(&mut reader).await?)
    }

    /// Makes a user, who is a member of no workspace yet.
    pub async fn create_user(
        &self,
        permit: &ServerPermit<user::Manage>,
        new: NewUser,
    ) -> Result<User, IdentityError> {
        let username = Username::parse(&new.username).map_err(|error| {
            IdentityError::Invalid(vec![Problem::new("username", error.to_string())])
        })?;
        let password_hash = self.inner.identity.passwords.hash(new.password).await?;
        let home_workspace = match new.home_workspace {
            Some(workspace) => workspace,
            None => self.home_of(permit.actor().user).await?,
        };
        let user = User {
            id: UserId::random(),
            username,
            administrator: new.administrator,
            active: true,
            home_workspace,
            created_at: self.now(),
        };
        let entry = NewEntry::by(permit.actor(), action::USER_CREATE)
            .target(user.username.as_str())
            .detail("user", user.id.to_string())
            .detail("administrator", user.administrator);
        let change = Creation {
            user: user.clone(),
            password_hash,
        };
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?
            .applied
        {
            Applied::Done => Ok(user),
            Applied::Refused(Refusal::NameTaken) => Err(IdentityError::UsernameTaken {
                name: user.username.as_str().to_owned(),
            }),
            Applied::Refused(_) => Err(IdentityError::Invalid(vec![Problem::new(
                "home_workspace",
                "there is no such workspace",
            )])),
        }
    }

    /// Lets a user log in, or not. Tokens that a user had before being disabled stay ended, and the leases that they hold end.
    pub async fn set_user_active(
        &self,
        permit: &ServerPermit<user::Manage>,
        user: UserId,
        active: bool,
    ) -> Result<(), IdentityError> {
        if user == permit.actor().user && !active {
            // So one administrator is always left: the one who disabled the last other.
            return Err(IdentityError::Yourself);
        }
        let action = if active {
            action::USER_ENABLE
        } else {
            action::USER_DISABLE
        };
        let mut entry = NewEntry::by(permit.actor(), action);
        if !active {
            entry = entry.detail("leases_to_end", self.leases_of(user, None).await?);
        }
        self.change_user(entry, user, What::Active(active)).await
    }

    /// Changes a user's password, and ends the tokens that the user has.
    pub async fn set_user_password(
        &self,
        permit: &ServerPermit<user::Manage>,
        user: UserId,
        password: Secret,
    ) -> Result<(), IdentityError> {
        let hash = self.inner.identity.passwords.hash(password).await?;
        let entry = NewEntry::by(permit.actor(), action::USER_PASSWORD);
        self.change_user(entry, user, What::Password(hash)).await
    }

    /// Changes the password of the user of that name, for the operator at the command line, who may have no other way in.
    /// It takes no permit: who opens a vault of their own has the database and its key.
    pub async fn reset_password(
        &self,
        username: &str,
        password: Secret,
    ) -> Result<(), IdentityError> {
        let name = Username::parse(username).map_err(|_| IdentityError::NoSuchUser)?;
        let mut reader = self.inner.database.read().await?;
        let account = rows::account_named(&mut reader, &name.folded()).await?;
        drop(reader);
        let user = account.ok_or(IdentityError::NoSuchUser)?.user.id;
        let hash = self.inner.identity.passwords.hash(password).await?;
        let entry = NewEntry::new(Author::System, action::USER_PASSWORD);
        self.change_user(entry, user, What::Password(hash)).await
    }

    async fn change_user(
        &self,
        entry: NewEntry,
        user: UserId,
        what: What,
    ) -> Result<(), IdentityError> {
        let mut reader = self.inner.database.read().await?;
        let account = rows::account(&mut reader, user).await?;
        drop(reader);
        let name = account.ok_or(IdentityError::NoSuchUser)?.user.username;
        let entry = entry.target(name.as_str()).detail("user", user.to_string());
        let change = Alteration {
            user,
            what,
            now: self.now(),
        };
        match self
            .inner
            .audit
            .commit(
                entry,
                Some(Told::boxed(change, News::User, &self.inner.identity.memory)),
            )
            .await?
            .applied
        {
            Applied::Done => Ok(()),
            Applied::Refused(_) => Err(IdentityError::NoSuchUser),
        }
    }

    async fn home_of(&self, user: UserId) -> Result<WorkspaceId, IdentityError> {
        let mut reader = self.inner.database.read().await?;
        let account = rows::account(&mut reader, user).await?;
        account
            .map(|account| account.user.home_workspace)
            .ok_or(IdentityError::NoSuchUser)
    }
}

/// A user made. Refused as gone where there is no such home.
struct Creation {
    user: User,
    password_hash: String,
}

impl Change for Creation {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !rows::has_workspace(transaction, self.user.home_workspace).await? {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            let inserted = rows::insert_user(transaction, &self.user, &self.password_hash).await?;
            Ok(if inserted {
                Applied::Done
            } else {
                Applied::Refused(Refusal::NameTaken)
            })
        }
        .boxed()
    }
}

enum What {
    Active(bool),
    Password(String),
}

/// A user changed. Refused as gone where there is no such user.
struct Alteration {
    user: UserId,
    what: What,
    now: Timestamp,
}

impl Change for Alteration {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let found = match &self.what {
                What::Active(active) => {
                    if !active {
                        let (user, now) = (self.user.to_string(), self.now.as_millisecond());
                        leases::end_of_holder(transaction, &user, None, now, DISABLED).await?;
                    }
                    rows::set_active(transaction, self.user, *active, self.now).await?
                }
                What::Password(hash) => {
                    rows::set_password(transaction, self.user, hash, self.now).await?
                }
            };
            Ok(if found {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Gone)
            })
        }
        .boxed()
    }
}
