//! What the first start makes: the workspace `default`, and the administrator whose home it is.

use claviger_runtime::secret::Secret;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use zeroize::Zeroizing;

use super::action;
use super::error::IdentityError;
use super::username::Username;
use super::users::User;
use super::workspaces::Workspace;
use crate::Vault;
use crate::audit::{Applied, Author, Change, NewEntry, Refusal};
use crate::error::Problem;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;
use crate::seal::random;
use crate::store::{StoreError, Transaction, identity as rows};

/// The first administrator's name.
const ADMINISTRATOR: &str = "admin";
/// The first workspace's name.
const WORKSPACE: &str = "default";

/// What the first start made.
pub struct FirstStart {
    /// The administrator's password, where none was given: to be shown once, and kept nowhere.
    pub admin_password: Option<Zeroizing<String>>,
    /// The administrator's home.
    pub default_workspace: WorkspaceId,
}

impl Vault {
    /// Makes the first workspace and the first user, unless there is a user. Of several hosts that start at once, one
    /// does.
    pub(crate) async fn first_start(
        &self,
        password: Option<Secret>,
    ) -> Result<Option<FirstStart>, IdentityError> {
        if !rows::is_empty(&mut self.inner.database.read().await?).await? {
            return Ok(None);
        }
        let drawn = password.is_none().then(draw_password);
        let password = match (password, &drawn) {
            (Some(given), _) => given,
            (None, Some(drawn)) => Secret::new(drawn.as_bytes().to_vec()),
            (None, None) => return Ok(None),
        };
        let password_hash = self.inner.identity.passwords.hash(password).await?;
        let now = self.now();
        let workspace = Workspace {
            id: WorkspaceId::random(),
            name: WORKSPACE.to_owned(),
            created_at: now,
        };
        let username = Username::parse(ADMINISTRATOR).map_err(|error| {
            IdentityError::Invalid(vec![Problem::new("username", error.to_string())])
        })?;
        let administrator = User {
            id: UserId::random(),
            username,
            administrator: true,
            active: true,
            home_workspace: workspace.id,
            created_at: now,
        };
        let made = FirstStart {
            admin_password: drawn,
            default_workspace: workspace.id,
        };
        let entry = NewEntry::new(Author::System, action::FIRST_START)
            .within(workspace.id)
            .target(ADMINISTRATOR)
            .detail("workspace", WORKSPACE);
        let change = Beginning {
            workspace,
            administrator,
            password_hash,
        };
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?
            .applied
        {
            Applied::Done => Ok(Some(made)),
            // Another host was faster.
            Applied::Refused(_) => Ok(None),
        }
    }
}

/// 120 random bits, in letters and digits that nobody takes for one another.
fn draw_password() -> Zeroizing<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let drawn = Zeroizing::new(random::bytes::<24>());
    Zeroizing::new(
        drawn
            .iter()
            .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
            .collect(),
    )
}

struct Beginning {
    workspace: Workspace,
    administrator: User,
    password_hash: String,
}

impl Change for Beginning {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            // The workspace's name is what hosts that start at once contend for.
            if !rows::insert_workspace(transaction, &self.workspace).await?
                || !rows::insert_user(transaction, &self.administrator, &self.password_hash).await?
            {
                return Ok(Applied::Refused(Refusal::NameTaken));
            }
            let (workspace, now) = (self.workspace.id, self.workspace.created_at);
            let whole = PermissionSet::whole_workspace();
            rows::put_member(transaction, workspace, self.administrator.id, whole, now).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }
}
