//! Keys as people have them: PEM with its lines, or as a form of one line left it; PKCS#1 or PKCS#8 inside.
//!
//! What is wrong is said in a few words and never by repeating what was read.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rsa::{BoxedUint, PrivateKey};
use yasna::ASN1Result;
use yasna::models::ObjectIdentifier;
use zeroize::Zeroizing;

/// Longest text of a key or of parameters, in bytes. The largest key of RSA that is taken needs a half of it.
pub const LONGEST: usize = 16 * 1_024;

/// `rsaEncryption` (RFC 8017, appendix C).
const RSA: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];

/// Bits of the numbers that are taken: what the broker's manual has people make, up to what is still quick.
const SMALLEST: u32 = 2_048;
const LARGEST: u32 = 8_192;

/// A private key of RSA.
///
/// # Errors
/// What is wrong, to be read after the name of the field.
pub fn private_key(text: &str) -> Result<PrivateKey, &'static str> {
    let pem = Pem::read(text)?;
    let der = match pem.label {
        "RSA PRIVATE KEY" => pem.der,
        "PRIVATE KEY" => unwrap(&pem.der).ok_or("is not a key of RSA, or is damaged")?,
        "ENCRYPTED PRIVATE KEY" => {
            return Err(
                "is protected by a passphrase; `openssl pkey -in key.pem -out open.pem` takes that off",
            );
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => {
            return Err(
                "is a public key; the broker has that one, and the private one belongs here",
            );
        }
        _ => return Err("is not a private key of RSA"),
    };
    let key = numbers(&der).ok().and_then(|it| it.key());
    let key = key.ok_or("is damaged: its numbers do not make a key of RSA")?;
    match rsa::traits::PublicKeyParts::size(&key) * 8 >= SMALLEST as usize {
        true => Ok(key),
        false => Err("is shorter than the 2048 bits that the broker asks for"),
    }
}

/// A group to agree on a key in (RFC 2631): its prime, and what is raised to a power in it.
pub struct Group {
    pub(super) prime: BoxedUint,
    pub(super) generator: BoxedUint,
}

/// A prime as hexadecimal digits, with or without what people put between them, or the PEM of `openssl dhparam`.
///
/// # Errors
/// What is wrong, to be read after the name of the field.
pub fn group(text: &str) -> Result<Group, &'static str> {
    let (prime, generator) = match text.contains("-----BEGIN") {
        true => {
            let pem = Pem::read(text)?;
            if pem.label != "DH PARAMETERS" {
                return Err("is not what `openssl dhparam` makes");
            }
            parameters(&pem.der).map_err(|_| "is damaged: it does not hold a prime")?
        }
        false => (hex(text)?, vec![2]),
    };
    let bits = BoxedUint::from_be_slice_vartime(&prime).bit_width_vartime();
    if !(SMALLEST..=LARGEST).contains(&bits) {
        return Err("is not a prime of 2048 to 8192 bits");
    }
    let number = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, bits.next_multiple_of(8));
    let prime = number(trimmed(&prime)).map_err(|_| "is damaged")?;
    let generator = number(trimmed(&generator)).map_err(|_| "has no generator")?;
    let is_prime_odd = prime.to_odd().is_some().to_bool();
    let is_large = generator > BoxedUint::one_with_precision(bits) && generator < prime;
    match is_prime_odd && is_large {
        true => Ok(Group { prime, generator }),
        false => Err("is not a prime"),
    }
}

/// Digits of a number in base 16.
fn hex(text: &str) -> Result<Vec<u8>, &'static str> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let between = |it: &char| !(it.is_ascii_whitespace() || *it == ':');
    let digits = text.chars().filter(between).map(|it| it.to_digit(16));
    let digits: Option<Vec<u32>> = digits.collect();
    let digits = digits.ok_or("is neither hexadecimal digits nor the PEM of `openssl dhparam`")?;
    let bytes = digits.rchunks(2).rev().map(|pair| {
        let byte = pair.iter().fold(0, |byte, digit| byte * 16 + digit);
        u8::try_from(byte).expect("two digits of base 16 are a byte")
    });
    Ok(bytes.collect())
}

fn trimmed(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|it| **it == 0).count();
    &bytes[zeros..]
}

