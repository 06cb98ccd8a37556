//! What is done about dreams and sessions that nobody waits for any more.

use std::time::Duration;

use futures_util::future::{join, join_all};

use super::Dream;
use crate::platform::{Account, Family, PlatformError};

/// How long a request may be under way whose sender has gone.
const IN_FLIGHT: Duration = Duration::from_millis(500);

impl Account {
    /// Cancels the dreams and interrupts the sessions that are under way, all at once: nobody waits for
    /// them any more. What was asked for and not yet answered is looked for a moment later. What cannot
    /// be told so now is bounded by its budget.
    pub async fn abandon(&self) {
        let mut dreams = self.dreams.take();
        let sessions = self.open.take();
        for pass in 0..2 {
            if pass > 0 {
                tokio::time::sleep(IN_FLIGHT).await;
            }
            dreams.extend(self.unheard_of().await.unwrap_or_default());
            let canceled = dreams.drain(..).map(|id| async move {
                let _ = self.client.cancel_dream(&id).await;
            });
            let interrupted = sessions.iter().map(|id| self.client.interrupt(id));
            join(join_all(canceled), join_all(interrupted)).await;
        }
    }

    /// The dreams that are under way on stores of this run.
    async fn unheard_of(&self) -> Result<Vec<String>, PlatformError> {
        let path = "/v1/dreams?statuses[]=pending&statuses[]=running&limit=100";
        let dreams: Vec<Dream> = self.client.list(Family::Dreams, path).await?;
        let ours = self.trials.stores();
        let is_ours = |dream: &Dream| {
            let mut stores = dream
                .inputs
                .iter()
                .filter_map(|input| input["memory_store_id"].as_str());
            stores.any(|store| ours.contains(store))
        };
        Ok(dreams
            .into_iter()
            .filter(is_ours)
            .map(|dream| dream.id)
            .collect())
    }
}
