//! Watches the WebSocket frames that pass by, for what the protocol library does not limit.
use super::error::NetError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Fragments one message may have.
pub const FRAGMENT_LIMIT: usize = 64;

/// A byte stream that a socket can run over.
pub trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// Nothing will be read for a few milliseconds: whatever wakes the program for arriving bytes may rest until the
    /// next read or write.
    fn pause(&mut self) {}
}

impl Wire for tokio::io::DuplexStream {}

/// A byte stream whose incoming frames are counted: a message may be cut into [`FRAGMENT_LIMIT`] pieces, because a
/// flood of empty ones would keep the reader busy without ever reaching a size limit.
pub(super) struct FrameGuard<IO> {
    inner: IO,
    counter: Counter,
    fault: Option<NetError>,
}

impl<IO> FrameGuard<IO> {
    pub(super) fn new(inner: IO) -> Self {
        Self {
            inner,
            counter: Counter::default(),
            fault: None,
        }
    }

    /// What the guard stopped, if it was the guard.
    pub(super) fn fault(&self) -> Option<NetError> {
        self.fault.clone()
    }
}

impl<IO: Wire> FrameGuard<IO> {
    pub(super) fn pause(&mut self) {
        self.inner.pause();
    }
}

impl<IO: Wire> AsyncRead for FrameGuard<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = &polled {
            let arrived = buf.filled().get(before..).unwrap_or_default();
            if !self.counter.pass(arrived) {
                self.fault = Some(NetError::Fragments {
                    limit: FRAGMENT_LIMIT,
                });
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::InvalidData)));
            }
        }
        polled
    }
}

impl<IO: Wire> AsyncWrite for FrameGuard<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Follows a stream from the HTTP answer that opens it through its frames (RFC 6455, section 5.2).
#[derive(Default)]
struct Counter {
    place: Place,
    fragments: usize,
}

enum Place {
    /// In the HTTP head; how much of its closing blank line was seen.
    Head { matched: usize },
    /// In a frame's header, of which these bytes arrived.
    Header { bytes: [u8; 14], have: usize },
    /// In a frame's payload, of which this much is missing.
    Payload { missing: u64 },
}

impl Default for Place {
    fn default() -> Self {
        Self::Head { matched: 0 }
    }
}

const FRAME_START: Place = Place::Header {
    bytes: [0; 14],
    have: 0,
};

impl Counter {
    /// Takes the next bytes; false when a message has too many fragments.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.place {
                Place::Head { matched } => {
                    bytes = rest;
                    *matched = next_match(*matched, *first);
                    if *matched == HEAD_END.len() {
                        self.place = FRAME_START;
                    }
                }
                Place::Header {
                    bytes: header,
                    have,
                } => {
                    bytes = rest;
                    header[*have] = *first;
                    *have += 1;
                    if let Some(missing) = payload_length(&header[..*have]) {
                        let start = header[0];
                        self.place = match missing {
                            0 => FRAME_START,
                            _ => Place::Payload { missing },
                        };
                        if !self.count(start) {
                            return false;
                        }
                    }
                }
                Place::Payload { missing } => {
                    let here =
                        usize::try_from(*missing).map_or(bytes.len(), |m| m.min(bytes.len()));
                    bytes = &bytes[here..];
                    *missing -= here as u64;
                    if *missing == 0 {
                        self.place = FRAME_START;
                    }
                }
            }
        }
        true
    }

    fn count(&mut self, start: u8) -> bool {
        const FINAL: u8 = 0x80;
        const CONTROL: u8 = 0x08;
        if start & CONTROL != 0 {
            return true; // may stand between the fragments of a message
        }
        self.fragments += 1;
        let fine = self.fragments <= FRAGMENT_LIMIT;
        if start & FINAL != 0 {
            self.fragments = 0;
        }
        fine
    }
}

const HEAD_END: &[u8] = b"\r\n\r\n";

fn next_match(matched: usize, byte: u8) -> usize {
    match byte {
        _ if HEAD_END.get(matched) == Some(&byte) => matched + 1,
        b'\r' => 1,
        _ => 0,
    }
}

/// The payload's length once the header is complete.
fn payload_length(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let length_bytes = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask_bytes = if second & 0x80 == 0 { 0 } else { 4 };
    if header.len() < 2 + length_bytes + mask_bytes {
        return None;
    }
    if length_bytes == 0 {
        return Some(u64::from(second & 0x7f));
    }
    let bytes = header.get(2..2 + length_bytes)?;
    Some(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"HTTP/1.1 101 Switching\r\nx: \r\r\n\r\n";

    fn frame(start: u8, payload: usize) -> Vec<u8> {
        let mut bytes = vec![start];
        let length = (payload as u64).to_be_bytes();
        match payload {
            0..=125 => bytes.push(length[7]),
            126..=65_535 => {
                bytes.push(126);
                bytes.extend(&length[6..]);
            }
            _ => {
                bytes.push(127);
                bytes.extend(length);
            }
        }
        bytes.extend(vec![0x81; payload]);
        bytes
    }

    fn passes(frames: &[Vec<u8>], piece: usize) -> bool {
        let mut counter = Counter::default();
        let stream = [HEAD.to_vec(), frames.concat()].concat();
        stream.chunks(piece).all(|bytes| counter.pass(bytes))
    }

    fn message(fragments: usize, payload: usize) -> Vec<Vec<u8>> {
        let mut frames = vec![frame(0x01, payload)];
        frames.extend((2..fragments).map(|_| frame(0x00, payload)));
        frames.push(frame(0x80, payload));
        frames
    }

    #[test]
    fn sixty_four_fragments_pass_and_one_more_does_not() {
        for piece in [1, 3, 7, 4096] {
            for payload in [0, 5, 125, 126, 300, 70_000] {
                assert!(passes(&message(64, payload), piece), "{piece} {payload}");
                assert!(!passes(&message(65, payload), piece), "{piece} {payload}");
            }
        }
    }

    #[test]
    fn whole_messages_and_control_frames_do_not_count() {
        assert!(passes(&vec![frame(0x81, 9); 500], 100));
        let mut frames = message(64, 2);
        for place in (0..60).rev() {
            frames.insert(place, frame(0x89, 1));
        }
        assert!(passes(&frames, 100));
    }
}
