//! Signals that end the program, put it to sleep, wake it or tell of another size.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy)]
pub(super) enum Told {
    End(i32),
    Sleep,
    Woken,
    Resize,
}

/// The signals that are listened to, and what each asks for.
#[derive(Default)]
pub(super) struct Signals(Vec<(Signal, Told)>);

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        let end = |kind: SignalKind| (kind, Told::End(kind.as_raw_value()));
        let all = [
            end(SignalKind::terminate()),
            end(SignalKind::hangup()),
            end(SignalKind::interrupt()),
            end(SignalKind::quit()),
            (SignalKind::from_raw(SIGTSTP), Told::Sleep),
            (SignalKind::from_raw(SIGCONT), Told::Woken),
            (SignalKind::window_change(), Told::Resize),
        ];
        let listened = all
            .into_iter()
            .map(|(kind, told)| Ok((signal(kind)?, told)));
        listened.collect::<io::Result<_>>().map(Self)
    }

    /// The next that comes.
    pub(super) async fn next(&mut self) -> Told {
        poll_fn(|context| {
            for (signal, told) in &mut self.0 {
                if signal.poll_recv(context).is_ready() {
                    return Poll::Ready(*told);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Numbers of the signals that ask a program to sleep and wake it.
const SIGTSTP: i32 = rustix::process::Signal::TSTP.as_raw();
const SIGCONT: i32 = rustix::process::Signal::CONT.as_raw();
