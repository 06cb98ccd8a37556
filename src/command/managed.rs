//! A run's account of managed agents, from the first look at it to the last thing taken away.

use std::{fmt::Write as _, path::Path, sync::Arc};

use tokio::runtime::Runtime;

use super::{Failure, execute::Abandon, run::failed, tell};
use crate::{
    platform::{Account, Family, Kind, Mark, Swept, sweep},
    record::{BEHIND_A_SERVER, Manifest, Record},
    serve::ORGANIZATION,
};

/// What helps where nobody is let in.
pub(super) const KEY_HINT: &str = "set the key in `ANTHROPIC_API_KEY` (of `dreamtrial serve`: any text), and the address with `--base-url` or `ANTHROPIC_BASE_URL`";

/// What helps where dreams are refused.
pub(super) const DREAMS_HINT: &str =
    "dreams are a preview: ask for access, or dream with `--dreamer embedded`";

/// The account of a run that has managed parts.
pub(super) struct Managed {
    account: Arc<Account>,
    runtime: Arc<Runtime>,
}

/// The mark of the run that a manifest is of: the same whenever the run goes on.
pub(super) fn mark(manifest: &Manifest) -> Mark {
    Mark::of(&format!("{} {}", manifest.plan_digest, manifest.started_at))
}

/// Says by what the run's objects are known, whatever may become of the run.
fn announce(manifest: &Manifest) {
    tell(&format!(
        "what the run makes in the account carries the mark {}\n",
        mark(manifest).as_str()
    ));
}

impl Managed {
    pub(super) fn new(account: Arc<Account>, runtime: Arc<Runtime>) -> Self {
        Self { account, runtime }
    }

    /// Asks the service for next to nothing, before anything is made or paid for, and notes in the
    /// manifest whether the embedded agent is behind it. `dreams` says whether they are asked for.
    pub(super) fn look(&self, manifest: &mut Manifest, dreams: bool) -> Result<(), Failure> {
        let mut families = vec![(Family::Agents, KEY_HINT), (Family::Memory, KEY_HINT)];
        if dreams {
            families.push((Family::Dreams, DREAMS_HINT));
        }
        for (family, hint) in families {
            let client = &self.account.client;
            let name = self
                .runtime
                .block_on(client.account_name(family))
                .map_err(|error| Failure::new(error).hint(hint))?;
            if name.as_deref() == Some(ORGANIZATION) {
                BEHIND_A_SERVER.clone_into(&mut manifest.backend);
            }
        }
        Ok(())
    }

    /// Begins a run, or goes on with the one that is recorded in this file.
    pub(super) fn begin(
        &self,
        manifest: &Manifest,
        recorded: Option<&Path>,
        keep: bool,
    ) -> Result<(), Failure> {
        let Some(file) = recorded else {
            self.account.begin(mark(manifest), keep);
            announce(manifest);
            return Ok(());
        };
        let record = Record::open(file).map_err(failed)?;
        let began = record.manifest();
        if began.backend != manifest.backend {
            return Err(Failure::usage(format!(
                "the run began with `{}` and would go on with `{}`",
                began.backend, manifest.backend
            ))
            .hint("give the address that it began with"));
        }
        let manifest = began;
        announce(manifest);
        self.account.begin(mark(manifest), keep);
        for ((trial, session), evidence) in record.evidence().map_err(failed)? {
            let Some(trial) = manifest.trials.get(trial) else {
                continue;
            };
            let name = crate::ident::TrialId {
                scenario: manifest.scenarios[trial.scenario].id.clone(),
                arm: manifest.arms[trial.arm].id.clone(),
                repetition: trial.repetition,
            };
            // Of several attempts the last one is the session that counts.
            for one in evidence.iter().filter(|one| one.kind == "session") {
                self.account
                    .trials
                    .note_session(&name.to_string(), session, &one.id);
            }
        }
        Ok(())
    }

    /// What is done when nobody waits for sessions and dreams any more.
    pub(super) fn abandon(&self) -> Abandon {
        let account = Arc::clone(&self.account);
        Arc::new(move || {
            let account = Arc::clone(&account);
            Box::pin(async move { account.abandon().await })
        })
    }

    /// Takes away what the run has made, if it is over; otherwise says that it is there.
    pub(super) fn end(&self, manifest: &Manifest, over: bool) {
        let mark = mark(manifest);
        if !over {
            tell(&format!(
                "\nwhat the run has made in the account stays there, so that it can go on; `dreamtrial clean --run {}` takes it away\n",
                mark.as_str()
            ));
            return;
        }
        let client = &self.account.client;
        let swept = self.runtime.block_on(async {
            let found = client.find(Some(&mark)).await?;
            Ok(sweep(client, found).await)
        });
        match swept {
            Ok(swept) => tell(&words(&swept)),
            Err(error) => {
                let error: crate::platform::PlatformError = error;
                tell(&format!(
                    "\nwarning: what the run has made in the account could not be taken away: {error}\nhint: `dreamtrial clean --run {}`\n",
                    mark.as_str()
                ));
            }
        }
    }
}

/// What was taken away and what was not, in words.
pub(super) fn words(swept: &Swept) -> String {
    let counts: Vec<String> = Kind::ALL
        .into_iter()
        .filter_map(|kind| {
            let many = swept.gone.iter().filter(|one| one.kind == kind).count();
            (many > 0).then(|| format!("{many} {}", kind.words(many)))
        })
        .collect();
    let mut text = if counts.is_empty() {
        "\nnothing to take away from the account\n".to_owned()
    } else {
        format!("\ntaken away from the account: {}\n", counts.join(", "))
    };
    for (found, error) in &swept.left {
        let _ = writeln!(
            text,
            "warning: {} `{}` is left: {error}",
            found.kind.words(1),
            found.id
        );
    }
    text
}
