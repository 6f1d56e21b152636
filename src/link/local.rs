//! The link within a process: one bounded inbox for all screens, one mailbox for each.
//!
//! Quotes in a mailbox keep the latest state of a symbol and count what was overtaken. Numbered events wait in order;
//! a screen that leaves more than [`MOST_WAITING`] of them unread is told to start from a new snapshot,
//! so nothing is lost and a slow screen never slows the engine.

use crate::domain::{Level1, Sequence, Symbol};
use crate::link::{Answer, EntryPage, Event, Request, SecretRequest, Snapshot, Update};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, mpsc};

/// Numbered events a screen may leave unread before it starts over from a snapshot.
pub const MOST_WAITING: usize = 4_096;

/// Requests that may wait for the runtime before a screen is told to try again.
pub const MOST_REQUESTS: usize = 256;

/// Answers of the vault that a screen may leave unread.
pub const MOST_ANSWERS: usize = 16;

/// One attached screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScreenId(pub u64);

/// What arrives at the runtime from its screens.
pub enum Inbound {
    /// A request without secrets.
    Request(ScreenId, Request),
    /// A request with secrets.
    Secret(ScreenId, SecretRequest),
    /// A screen went away; [`Hub::departed`] names it.
    Departed,
}

/// The runtime does not keep up with requests; the person may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the program is busy; nothing was sent, try again")]
pub struct Busy;

/// The runtime's side: every attached screen.
#[derive(Clone)]
pub struct Hub {
    inbox: mpsc::Sender<Inbound>,
    screens: Arc<Mutex<Screens>>,
    next: Arc<AtomicU64>,
}

/// Attached screens; one that went away is forgotten by [`Hub::departed`].
type Screens = Vec<(ScreenId, Weak<Mailbox>)>;

/// A screen's side: asks, and takes what is new.
pub struct ScreenEnd {
    id: ScreenId,
    inbox: mpsc::Sender<Inbound>,
    mailbox: Arc<Mailbox>,
}

struct Mailbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

#[derive(Default)]
struct Waiting {
    numbered: VecDeque<Update>,
    quotes: HashMap<Symbol, Level1>,
    overtaken: u64,
    start_over: bool,
    answers: VecDeque<Answer>,
    entries: VecDeque<EntryPage>,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic elsewhere leaves the queue whole: every change to it is a single push or clear.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    /// A hub without screens, and the inbox that their requests arrive in.
    pub fn new() -> (Self, mpsc::Receiver<Inbound>) {
        let (inbox, requests) = mpsc::channel(MOST_REQUESTS);
        (
            Self {
                inbox,
                screens: Arc::default(),
                next: Arc::default(),
            },
            requests,
        )
    }

    /// Attaches a screen; it is sent a snapshot as soon as the runtime sees it.
    pub fn attach(&self) -> ScreenEnd {
        let id = ScreenId(self.next.fetch_add(1, Ordering::Relaxed));
        let mailbox = Arc::new(Mailbox {
            waiting: Mutex::default(),
            changed: Notify::new(),
        });
        mailbox.lock().start_over = true;
        mailbox.changed.notify_one();
        self.screens().push((id, Arc::downgrade(&mailbox)));
        ScreenEnd {
            id,
            inbox: self.inbox.clone(),
            mailbox,
        }
    }

    fn screens(&self) -> MutexGuard<'_, Screens> {
        self.screens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets screens that went away and names them.
    pub fn departed(&self) -> Vec<ScreenId> {
        let mut gone = Vec::new();
        self.screens().retain(|(id, mailbox)| {
            let here = mailbox.strong_count() > 0;
            if !here {
                gone.push(*id);
            }
            here
        });
        gone
    }

    fn each(&self, mut act: impl FnMut(ScreenId, &Mailbox)) {
        for (id, mailbox) in self.screens().iter() {
            if let Some(mailbox) = mailbox.upgrade() {
                act(*id, &mailbox);
            }
        }
    }

    /// Queues a numbered event for every screen.
    pub fn publish(&self, sequence: Sequence, event: &Event) {
        self.each(|_, mailbox| {
            mailbox.lock().push(Update::Numbered {
                sequence,
                event: event.clone(),
            });
            mailbox.changed.notify_one();
        });
    }

