//! Waiting for the browser to come back: by the listener, or by the person's own hand, whichever is first.

use super::attempt::{Code, Refusal};
use super::redirect::{Listener, SharedAttempt};
use crate::domain::Clock;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Answers that may wait to be looked at.
const MOST_WAITING: usize = 16;

/// Longest sleep: after it the clock is looked at again, which may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// Waits until the attempt has its answer or is over. What does not end it is told to `stray`, and the wait goes on.
///
/// # Errors
/// What ended the attempt.
pub async fn wait(
    attempt: SharedAttempt,
    listener: Option<Listener>,
    mut pasted: mpsc::Receiver<SecretString>,
    clock: Arc<dyn Clock>,
    mut stray: impl FnMut(Refusal),
) -> Result<Code, Refusal> {
    let (told, mut heard) = mpsc::channel(MOST_WAITING);
    let serving = listener.map(|it| it.serve(attempt.clone(), clock.clone(), told.clone()));
    let serving = async {
        match serving {
            Some(serving) => serving.await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(serving);
    let until = lock(&attempt).until();
    loop {
        let left = until.since(clock.now());
        if left.is_zero() {
            return Err(Refusal::Expired);
        }
        let taken = tokio::select! {
            biased;
            Some(taken) = heard.recv() => taken,
            Some(text) = pasted.recv() => {
                lock(&attempt).take_pasted(text.expose_secret(), clock.now())
            }
            () = tokio::time::sleep(left.min(LONGEST_SLEEP)) => continue,
            () = &mut serving => continue,
        };
        match taken {
            Err(refusal) if !refusal.ends() => stray(refusal),
            taken => return taken,
        }
    }
}

fn lock(attempt: &SharedAttempt) -> std::sync::MutexGuard<'_, super::Attempt> {
    // An attempt is whole at every step, so a panic elsewhere does no harm.
    attempt.lock().unwrap_or_else(PoisonError::into_inner)
}
