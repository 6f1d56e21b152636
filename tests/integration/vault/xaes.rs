//! XAES-256-GCM, put together here from the block cipher and GCM that the second suite is built on, gives the answers of
//! its specification: both branches of the key's doubling, and its accumulated test.

use super::home::from_hex;
use super::kat::{blocks, value};
use aes_gcm::Aes256Gcm;
use aes_gcm::aead::array::Array;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt as _;

type Block = [u8; 16];

struct Xaes {
    block: Aes256,
    k1: Block,
}

impl Xaes {
    fn new(key: &[u8]) -> Self {
        let block = Aes256::new_from_slice(key).unwrap();
        let k1 = doubled(encrypted(&block, [0; 16]));
        Self { block, k1 }
    }

    fn derived(&self, nonce: &[u8]) -> Vec<u8> {
        let half = |counter: u8| {
            let mut message = [0; 16];
            message[..4].copy_from_slice(&[0, counter, b'X', 0]);
            message[4..].copy_from_slice(&nonce[..12]);
            for (byte, mask) in message.iter_mut().zip(self.k1) {
                *byte ^= mask;
            }
            encrypted(&self.block, message)
        };
        [half(1), half(2)].concat()
    }

    fn sealed(&self, nonce: &[u8], aad: &[u8], text: &[u8]) -> Vec<u8> {
        let gcm = Aes256Gcm::new_from_slice(&self.derived(nonce)).unwrap();
        let nonce = Array::try_from(&nonce[12..]).unwrap();
        gcm.encrypt(&nonce, Payload { msg: text, aad }).unwrap()
    }
}

fn encrypted(cipher: &Aes256, block: Block) -> Block {
    let mut block = Array::from(block);
    cipher.encrypt_block(&mut block);
    block.into()
}

/// Times two in the field of GCM's other spelling, as CMAC does it.
fn doubled(block: Block) -> Block {
    let number = u128::from_be_bytes(block);
    let carry = if number >> 127 == 1 { 0b1000_0111 } else { 0 };
    ((number << 1) ^ carry).to_be_bytes()
}

#[test]
fn kat_xaes_256_gcm() {
    let cases = blocks(include_str!("../../fixtures/vault/xaes256gcm.txt"));
    for case in &cases {
        let [key, nonce, aad, text] = ["key", "nonce", "aad", "text"].map(|it| value(case, it));
        let [l, k1, derived, sealed] = ["l", "k1", "derived", "sealed"].map(|it| value(case, it));
        let xaes = Xaes::new(key);
        assert_eq!(encrypted(&xaes.block, [0; 16]), l);
        assert_eq!(xaes.k1, k1);
        assert_eq!(xaes.derived(nonce), derived);
        assert_eq!(xaes.sealed(nonce, aad, text), sealed);
    }
    let first_bits = cases.iter().map(|case| value(case, "l")[0] >> 7);
    assert_eq!(first_bits.collect::<Vec<_>>(), [0, 1]);
}

/// The specification's hash over this many rounds of keys, nonces, texts and data from one stream.
fn accumulated(rounds: u32) -> Vec<u8> {
    let (mut stream, mut hash) = (Shake128::default(), Shake128::default());
    for _ in 0..rounds {
        let (key, nonce) = (stream.squeeze(32), stream.squeeze(24));
        let mut short = || {
            let length = stream.squeeze(1)[0];
            stream.squeeze(length.into())
        };
        let (text, aad) = (short(), short());
        hash.absorb(&Xaes::new(&key).sealed(&nonce, &aad, &text));
    }
    hash.squeeze(32)
}

#[test]
fn kat_xaes_256_gcm_accumulated() {
    assert_eq!(
        Shake128::default().squeeze(16),
        from_hex("7f9c2ba4e88f827d616045507605853e")
    );
    let expected = "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939";
    assert_eq!(accumulated(10_000), from_hex(expected));
}

#[test]
#[ignore = "the full count: minutes"]
fn kat_xaes_256_gcm_accumulated_full() {
    let expected = "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15";
    assert_eq!(accumulated(1_000_000), from_hex(expected));
}

/// SHAKE-128 (FIPS 202), which only this test needs.
#[derive(Default)]
struct Shake128 {
    lanes: [[u64; 5]; 5],
    at: usize,
    squeezes: bool,
}

const RATE: usize = 168;

impl Shake128 {
    fn absorb(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.mix(byte);
            self.at += 1;
            if self.at == RATE {
                self.permute();
            }
        }
    }

    fn squeeze(&mut self, length: usize) -> Vec<u8> {
        if !self.squeezes {
            self.mix(0x1f);
            self.at = RATE - 1;
            self.mix(0x80);
            self.permute();
            self.squeezes = true;
        }
        let mut bytes = Vec::with_capacity(length);
        for _ in 0..length {
            if self.at == RATE {
                self.permute();
            }
            let lane = self.at / 8;
            bytes.push(self.lanes[lane / 5][lane % 5].to_le_bytes()[self.at % 8]);
            self.at += 1;
        }
        bytes
    }

    fn mix(&mut self, byte: u8) {
        let lane = self.at / 8;
        self.lanes[lane / 5][lane % 5] ^= u64::from(byte) << (8 * (self.at % 8));
    }

    /// Keccak-f[1600]; lanes are `[y][x]`.
    fn permute(&mut self) {
        self.at = 0;
        let a = &mut self.lanes;
        let mut lfsr = 1_u8;
        for _ in 0..24 {
            let columns: [u64; 5] = std::array::from_fn(|x| (0..5).fold(0, |sum, y| sum ^ a[y][x]));
            for x in 0..5 {
                let change = columns[(x + 4) % 5] ^ columns[(x + 1) % 5].rotate_left(1);
                (0..5).for_each(|y| a[y][x] ^= change);
            }
            let (mut x, mut y, mut moved) = (1, 0, a[0][1]);
            for turn in 1..=24 {
                (x, y) = (y, (2 * x + 3 * y) % 5);
                let turned = moved.rotate_left(turn * (turn + 1) / 2 % 64);
                moved = std::mem::replace(&mut a[y][x], turned);
            }
            for row in a.iter_mut() {
                let old = *row;
                (0..5).for_each(|x| row[x] ^= !old[(x + 1) % 5] & old[(x + 2) % 5]);
            }
            for bit in 0..7 {
                if lfsr & 1 == 1 {
                    a[0][0] ^= 1 << ((1_u32 << bit) - 1);
                }
                lfsr = (lfsr << 1) ^ if lfsr >> 7 == 1 { 0x71 } else { 0 };
            }
        }
    }
}
