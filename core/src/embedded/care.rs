//! Caring for the vault: a copy for safe keeping or for another vault, other keys, and what there is to say of its state.

use std::path::Path;

use super::{Embedded, means};
use crate::audit::Action;
use crate::backend::network;
use crate::diagnosis::Diagnosis;
use crate::error::Result;
use crate::io::Io;
use crate::moving::{Exported, ImportVault, Imported, SealFor};
use crate::options::Options;
use crate::rotation::{RotateDataKey, Rotation};
use crate::store::About;
use crate::vault::{self, KeySource, Place, whole_path};

/// The state of a vault that may not open. Waits on the disk or on PostgreSQL, on Argon2id for a passphrase, on a keyring or a
/// Transit engine.
pub(crate) fn diagnose(options: &Options) -> Result<Diagnosis> {
    let place = Place::named(options, || network(options))?;
    Ok(vault::examine(&place, &options.key, &means(options)))
}

impl<I: Io> Embedded<I> {
    pub(crate) async fn backup(&self, path: &Path) -> Result<()> {
        self.must_be_open()?;
        let to = whole_path(path)?;
        self.vault(move |vault| {
            vault.note_begun(Action::Backup, About::default())?;
            vault.store.backup(&to)
        })
        .await?;
        tracing::debug!("backup written");
        Ok(())
    }

    pub(crate) async fn change_key(&self, to: KeySource) -> Result<()> {
        self.vault(move |vault| vault.change_key(&to)).await?;
        tracing::info!("key changed");
        Ok(())
    }

    pub(crate) async fn rotate_data_key(&self, ask: RotateDataKey) -> Result<Rotation> {
        let batch = self.vault(move |vault| vault.rotate_data_key(&ask)).await?;
        tracing::debug!("keylatch.key.id" = %batch.key_id, "keylatch.resealed" = batch.resealed, "keylatch.remaining" = batch.remaining, "records resealed");
        Ok(batch)
    }

    pub(crate) async fn export_vault(&self, path: &Path, seal: SealFor) -> Result<Exported> {
        self.must_be_open()?;
        let to = whole_path(path)?;
        let done = self
            .vault(move |vault| {
                vault.note_begun(Action::Export, About::default())?;
                vault.export(&to, &seal)
            })
            .await?;
        tracing::info!(
            "keylatch.integrations" = done.integrations,
            "keylatch.connections" = done.connections,
            "vault exported"
        );
        Ok(done)
    }

    pub(crate) async fn import_vault(&self, ask: ImportVault) -> Result<Imported> {
        self.must_be_open()?;
        let ask = ImportVault { path: whole_path(&ask.path)?, ..ask };
        let dry_run = ask.dry_run;
        let done = self
            .vault(move |vault| {
                if !ask.dry_run {
                    vault.note_begun(Action::Import, About::default())?;
                }
                vault.import(&ask)
            })
            .await?;
        tracing::info!(
            "keylatch.integrations" = done.integrations,
            "keylatch.connections" = done.connections,
            "keylatch.dry_run" = dry_run,
            "vault imported"
        );
        Ok(done)
    }

    pub(crate) async fn diagnose(&self) -> Result<Diagnosis> {
        self.vault(|vault| Ok(vault.diagnose())).await
    }
}