    /// Queues the newest state of symbols for every screen.
    pub fn publish_quotes(&self, lines: &[Level1]) {
        if lines.is_empty() {
            return;
        }
        self.each(|_, mailbox| {
            mailbox.lock().take_quotes(lines);
            mailbox.changed.notify_one();
        });
    }

    /// Queues a snapshot for one screen; it replaces everything that waited.
    pub fn send_snapshot(&self, screen: ScreenId, snapshot: &Snapshot) {
        self.each(|id, mailbox| {
            if id == screen {
                let mut waiting = mailbox.lock();
                let answers = std::mem::take(&mut waiting.answers);
                let entries = std::mem::take(&mut waiting.entries);
                *waiting = Waiting {
                    answers,
                    entries,
                    ..Waiting::default()
                };
                waiting
                    .numbered
                    .push_back(Update::Snapshot(Box::new(snapshot.clone())));
                drop(waiting);
                mailbox.changed.notify_one();
            }
        });
    }
}

impl Hub {
    /// Answers the screen that asked, and no other; one that is gone needs no answer. Beyond
    /// [`MOST_ANSWERS`] the oldest go: the screen does not look.
    pub fn answer(&self, screen: ScreenId, answer: Answer) {
        let mut answer = Some(answer);
        self.each(|id, mailbox| {
            if id == screen
                && let Some(answer) = answer.take()
            {
                let answers = &mut mailbox.lock().answers;
                if answers.len() == MOST_ANSWERS {
                    answers.pop_front();
                }
                answers.push_back(answer);
                mailbox.changed.notify_one();
            }
        });
    }
}

impl Hub {
    /// Sends the screen that asked a page of entries. Beyond [`MOST_ANSWERS`] unread ones the oldest goes.
    pub fn send_entries(&self, screen: ScreenId, page: &EntryPage) {
        self.each(|id, mailbox| {
            if id == screen {
                let entries = &mut mailbox.lock().entries;
                if entries.len() == MOST_ANSWERS {
                    entries.pop_front();
                }
                entries.push_back(page.clone());
                mailbox.changed.notify_one();
            }
        });
    }
}

impl Drop for ScreenEnd {
    fn drop(&mut self) {
        // With a full inbox the runtime is awake anyway and looks around at its next turn.
        let _ = self.inbox.try_send(Inbound::Departed);
    }
}

impl Waiting {
    fn push(&mut self, update: Update) {
        if self.start_over {
            return; // the snapshot that was asked for will hold it
        }
        if self.numbered.len() == MOST_WAITING {
            self.numbered.clear();
            self.start_over = true;
            return;
        }
        self.numbered.push_back(update);
    }

    fn take_quotes(&mut self, lines: &[Level1]) {
        for line in lines {
            if self
                .quotes
                .insert(line.symbol.clone(), line.clone())
                .is_some()
            {
                self.overtaken += 1;
            }
        }
    }
}

impl ScreenEnd {
    /// Asks the runtime for something; never waits.
    pub fn request(&self, request: Request) -> Result<(), Busy> {
        self.inbox
            .try_send(Inbound::Request(self.id, request))
            .map_err(|_| Busy)
    }

    /// The same with a secret.
    pub fn request_secret(&self, request: SecretRequest) -> Result<(), Busy> {
        self.inbox
            .try_send(Inbound::Secret(self.id, request))
            .map_err(|_| Busy)
    }

    /// Waits until [`ScreenEnd::drain`] has something to give.
    pub async fn changed(&self) {
        self.mailbox.changed.notified().await;
    }

    /// Takes what was answered to this screen alone. What was published before an answer is in the
    /// [`drain`](ScreenEnd::drain) after it.
    pub fn answers(&self) -> Vec<Answer> {
        self.mailbox.lock().answers.drain(..).collect()
    }