/// One block of PEM (RFC 7468).
struct Pem<'t> {
    label: &'t str,
    der: Zeroizing<Vec<u8>>,
}

impl<'t> Pem<'t> {
    /// Line ends may be there, be spaces, be the two characters `\n`, or be gone.
    fn read(text: &'t str) -> Result<Self, &'static str> {
        if text.len() > LONGEST {
            return Err("is longer than any key");
        }
        let none = "is not PEM: it has no -----BEGIN … ----- and -----END … -----";
        let (_, after) = text.split_once("-----BEGIN ").ok_or(none)?;
        let (label, after) = after.split_once("-----").ok_or(none)?;
        let (body, after) = after.split_once("-----END ").ok_or(none)?;
        let (end, _) = after.split_once("-----").ok_or(none)?;
        if end != label {
            return Err("is damaged: it begins as one thing and ends as another");
        }
        if body.contains("ENCRYPTED") {
            return Err(
                "is protected by a passphrase; `openssl rsa -in key.pem -out open.pem` takes that off",
            );
        }
        let body = Zeroizing::new(body.replace("\\r", "").replace("\\n", ""));
        let body: String = body.split_ascii_whitespace().collect();
        let body = Zeroizing::new(body);
        let der = BASE64_STANDARD.decode(body.as_bytes());
        let der = Zeroizing::new(der.map_err(|_| "is damaged: it is not base64 inside")?);
        Ok(Self { label, der })
    }
}

/// The key inside PKCS#8 (RFC 5958); none where it is another kind of key.
fn unwrap(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let read = yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u8()?;
            let kind = reader.next().read_sequence(|reader| {
                let kind = reader.next().read_oid()?;
                reader.read_optional(|reader| reader.read_null())?;
                Ok(kind)
            })?;
            let key = Zeroizing::new(reader.next().read_bytes()?);
            while reader.read_optional(|reader| reader.read_der())?.is_some() {}
            Ok((kind, key))
        })
    });
    let (kind, key) = read.ok()?;
    (kind == ObjectIdentifier::from_slice(RSA)).then_some(key)
}

/// What makes a key: modulus, public exponent, private exponent and its two primes.
struct Numbers([Zeroizing<Vec<u8>>; 5]);

/// `RSAPrivateKey` (RFC 8017, appendix A.1.2).
fn numbers(der: &[u8]) -> ASN1Result<Numbers> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u8()?;
            let mut number = || natural(reader.next());
            let numbers = [number()?, number()?, number()?, number()?, number()?];
            for _ in ["d mod p-1", "d mod q-1", "1/q mod p"] {
                number()?; // they follow from the others
            }
            Ok(Numbers(numbers))
        })
    })
}

impl Numbers {
    fn key(&self) -> Option<PrivateKey> {
        let [n, e, d, p, q] = &self.0;
        let bits = BoxedUint::from_be_slice_vartime(trimmed(n)).bit_width_vartime();
        if bits > LARGEST {
            return None;
        }
        // Sizes follow from the modulus, which is public.
        let wide = |it: &[u8]| BoxedUint::from_be_slice(trimmed(it), bits).ok();
        let half = |it: &[u8]| BoxedUint::from_be_slice(trimmed(it), bits.div_ceil(2)).ok();
        let exponent = BoxedUint::from_be_slice_vartime(trimmed(e));
        PrivateKey::from_components(wide(n)?, exponent, wide(d)?, vec![half(p)?, half(q)?]).ok()
    }
}

/// `DHParameter` (PKCS #3, 9): the prime and the base, and perhaps the length of a secret.
fn parameters(der: &[u8]) -> ASN1Result<(Vec<u8>, Vec<u8>)> {
    yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            let prime = natural(reader.next())?.to_vec();
            let base = natural(reader.next())?.to_vec();
            reader.read_optional(|reader| reader.read_u32())?;
            Ok((prime, base))
        })
    })
}

fn natural(reader: yasna::BERReader<'_, '_>) -> ASN1Result<Zeroizing<Vec<u8>>> {
    let (bytes, is_natural) = reader.read_bigint_bytes()?;
    let bytes = Zeroizing::new(bytes);
    match is_natural {
        true => Ok(bytes),
        false => Err(yasna::ASN1Error::new(yasna::ASN1ErrorKind::Invalid)),
    }
}
