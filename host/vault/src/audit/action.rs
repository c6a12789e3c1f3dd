//! What the log calls what was done.

/// A credential was stored.
pub const CREDENTIAL_CREATE: &str = "credential.create";
/// What is known of a credential was changed.
pub const CREDENTIAL_UPDATE: &str = "credential.update";
/// A secret was handed out.
pub const CREDENTIAL_REVEAL: &str = "credential.reveal";
/// A credential was made active.
pub const CREDENTIAL_ACTIVATE: &str = "credential.activate";
/// A credential was made inactive.
pub const CREDENTIAL_DEACTIVATE: &str = "credential.deactivate";
/// A credential was retired: made inactive by someone who may delete.
pub const CREDENTIAL_RETIRE: &str = "credential.retire";
/// A credential was deleted and its ciphertext shredded.
pub const CREDENTIAL_DELETE: &str = "credential.delete";
/// A provider is about to be asked whether a credential works.
pub const CREDENTIAL_TEST_INTENT: &str = "credential.test.intent";
/// What came of asking.
pub const CREDENTIAL_TEST: &str = "credential.test";
/// A credential is about to be put to use in a place.
pub const CREDENTIAL_APPLY_INTENT: &str = "credential.apply.intent";
/// What came of it.
pub const CREDENTIAL_APPLY: &str = "credential.apply";
/// A target is about to be given a credential's secret anew.
pub const CREDENTIAL_REFRESH_INTENT: &str = "credential.refresh.intent";
/// What came of it.
pub const CREDENTIAL_REFRESH: &str = "credential.refresh";
/// A place where a credential is in use was taken off the record.
pub const PLACE_FORGET: &str = "place.forget";
/// A place where a credential is in use was found.
pub const PLACE_FOUND: &str = "place.found";
/// n8n is about to be asked what it has.
pub const SYNC_INTENT: &str = "sync.intent";
/// What came of it.
pub const SYNC: &str = "sync";
/// A credential's secret is about to be replaced.
pub const CREDENTIAL_ROTATE_INTENT: &str = "credential.rotate.intent";
/// A rotation that was interrupted goes on.
pub const CREDENTIAL_ROTATE_RESUME: &str = "credential.rotate.resume";
/// There is a new secret; it isn't in use yet.
pub const CREDENTIAL_ROTATE_CREATED: &str = "credential.rotate.created";
/// The new secret was tested, as far as it can be.
pub const CREDENTIAL_ROTATE_VERIFIED: &str = "credential.rotate.verified";
/// What a rotation that goes wrong left at the provider is about to be undone.
pub const CREDENTIAL_ROTATE_UNDO: &str = "credential.rotate.undo";
/// Alert: undoing a rotation was given up; what it made may be left at the provider.
pub const CREDENTIAL_ROTATE_ABANDON_FAILED: &str = "credential.rotate.abandon.failed";
/// A credential's secret was replaced.
pub const CREDENTIAL_ROTATE: &str = "credential.rotate";
/// A rotation failed; the secret is the one that it was.
pub const CREDENTIAL_ROTATE_FAILED: &str = "credential.rotate.failed";
/// Alert: nobody knows what a rotation did at the provider; the secret may be lost.
pub const CREDENTIAL_ROTATE_UNKNOWN: &str = "credential.rotate.unknown";
/// An earlier version of a secret is about to be gone back to.
pub const CREDENTIAL_ROLLBACK_INTENT: &str = "credential.rollback.intent";
/// An earlier version of a secret is in use again, or it turned out that it can't be.
pub const CREDENTIAL_ROLLBACK: &str = "credential.rollback";
/// A provider is about to be asked to make an ended version of a secret work again.
pub const CREDENTIAL_VERSION_RESTORE_INTENT: &str = "credential.version.restore.intent";
/// The provider didn't make an ended version work again.
pub const CREDENTIAL_VERSION_RESTORE_FAILED: &str = "credential.version.restore.failed";
/// A provider is about to be asked to end an earlier version of a secret.
pub const CREDENTIAL_VERSION_RETIRE_INTENT: &str = "credential.version.retire.intent";
/// An earlier version of a secret doesn't work any more.
pub const CREDENTIAL_VERSION_RETIRE: &str = "credential.version.retire";
/// An earlier version of a secret couldn't be ended. Alert, where it isn't tried again: it may still work.
pub const CREDENTIAL_VERSION_RETIRE_FAILED: &str = "credential.version.retire.failed";
/// Connections may lead to an origin.
pub const ORIGIN_APPROVE: &str = "origin.approve";
/// Connections may no longer lead to an origin.
pub const ORIGIN_WITHDRAW: &str = "origin.withdraw";
/// A plugin wanted something that it may not do.
pub const EGRESS_DENIED: &str = "egress.denied";
/// A plugin was shown secrets of a call themselves.
pub const SECRET_SHOWN: &str = "secret.shown";
/// A caller wanted something that they may not do.
pub const DENIED: &str = "denied";
/// A plugin's file got what it asks for by itself.
pub const PLUGIN_GRANTED: &str = "plugin.granted";
/// An operator granted a plugin's file what it asks for.
pub const PLUGIN_APPROVED: &str = "plugin.approved";
/// An operator took a plugin's grant back.
pub const PLUGIN_WITHDRAWN: &str = "plugin.withdrawn";
/// A plugin serves from now on.
pub const PLUGIN_LOADED: &str = "plugin.loaded";
/// A plugin's file can't serve.
pub const PLUGIN_REFUSED: &str = "plugin.refused";
/// A plugin failed too often and doesn't serve for a while.
pub const PLUGIN_QUARANTINED: &str = "plugin.quarantined";