    /// Takes everything that waits, in order, quotes last.
    pub fn drain(&self) -> Vec<Update> {
        let mut waiting = self.mailbox.lock();
        if waiting.start_over && self.request(Request::Snapshot).is_err() {
            self.mailbox.changed.notify_one(); // ask again on the next round
        } else {
            waiting.start_over = false;
        }
        let mut updates: Vec<Update> = waiting.numbered.drain(..).collect();
        let pages = waiting.entries.drain(..).map(Box::new);
        updates.extend(pages.map(Update::Entries));
        if !waiting.quotes.is_empty() {
            let lines = waiting.quotes.drain().map(|(_, line)| line).collect();
            updates.push(Update::Quotes {
                lines,
                overtaken: std::mem::take(&mut waiting.overtaken),
            });
        }
        updates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Text;
    use crate::link::Level;
    use crate::link::VaultAnswer;

    fn notice(text: &str) -> Event {
        Event::Notice {
            level: Level::Info,
            text: Text::new(text),
        }
    }

    #[test]
    fn a_new_screen_asks_for_a_snapshot_first() {
        let (hub, mut inbox) = Hub::new();
        let screen = hub.attach();
        assert!(screen.drain().is_empty());
        assert!(matches!(
            inbox.try_recv(),
            Ok(Inbound::Request(_, Request::Snapshot))
        ));
    }

    #[test]
    fn numbered_events_keep_their_order() {
        let (hub, _inbox) = Hub::new();
        let screen = hub.attach();
        screen.drain();
        hub.publish(Sequence(1), &notice("a"));
        hub.publish(Sequence(2), &notice("b"));
        let numbers: Vec<_> = screen
            .drain()
            .into_iter()
            .filter_map(|update| match update {
                Update::Numbered { sequence, .. } => Some(sequence.0),
                Update::Snapshot(_) | Update::Quotes { .. } | Update::Entries(_) => None,
            })
            .collect();
        assert_eq!(numbers, [1, 2]);
    }

    #[test]
    fn a_screen_that_sleeps_starts_over_and_costs_a_bounded_queue() {
        let (hub, mut inbox) = Hub::new();
        let screen = hub.attach();
        screen.drain();
        while inbox.try_recv().is_ok() {}
        for number in 0..=MOST_WAITING as u64 {
            hub.publish(Sequence(number), &notice("x"));
        }
        assert!(screen.drain().is_empty());
        assert!(matches!(
            inbox.try_recv(),
            Ok(Inbound::Request(_, Request::Snapshot))
        ));
    }

    #[test]
    fn the_latest_quote_wins_and_the_overtaken_are_counted() {
        let (hub, _inbox) = Hub::new();
        let screen = hub.attach();
        screen.drain();
        let mut line = Level1::unknown(Symbol::new("AAPL"));
        hub.publish_quotes(std::slice::from_ref(&line));
        line.last = Some("189.95".parse().unwrap());
        hub.publish_quotes(std::slice::from_ref(&line));
        assert_eq!(
            screen.drain(),
            [Update::Quotes {
                lines: vec![line],
                overtaken: 1
            }]
        );
    }

    #[test]
    fn an_answer_goes_to_the_screen_that_asked_and_to_no_other() {
        let (hub, _inbox) = Hub::new();
        let (asked, other) = (hub.attach(), hub.attach());
        let code = |text: &str| Answer::Vault(VaultAnswer::RecoveryCode(text.to_owned().into()));
        hub.answer(asked.id, code("A3EF"));
        assert!(other.answers().is_empty());
        assert!(asked.drain().is_empty(), "it is no update");
        assert!(matches!(
            asked.answers()[..],
            [Answer::Vault(VaultAnswer::RecoveryCode(_))]
        ));
        assert!(asked.answers().is_empty(), "once");
        for _ in 0..=MOST_ANSWERS {
            hub.answer(asked.id, code("A3EF"));
        }
        assert_eq!(asked.answers().len(), MOST_ANSWERS);
    }

    #[test]
    fn a_closed_screen_is_named_once() {
        let (hub, _inbox) = Hub::new();
        let (kept, dropped) = (hub.attach(), hub.attach());
        let gone = dropped.id;
        drop(dropped);
        assert_eq!(hub.departed(), [gone]);
        assert!(hub.departed().is_empty());
        drop(kept);
    }
}
