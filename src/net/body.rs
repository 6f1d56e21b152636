//! Collecting an answer's body without trusting its size.
use super::error::{NetError, root_cause};
use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use std::io::{self, Write};

/// How many times its size a compressed body may unpack to.
const LARGEST_RATIO: usize = 100;
/// Below this nothing is called a bomb: a short text of one letter packs better than a hundred to one.
const RATIO_FLOOR: usize = 64 * 1024;

/// A body on its way in. Counts what was received and what it unpacked to, and stops at the limit of either.
pub(super) struct Body {
    limit: usize,
    received: usize,
    content: Content,
}

enum Content {
    Plain(Vec<u8>),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Body {
    /// An empty body that may hold `limit` bytes, unpacked if `encoding` says so.
    ///
    /// # Errors
    /// [`NetError::Protocol`] for an encoding that was not asked for.
    pub(super) fn new(limit: usize, encoding: Option<&str>) -> Result<Self, NetError> {
        let content = match encoding.map(str::trim) {
            None | Some("" | "identity") => Content::Plain(Vec::new()),
            Some(gzip) if gzip.eq_ignore_ascii_case("gzip") => {
                Content::Gzip(Box::new(MultiGzDecoder::new(Bounded::new(limit))))
            }
            Some(_) => {
                return Err(NetError::Protocol {
                    why: "the answer is packed in a way that was not asked for".into(),
                });
            }
        };
        Ok(Self {
            limit,
            received: 0,
            content,
        })
    }

    /// Takes the next piece as it came from the wire.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), NetError> {
        self.received += piece.len();
        let too_large = NetError::TooLarge {
            what: "the answer",
            limit: self.limit,
        };
        match &mut self.content {
            Content::Plain(bytes) => {
                if self.received > self.limit {
                    return Err(too_large);
                }
                bytes.extend_from_slice(piece);
                Ok(())
            }
            Content::Gzip(decoder) => {
                let written = decoder.write_all(piece);
                let unpacked = decoder.get_ref();
                let ceiling = self.received.saturating_mul(LARGEST_RATIO).max(RATIO_FLOOR);
                if unpacked.wanted > ceiling {
                    return Err(NetError::Bomb {
                        ratio: LARGEST_RATIO,
                    });
                }
                if unpacked.wanted > self.limit {
                    return Err(too_large);
                }
                written.map_err(|error| unreadable(&error))
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`NetError::Broken`] when a compressed body was cut short.
    pub(super) fn finish(self) -> Result<Bytes, NetError> {
        match self.content {
            Content::Plain(bytes) => Ok(bytes.into()),
            Content::Gzip(decoder) if self.received == 0 => {
                drop(decoder);
                Ok(Bytes::new())
            }
            Content::Gzip(mut decoder) => {
                // The decoder holds back up to 32 KiB until now.
                let finished = decoder.try_finish();
                if decoder.get_ref().wanted > self.limit {
                    return Err(NetError::TooLarge {
                        what: "the answer",
                        limit: self.limit,
                    });
                }
                finished.map_err(|error| NetError::Broken {
                    why: root_cause(&error),
                })?;
                Ok(std::mem::take(&mut decoder.get_mut().bytes).into())
            }
        }
    }
}

fn unreadable(error: &io::Error) -> NetError {
    NetError::Protocol {
        why: format!("the packed answer is damaged: {}", root_cause(error)),
    }
}

/// Where a decompressor may write to, up to a limit.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
    wanted: usize,
}

impl Bounded {
    fn new(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            wanted: 0,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, unpacked: &[u8]) -> io::Result<usize> {
        self.wanted += unpacked.len();
        if self.wanted > self.limit {
            return Err(io::Error::other("limit"));
        }
        self.bytes.extend_from_slice(unpacked);
        Ok(unpacked.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn collect(limit: usize, encoding: Option<&str>, pieces: &[&[u8]]) -> Result<Bytes, NetError> {
        let mut body = Body::new(limit, encoding)?;
        for piece in pieces {
            body.push(piece)?;
        }
        body.finish()
    }

    #[test]
    fn a_plain_body_ends_at_its_limit() {
        assert_eq!(collect(4, None, &[b"ab", b"cd"]).unwrap(), "abcd");
        assert!(matches!(
            collect(4, None, &[b"ab", b"cde"]),
            Err(NetError::TooLarge { limit: 4, .. })
        ));
    }

    #[test]
    fn a_packed_body_is_unpacked_piece_by_piece() {
        let packed = gzip(br#"{"id":1}"#);
        let pieces: Vec<&[u8]> = packed.chunks(3).collect();
        assert_eq!(collect(100, Some("GZIP"), &pieces).unwrap(), r#"{"id":1}"#);
        assert_eq!(collect(100, Some("gzip"), &[]).unwrap(), "");
    }

    #[test]
    fn the_unpacked_size_counts() {
        let noise: Vec<u8> = (0..5000_u32)
            .flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes())
            .collect();
        assert!(matches!(
            collect(10_000, Some("gzip"), &[&gzip(&noise)]),
            Err(NetError::TooLarge { limit: 10_000, .. })
        ));
    }

    #[test]
    fn a_bomb_is_told_by_its_ratio() {
        let bomb = gzip(&vec![b' '; 4 << 20]);
        assert!(bomb.len() < 5_000);
        assert_eq!(
            collect(8 << 20, Some("gzip"), &[&bomb]),
            Err(NetError::Bomb { ratio: 100 })
        );
    }

    #[test]
    fn a_cut_or_damaged_package_is_an_error() {
        let packed = gzip(b"hello hello hello");
        assert!(matches!(
            collect(100, Some("gzip"), &[&packed[..packed.len() - 9]]),
            Err(NetError::Broken { .. })
        ));
        assert!(matches!(
            collect(100, Some("gzip"), &[b"<html>not packed</html>"]),
            Err(NetError::Protocol { .. })
        ));
        assert!(matches!(
            collect(100, Some("br"), &[]),
            Err(NetError::Protocol { .. })
        ));
    }
}
