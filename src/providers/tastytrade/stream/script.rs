//! A session that a test's script speaks with.

use crate::net::session::{Outbox, Outgoing, Session};
use tokio::time::Instant;

/// A session without a socket, at a time of its own.
pub(super) struct Script<S: Session> {
    pub(super) session: S,
    pub(super) now: Instant,
    pub(super) out: Outbox<S::Event>,
}

impl<S: Session> Script<S> {
    /// Its socket has just opened.
    pub(super) fn open(session: S) -> Self {
        let mut script = Self {
            session,
            now: Instant::now(),
            out: Outbox::new(),
        };
        script.session.opened(script.now, &mut script.out);
        script
    }

    /// What it sent.
    pub(super) fn said(&mut self) -> Vec<String> {
        let texts = self.out.send.drain(..).map(|frame| match frame {
            Outgoing::Text(text) => text,
            Outgoing::Binary(_) | Outgoing::Ping => panic!("only texts are sent"),
        });
        texts.collect()
    }

    /// What it told its owner.
    pub(super) fn events(&mut self) -> Vec<S::Event> {
        std::mem::take(&mut self.out.events)
    }
}

impl<S: Session> Script<S> {
    pub(super) fn hear(&mut self, text: &str) {
        self.session.text(self.now, text, &mut self.out);
    }

    /// Time passes.
    pub(super) fn at(&mut self, later: std::time::Duration) {
        self.now += later;
        self.session.tick(self.now, &mut self.out);
    }
}
