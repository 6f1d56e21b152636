#!/usr/bin/env python3
"""A second reader and writer of vaults, format TDV1. It shares nothing with the program but src/vault/format.md.

    tdv1.py check                     the primitives give the published answers
    tdv1.py read FILE                 what a vault holds, a line a record: domain broker environment kind id secret
    tdv1.py write FILE [--aes256]     makes a vault of such lines, as rows
    tdv1.py back-up FILE [--aes256]   makes the same as a backup
A file that is read is a backup, or rows: lines `key value` of hexadecimal, as the vault's store has them. The passphrase
is the first line of standard input; what is to be kept follows it. `--key-file FILE` after a command names what lies
beside the passphrase. A vault that is not as it must be ends with code 3 and one word that says how.

Only Python's own library is needed. Where the package `cryptography` has Argon2id, that is used, for it is fast.
"""

import hashlib
import hmac
import os
import struct
import sys
import unicodedata

MAGIC = b"TDVAULT\0"
FORMAT = 1
BACKUP_MAGIC = b"TDBACKUP"
BACKUP_FORMAT = 1
ANCHOR_MAGIC = b"TDANCH1\0"
XCHACHA, XAES = 1, 2
KEY_FILE = 1
ARGON2ID = 1
VIEWER, TRADER, RECOVERY = 1, 2, 3
KEYS_OF_ROLE = {1: 1, 2: 2, 3: 2}
HEADERS = (b"hdr/A", b"hdr/B")
LARGEST_VALUE = 8192
MOST_RECORDS = 4096
OVERHEAD = 24 + 16
PART_HEAD = 8 + 2
PART = LARGEST_VALUE - PART_HEAD - OVERHEAD
STEP = 256
DOMAINS = {"view": 1, "trade": 2}
ENVIRONMENTS = {"paper": 1, "live": 2}
WORD = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"

# Where nonces, salts and keys come from; who makes the same vault twice puts something else here.
random_bytes = os.urandom


class Refused(Exception):
    """Why a vault does not open, in one word."""


def require(holds, why):
    if not holds:
        raise Refused(why)


# ---- ChaCha20, Poly1305, XChaCha20-Poly1305 (RFC 8439, draft-irtf-cfrg-xchacha)


def rotated(word, by):
    return ((word << by) | (word >> (32 - by))) & 0xFFFFFFFF


def chacha_rounds(state):
    quarters = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
    diagonals = ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
    words = list(state)
    for _ in range(10):
        for a, b, c, d in quarters + diagonals:
            for first, second, third, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                words[first] = (words[first] + words[second]) & 0xFFFFFFFF
                words[third] = rotated(words[third] ^ words[first], by)
    return words


def chacha_state(key, rest):
    return struct.unpack("<16I", b"expand 32-byte k" + key + rest)


def chacha_block(key, counter, nonce):
    state = chacha_state(key, struct.pack("<I", counter) + nonce)
    words = chacha_rounds(state)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(words, state)))


def hchacha(key, nonce):
    words = chacha_rounds(chacha_state(key, nonce))
    return struct.pack("<8I", *words[:4], *words[12:])


def chacha(key, nonce, text):
    stream = b"".join(chacha_block(key, 1 + at // 64, nonce) for at in range(0, len(text), 64))
    return bytes(a ^ b for a, b in zip(text, stream))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(message), 16):
        total = (total + int.from_bytes(message[at : at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) % (1 << 128)).to_bytes(16, "little")


def padded16(data):
    return data + bytes(-len(data) % 16)


def xchacha_parts(key, nonce):
    return hchacha(key, nonce[:16]), bytes(4) + nonce[16:]


def xchacha_tag(key, nonce, associated, ciphertext):
    lengths = struct.pack("<QQ", len(associated), len(ciphertext))
    message = padded16(associated) + padded16(ciphertext) + lengths
    return poly1305(chacha_block(key, 0, nonce)[:32], message)


def xchacha_sealed(key, nonce, associated, text):
    key, short = xchacha_parts(key, nonce)
    ciphertext = chacha(key, short, text)
    return ciphertext + xchacha_tag(key, short, associated, ciphertext)


# ---- AES-256, GCM, XAES-256-GCM (FIPS 197, NIST SP 800-38D, c2sp.org/XAES-256-GCM)


def times_x(byte):
    return (byte << 1) ^ (0x11B if byte & 0x80 else 0)


def aes_box():
    """The powers of 3 and their inverses, and the affine map."""
    box, one, inverse = [0x63] * 256, 1, 1
    for _ in range(255):
        one = one ^ times_x(one)
        for shift in (1, 2, 4):
            inverse ^= inverse << shift & 0xFF
        inverse ^= 0x09 if inverse & 0x80 else 0
        turned = inverse
        for by in (1, 2, 3, 4):
            turned ^= (inverse << by | inverse >> (8 - by)) & 0xFF
        box[one] = turned ^ 0x63
    return box


AES_BOX = aes_box()
AES_SHIFT = [(at + 4 * (at % 4)) % 16 for at in range(16)]


class Aes256:
    def __init__(self, key):
        words, constant = [list(key[at : at + 4]) for at in range(0, 32, 4)], 1
        for at in range(8, 60):
            word = list(words[-1])
            if at % 8 == 0:
                word = [AES_BOX[byte] for byte in word[1:] + word[:1]]
                word[0] ^= constant
                constant = times_x(constant)
            elif at % 8 == 4:
                word = [AES_BOX[byte] for byte in word]
            words.append([a ^ b for a, b in zip(word, words[-8])])
        self.keys = [sum(words[at : at + 4], []) for at in range(0, 60, 4)]

    def encrypt(self, block):
        state = [a ^ b for a, b in zip(block, self.keys[0])]
        for number, key in enumerate(self.keys[1:], start=1):
            state = [AES_BOX[state[at]] for at in AES_SHIFT]
            if number < 14:
                mixed = []
                for at in range(0, 16, 4):
                    column = state[at : at + 4]
                    total = column[0] ^ column[1] ^ column[2] ^ column[3]
                    mixed += [byte ^ total ^ times_x(byte ^ column[(i + 1) % 4]) for i, byte in enumerate(column)]
                state = mixed
            state = [a ^ b for a, b in zip(state, key)]
        return bytes(state)


def gcm_times(one, other):
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (0xE1 << 120 if other & 1 else 0)
    return product


class Gcm:
    def __init__(self, key, nonce):
        self.aes, self.nonce = Aes256(key), nonce
        self.hash_key = int.from_bytes(self.aes.encrypt(bytes(16)), "big")

    def stream(self, counter):
        return self.aes.encrypt(self.nonce + struct.pack(">I", counter))

    def crypt(self, text):
        blocks = b"".join(self.stream(2 + at // 16) for at in range(0, len(text), 16))
        return bytes(a ^ b for a, b in zip(text, blocks))

    def tag(self, associated, ciphertext):
        lengths = struct.pack(">QQ", 8 * len(associated), 8 * len(ciphertext))
        message, total = padded16(associated) + padded16(ciphertext) + lengths, 0
        for at in range(0, len(message), 16):
            total = gcm_times(total ^ int.from_bytes(message[at : at + 16], "big"), self.hash_key)
        return bytes(a ^ b for a, b in zip(total.to_bytes(16, "big"), self.stream(1)))


def xaes(key, nonce):
    aes = Aes256(key)
    number = int.from_bytes(aes.encrypt(bytes(16)), "big")
    mask = (number << 1 & (1 << 128) - 1) ^ (0x87 if number >> 127 else 0)
    mask = mask.to_bytes(16, "big")
    halves = (bytes([0, counter, 0x58, 0]) + nonce[:12] for counter in (1, 2))
    derived = b"".join(aes.encrypt(bytes(a ^ b for a, b in zip(half, mask))) for half in halves)
    return Gcm(derived, nonce[12:])


# ---- sealing: nonce, ciphertext, tag


def sealed_with(suite, key, nonce, associated, text):
    if suite == XCHACHA:
        return xchacha_sealed(key, nonce, associated, text)
    gcm = xaes(key, nonce)
    ciphertext = gcm.crypt(text)
    return ciphertext + gcm.tag(associated, ciphertext)


def seal(suite, key, associated, text):
    nonce = random_bytes(24)
    return nonce + sealed_with(suite, key, nonce, associated, text)


def unseal(suite, key, associated, sealed, why):
    require(len(sealed) >= OVERHEAD, why)
    nonce, ciphertext, tag = sealed[:24], sealed[24:-16], sealed[-16:]
    if suite == XCHACHA:
        key, short = xchacha_parts(key, nonce)
        right, opened = xchacha_tag(key, short, associated, ciphertext), lambda: chacha(key, short, ciphertext)
    else:
        gcm = xaes(key, nonce)
        right, opened = gcm.tag(associated, ciphertext), lambda: gcm.crypt(ciphertext)
    require(hmac.compare_digest(right, tag), why)
    return opened()


# ---- BLAKE3, hashes of 32 bytes (the BLAKE3 paper, section 2)

BLAKE3_IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
BLAKE3_ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8


def blake3_compress(chaining, block, length, counter, flags):
    message = list(struct.unpack("<16I", block + bytes(64 - len(block))))
    state = [*chaining, *BLAKE3_IV[:4], counter & 0xFFFFFFFF, counter >> 32, length, flags]
    lines = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15))
    lines += ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))
    for _ in range(7):
        for index, (a, b, c, d) in enumerate(lines):
            for half, (turn_d, turn_b) in enumerate(((16, 12), (8, 7))):
                state[a] = (state[a] + state[b] + message[2 * index + half]) & 0xFFFFFFFF
                state[d] = rotated(state[d] ^ state[a], 32 - turn_d)
                state[c] = (state[c] + state[d]) & 0xFFFFFFFF
                state[b] = rotated(state[b] ^ state[c], 32 - turn_b)
        message = [message[at] for at in BLAKE3_ORDER]
    return [state[at] ^ state[at + 8] for at in range(8)]


def blake3_chunk(data, counter, root):
    chaining = list(BLAKE3_IV)
    blocks = [data[at : at + 64] for at in range(0, len(data), 64)] or [b""]
    for index, block in enumerate(blocks):
        last = index == len(blocks) - 1
        flags = (CHUNK_START if index == 0 else 0) | (CHUNK_END | root if last else 0)
        chaining = blake3_compress(chaining, block, len(block), counter, flags)
    return chaining


def blake3_tree(data, counter, root):
    if len(data) <= 1024:
        return blake3_chunk(data, counter, root)
    chunks = (len(data) + 1023) // 1024
    left = 1 << ((chunks - 1).bit_length() - 1)
    halves = blake3_tree(data[: left * 1024], counter, 0), blake3_tree(data[left * 1024 :], counter + left, 0)
    block = struct.pack("<16I", *halves[0], *halves[1])
    return blake3_compress(BLAKE3_IV, block, 64, 0, PARENT | root)


def blake3(data):
    return struct.pack("<8I", *blake3_tree(data, 0, ROOT))


# ---- HMAC and HKDF with SHA-256 (RFC 2104, 5869)


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(key, info):
    """One block is all that a key needs."""
    return mac(key, info + b"\1")


def extract_and_expand(input_key, info):
    return expand(mac(bytes(32), input_key), info)


# ---- Argon2id, version 0x13 (RFC 9106)

MASK = (1 << 64) - 1


def argon2_hash(length, data):
    """H' of section 3.3."""
    data = struct.pack("<I", length) + data
    if length <= 64:
        return hashlib.blake2b(data, digest_size=length).digest()
    out, block = b"", hashlib.blake2b(data).digest()
    while length - len(out) > 64:
        out += block[:32]
        left = length - len(out)
        block = hashlib.blake2b(block, digest_size=min(64, left)).digest()
    return out + block


def argon2_mix(v, places):
    for a, b, c, d in (
        (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
        (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
    ):  # fmt: skip
        a, b, c, d = places[a], places[b], places[c], places[d]
        for first, second, third, by in ((a, b, d, 32), (c, d, b, 24), (a, b, d, 16), (c, d, b, 63)):
            x, y = v[first], v[second]
            x = (x + y + 2 * (x & 0xFFFFFFFF) * (y & 0xFFFFFFFF)) & MASK
            v[first] = x
            z = v[third] ^ x
            v[third] = ((z >> by) | (z << (64 - by))) & MASK


ARGON2_ROWS = [[16 * row + at for at in range(16)] for row in range(8)]
ARGON2_COLUMNS = [[16 * row + 2 * column + half for row in range(8) for half in (0, 1)] for column in range(8)]


def argon2_compress(one, other):
    both = [a ^ b for a, b in zip(one, other)]
    v = list(both)
    for places in ARGON2_ROWS + ARGON2_COLUMNS:
        argon2_mix(v, places)
    return [a ^ b for a, b in zip(v, both)]


class Argon2id:
    """Blocks are lists of 128 words; names as in section 3.2."""

    def __init__(self, password, salt, secret, associated, passes, lanes, memory, length):
        self.passes, self.lanes, self.length = passes, lanes, length
        self.columns = memory // (4 * lanes) * 4
        self.segment = self.columns // 4
        numbers = struct.pack("<6I", lanes, length, memory, passes, 0x13, 2)
        parts = (password, salt, secret, associated)
        h0 = hashlib.blake2b(numbers + b"".join(struct.pack("<I", len(part)) + part for part in parts)).digest()
        self.blocks = [[None] * self.columns for _ in range(lanes)]
        for lane in range(lanes):
            for column in (0, 1):
                first = argon2_hash(1024, h0 + struct.pack("<II", column, lane))
                self.blocks[lane][column] = list(struct.unpack("<128Q", first))

    def tag(self):
        for number in range(self.passes):
            for slice_ in range(4):
                for lane in range(self.lanes):
                    self.fill(number, slice_, lane)
        last = [0] * 128
        for lane in self.blocks:
            last = [a ^ b for a, b in zip(last, lane[-1])]
        return argon2_hash(self.length, struct.pack("<128Q", *last))

    def fill(self, number, slice_, lane):
        by_address = number == 0 and slice_ < 2
        addresses = []
        for index in range(self.segment):
            if by_address and index % 128 == 0:
                total = self.columns * self.lanes
                words = [number, lane, slice_, total, self.passes, 2, index // 128 + 1] + [0] * 121
                zero = [0] * 128
                addresses = argon2_compress(zero, argon2_compress(zero, words))
            if number == 0 and slice_ == 0 and index < 2:
                continue
            column = slice_ * self.segment + index
            row = self.blocks[lane]
            previous = row[column - 1]
            word = addresses[index % 128] if by_address else previous[0]
            other = self.reference(number, slice_, lane, index, word)
            new = argon2_compress(previous, other)
            row[column] = new if number == 0 else [a ^ b for a, b in zip(new, row[column])]

    def reference(self, number, slice_, lane, index, word):
        first_slice = number == 0 and slice_ == 0
        other = lane if first_slice else (word >> 32) % self.lanes
        finished = slice_ if number == 0 else 3
        area = finished * self.segment
        if other == lane:
            area += index - 1
        elif index == 0:
            area -= 1
        x = word & 0xFFFFFFFF
        x = x * x >> 32
        place = area - 1 - (area * x >> 32)
        start = 0 if number == 0 or slice_ == 3 else (slice_ + 1) * self.segment
        return self.blocks[other][(start + place) % self.columns]


def argon2id(password, secret, salt, associated, cost):
    memory, passes, lanes = cost
    if memory * passes <= 1 << 10:
        return Argon2id(password, salt, secret, associated, passes, lanes, memory, 32).tag()
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id as Fast

        numbers = {"length": 32, "iterations": passes, "lanes": lanes, "memory_cost": memory}
        return Fast(salt=salt, ad=associated, secret=secret or None, **numbers).derive(password)
    except Exception:  # it is not there, or was built without this
        raise Refused("too_slow_without_the_package_cryptography") from None


# ---- the format


class Reader:
    def __init__(self, data, why):
        self.data, self.at, self.why = data, 0, why

    def take(self, length):
        require(self.at + length <= len(self.data), self.why)
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, length):
        return int.from_bytes(self.take(length), "big")

    def text(self):
        return self.take(self.number(1))

    def is_empty(self):
        return self.at == len(self.data)


class Name:
    def __init__(self, domain, identity, kind, broker, environment):
        self.domain, self.identity, self.kind = domain, identity, kind
        self.broker, self.environment = broker, environment

    def data(self):
        texts = b"".join(bytes([len(text)]) + text for text in (self.kind, self.broker))
        return bytes([self.domain]) + self.identity + texts + bytes([self.environment])

    def order(self):
        return (self.domain, self.broker, self.environment, self.kind, self.identity)

    def line(self, secret):
        words = {number: word for word, number in DOMAINS.items()}, {n: w for w, n in ENVIRONMENTS.items()}
        domain, environment = words[0][self.domain], words[1][self.environment]
        parts = (domain, self.broker.decode(), environment, self.kind.decode(), self.identity.hex(), secret.hex())
        return " ".join(parts)

    @classmethod
    def read(cls, rest):
        domain, identity = rest.number(1), rest.take(16)
        kind, broker = rest.text(), rest.text()
        name = cls(domain, identity, kind, broker, rest.number(1))
        require(name.domain in (1, 2) and name.environment in (1, 2), rest.why)
        require(all(1 <= len(word) <= 32 and WORD.issuperset(word) for word in (kind, broker)), rest.why)
        return name

    @classmethod
    def of_line(cls, line):
        domain, broker, environment, kind, identity = line.split(" ")[:5]
        places = DOMAINS[domain], ENVIRONMENTS[environment]
        return cls(places[0], bytes.fromhex(identity), kind.encode(), broker.encode(), places[1])


class Slot:
    def __init__(self, number, role, flags, label, cost, salt):
        self.number, self.role, self.flags, self.label = number, role, flags, label
        self.cost, self.salt = cost, salt
        self.commitment = self.wrapped = b""

    def cost_data(self):
        return bytes([ARGON2ID]) + struct.pack(">III", *self.cost)

    def fields(self):
        head = bytes([self.number, self.role, self.flags, len(self.label)]) + self.label
        return head + self.cost_data() + self.salt + self.commitment

    def associated(self, header):
        return header.place(b"TDSLOT", self.fields() + struct.pack(">HB", FORMAT, header.suite))

    def stretched(self, header, typed):
        identity = header.vault + bytes([self.number, self.role]) + self.cost_data()
        context = blake3(b"tradedeck slot v1" + identity)
        key_file = typed.key_file if self.flags == KEY_FILE else b""
        return argon2id(typed.passphrase, key_file, self.salt, context, self.cost)

    def wrap(self, header, typed, keys):
        stretched = self.stretched(header, typed)
        self.commitment = extract_and_expand(stretched, b"commit")
        key = extract_and_expand(stretched, b"kek")
        self.wrapped = seal(header.suite, key, self.associated(header), b"".join(keys))

    def unwrap(self, header, typed):
        if self.flags == KEY_FILE and not typed.key_file:
            return None
        if (self.role == RECOVERY) != typed.is_code:
            return None
        stretched = self.stretched(header, typed)
        commitment = extract_and_expand(stretched, b"commit")
        if not hmac.compare_digest(commitment, self.commitment):
            return None
        key = extract_and_expand(stretched, b"kek")
        try:
            keys = unseal(header.suite, key, self.associated(header), self.wrapped, "")
        except Refused:
            return None
        return Keys(header, keys[:32], keys[32:] or None)

    @classmethod
    def read(cls, rest):
        number, role = rest.number(1), rest.number(1)
        require(role in KEYS_OF_ROLE, rest.why)
        flags = rest.number(1)
        require(flags <= KEY_FILE, "newer_format")
        label = rest.text()
        require(len(label) <= 32 and is_plain(label), rest.why)
        derivation = rest.number(1)
        require(derivation <= ARGON2ID, "newer_format")
        require(derivation == ARGON2ID, rest.why)
        memory, passes, lanes = (rest.number(4) for _ in range(3))
        capped = memory <= 4 << 20 and passes <= 64 and lanes <= 64
        require(capped and passes >= 1 and lanes >= 1 and memory >= 8 * lanes, "param_cap")
        slot = cls(number, role, flags, label, (memory, passes, lanes), rest.take(16))
        slot.commitment = rest.take(32)
        slot.wrapped = rest.take(32 * KEYS_OF_ROLE[role] + OVERHEAD)
        return slot


def is_plain(label):
    try:
        return not any(unicodedata.category(c) == "Cc" for c in label.decode())
    except UnicodeDecodeError:
        return False


class Typed:
    """What opens a slot: a passphrase, and the hash of the file beside it; or a recovery code."""

    def __init__(self, passphrase, key_file=b""):
        self.passphrase = unicodedata.normalize("NFKC", passphrase).encode()
        self.key_file = blake3(key_file) if key_file else b""
        self.is_code = False

    def wrong(self):
        return "wrong_code" if self.is_code else "wrong_passphrase"

    @classmethod
    def code(cls, key):
        typed = cls("")
        typed.passphrase, typed.is_code = key, True
        return typed


def written_code(key):
    """A recovery code as a person has it: 52 digits and a check symbol."""
    number = int.from_bytes(key, "big") << 4
    digits = [number >> 5 * (51 - at) & 31 for at in range(52)]
    symbols = "".join(SYMBOLS[digit] for digit in digits) + SYMBOLS[number % 37]
    return "-".join(symbols[at : at + 4] for at in range(0, len(symbols), 4))


def read_code(text):
    symbols = text.replace("-", "")
    number = 0
    for symbol in symbols[:52]:
        number = number << 5 | SYMBOLS.index(symbol)
    return (number >> 4).to_bytes(32, "big")


class Header:
    def __init__(self, vault, suite, epoch, generation):
        self.vault, self.suite, self.epoch, self.generation = vault, suite, epoch, generation
        self.slots, self.macs = [], b""

    def place(self, label, rest):
        """What a sealed thing is bound to. The first suite is not named in it."""
        suite = b"" if self.suite == XCHACHA else b"TDS" + bytes([self.suite])
        return suite + label + self.vault + struct.pack(">I", self.epoch) + rest

    def before_macs(self):
        head = MAGIC + struct.pack(">HH", FORMAT, FORMAT) + self.vault
        head += struct.pack(">BIQB", self.suite, self.epoch, self.generation, len(self.slots))
        return head + b"".join(slot.fields() + slot.wrapped for slot in self.slots)

    def data(self):
        content = self.before_macs() + self.macs
        return content + blake3(content)

    @classmethod
    def read(cls, data):
        why = "damaged_header"
        require(len(data) > 32 and blake3(data[:-32]) == data[-32:], why)
        rest = Reader(data[:-32], why)
        require(rest.take(8) == MAGIC, why)
        require(rest.number(2) <= FORMAT, "newer_format")
        rest.number(2)
        vault = rest.take(16)
        suite = rest.number(1)
        require(suite <= XAES, "newer_format")
        header = cls(vault, suite, rest.number(4), rest.number(8))
        require(suite >= XCHACHA, why)
        count = rest.number(1)
        require(1 <= count <= 8, why)
        header.slots = [Slot.read(rest) for _ in range(count)]
        numbers = [slot.number for slot in header.slots]
        header.macs = rest.take(64)
        require(numbers == sorted(set(numbers)) and rest.is_empty() and header.data() == data, why)
        return header

    @classmethod
    def of(cls, rows):
        found, refusals = [], []
        for place in HEADERS:
            try:
                found.append(cls.read(rows.get(place, b"")))
            except Refused as why:
                refusals.append(str(why))
        require("newer_format" not in refusals, "newer_format")
        require(found, "param_cap" if "param_cap" in refusals else "damaged_header")
        newest = max(found, key=lambda header: header.generation)
        same = [header for header in found if header.generation == newest.generation]
        require(all(header.data() == newest.data() for header in same), "headers_disagree")
        return newest


class Keys:
    def __init__(self, header, view, trade):
        self.header, self.view, self.trade = header, view, trade

    def derived(self, key, use):
        return expand(key, b"tradedeck v1 " + use + struct.pack(">I", self.header.epoch))

    def macs(self):
        message = self.header.before_macs()
        view = mac(self.derived(self.view, b"hdr.mac"), message)
        trade = mac(self.derived(self.trade, b"hdr.mac.trade"), message) if self.trade else b""
        return view + trade

    def place(self, name):
        return b"rec/" + mac(self.derived(self.view, b"places"), name.data())

    def of_record(self, name):
        if name.domain == DOMAINS["view"]:
            return self.derived(self.view, b"cred.view")
        return self.derived(self.trade, b"cred.trade") if self.trade else None

    def seal_record(self, name, version, secret):
        text = struct.pack(">I", len(secret)) + secret
        text += bytes(-len(text) % STEP)
        stamp = struct.pack(">Q", version)
        associated = self.header.place(b"TDREC1", name.data() + stamp)
        return stamp + seal(self.header.suite, self.of_record(name), associated, text)

    def open_record(self, name, value):
        associated = self.header.place(b"TDREC1", name.data() + value[:8])
        text = unseal(self.header.suite, self.of_record(name), associated, value[8:], "changed_record")
        rest = Reader(text, "changed_record")
        secret = rest.take(rest.number(4))
        padding = text[4 + len(secret) :]
        require(len(padding) < STEP and len(text) % STEP == 0 and not any(padding), "changed_record")
        return secret


class Manifest:
    def __init__(self, generation, header_generation):
        self.generation, self.header_generation = generation, header_generation
        self.entries = []

    def data(self):
        head = struct.pack(">QQ", self.generation, self.header_generation)
        return head + b"".join(name.data() + struct.pack(">Q", version) + hash_ for name, version, hash_ in self.entries)

    def seal(self, keys):
        data = self.data()
        parts = [data[at : at + PART] for at in range(0, len(data), PART)]
        head = struct.pack(">QH", self.generation, len(parts))
        key = keys.derived(keys.view, b"manifest")
        rows = {}
        for index, part in enumerate(parts):
            number = struct.pack(">H", index)
            associated = keys.header.place(b"TDMAN1", head + number)
            rows[b"man/" + number] = head + seal(keys.header.suite, key, associated, part)
        return rows

    @classmethod
    def open(cls, keys, rows):
        why = "damaged_list"
        require(rows, why)
        head = next(iter(rows.values()))[:PART_HEAD]
        key, data = keys.derived(keys.view, b"manifest"), b""
        for index, (place, value) in enumerate(rows.items()):
            number = struct.pack(">H", index)
            require(place == b"man/" + number and value[:PART_HEAD] == head, why)
            associated = keys.header.place(b"TDMAN1", head + number)
            data += unseal(keys.header.suite, key, associated, value[PART_HEAD:], why)
        rest = Reader(data, why)
        manifest = cls(rest.number(8), rest.number(8))
        while not rest.is_empty():
            manifest.entries.append((Name.read(rest), rest.number(8), rest.take(32)))
        order = [name.order() for name, _, _ in manifest.entries]
        require(all(one < other for one, other in zip(order, order[1:])) and len(order) <= MOST_RECORDS, why)
        require(head == struct.pack(">QH", manifest.generation, len(rows)), why)
        return manifest


def unlocked(rows, typed):
    """The keys of the first slot that opens."""
    header = Header.of(rows)
    if typed.is_code:
        require(any(slot.role == RECOVERY for slot in header.slots), "no_recovery_code")
    keys = None
    for slot in header.slots:
        keys = keys or slot.unwrap(header, typed)
    require(keys, typed.wrong())
    require(header.macs.startswith(keys.macs()), "bad_mac")
    return keys


def opened(rows, keys):
    """The manifest, and the lines of the records that the keys open: a viewer's do not open those for trading."""
    header = keys.header
    # What is too large is left out, and then missed.
    rows = {key: value for key, value in sorted(rows.items()) if len(value) <= LARGEST_VALUE}
    records = {key: value for key, value in rows.items() if key.startswith(b"rec/")}
    parts = {key: value for key, value in rows.items() if key.startswith(b"man/")}
    require(len(records) + len(parts) + sum(key in HEADERS for key in rows) == len(rows), "unlisted")
    manifest = Manifest.open(keys, parts)
    require(manifest.header_generation == header.generation, "other_header")
    lines = []
    for name, version, hash_ in manifest.entries:
        value = records.pop(keys.place(name), None)
        require(value is not None, "missing_record")
        if blake3(value) != hash_ or value[:8] != struct.pack(">Q", version):
            others = (other for named, _, other in manifest.entries if named is not name)
            require(blake3(value) not in others, "swapped_record")
            require(len(value) < 8 or int.from_bytes(value[:8], "big") >= version, "old_record")
            raise Refused("changed_record")
        if keys.of_record(name):
            line = name.line(keys.open_record(name, value))
            # What the vault keeps for itself is nobody's credential.
            lines += [line] if name.broker != b"vault" else []
    require(not records, "unlisted")
    return manifest, lines


def written(lines, typed, suite):
    """The rows of a new vault, and its keys."""
    header = Header(random_bytes(16), suite, 1, 1)
    keys = Keys(header, random_bytes(32), random_bytes(32))
    slot = Slot(1, TRADER, KEY_FILE if typed.key_file else 0, b"", (64, 1, 1), random_bytes(16))
    slot.wrap(header, typed, (keys.view, keys.trade))
    header.slots.append(slot)
    header.macs = keys.macs()
    manifest, rows = Manifest(len(lines) + 1, header.generation), {}
    named = [(Name.of_line(line), bytes.fromhex(line.split(" ")[5])) for line in lines]
    for version, (name, secret) in enumerate(sorted(named, key=lambda pair: pair[0].order()), start=2):
        value = keys.seal_record(name, version, secret)
        rows[keys.place(name)] = value
        manifest.entries.append((name, version, blake3(value)))
    rows.update(manifest.seal(keys))
    rows.update(dict.fromkeys(HEADERS, header.data()))
    return rows, keys, manifest


# ---- what a machine remembers


class Anchor:
    def __init__(self, vault, epoch, generation, digest):
        self.vault, self.epoch, self.generation, self.digest = vault, epoch, generation, digest

    def content(self):
        return ANCHOR_MAGIC + self.vault + struct.pack(">IQ", self.epoch, self.generation) + self.digest

    def data(self, key):
        return self.content() + mac(key, self.content())

    @classmethod
    def of(cls, rows, keys, manifest):
        parts = (value for key, value in sorted(rows.items()) if key.startswith(b"man/"))
        digest = blake3(b"".join(blake3(part) for part in parts))
        return cls(keys.header.vault, keys.header.epoch, manifest.generation, digest)

    @classmethod
    def read(cls, data):
        rest = Reader(data, "broken_anchor")
        require(rest.take(8) == ANCHOR_MAGIC, rest.why)
        anchor = cls(rest.take(16), rest.number(4), rest.number(8), rest.take(32))
        rest.take(32)
        require(rest.is_empty(), rest.why)
        return anchor


def anchor_key(rows, keys, manifest, epoch):
    """Of this epoch, or of one before it, as the vault keeps it for itself; none where it does not."""
    if epoch == keys.header.epoch:
        return keys.derived(keys.view, b"anchor.mac")
    name = Name(DOMAINS["view"], bytes(12) + struct.pack(">I", epoch), b"past-keys", b"vault", ENVIRONMENTS["live"])
    if not any(entry.order() == name.order() for entry, _, _ in manifest.entries):
        return None
    return keys.open_record(name, rows[keys.place(name)])[34:]


def compare(data, rows, keys, manifest):
    """Whether a vault is as the machine remembers it, or newer."""
    found, now = Anchor.read(data), Anchor.of(rows, keys, manifest)
    require(found.vault == now.vault, "other_vault")
    require(found.epoch <= now.epoch, "old_vault")
    key = anchor_key(rows, keys, manifest, found.epoch)
    require(key and hmac.compare_digest(found.data(key), data), "broken_anchor")
    require(found.generation <= now.generation, "old_vault")
    require(found.generation < now.generation or found.digest == now.digest, "forked_vault")


# ---- backups


class Backup:
    def __init__(self, made, header, generation, rows):
        self.rows = dict(sorted(rows.items()))
        self.head = struct.pack(">HQ", BACKUP_FORMAT, made) + header.vault
        self.head += struct.pack(">IQQ", header.epoch, header.generation, generation)

    def content(self):
        rows = struct.pack(">I", len(self.rows))
        for parts in self.rows.items():
            rows += b"".join(struct.pack(">H", len(part)) + part for part in parts)
        return BACKUP_MAGIC + self.head + rows

    def data(self, keys):
        content = self.content()
        content += mac(keys.derived(keys.view, b"backup"), content)
        return content + blake3(content)

    @classmethod
    def parsed(cls, data):
        """When it was made, its generation, and its rows."""
        why = "damaged_backup"
        require(len(data) > 32 and blake3(data[:-32]) == data[-32:], why)
        rest = Reader(data[:-32], why)
        require(rest.take(8) == BACKUP_MAGIC, why)
        require(rest.number(2) <= BACKUP_FORMAT, "newer_format")
        made = rest.number(8)
        rest.take(16 + 4 + 8)
        generation = rest.number(8)
        rows = {}
        for _ in range(rest.number(4)):
            key = rest.take(rest.number(2))
            require(key not in rows, why)
            rows[key] = rest.take(rest.number(2))
        rest.take(32)
        require(rest.is_empty(), why)
        return made, generation, rows

    @classmethod
    def read(cls, data, typed):
        """The keys that a backup opens with, its rows, and the lines of its records."""
        why = "damaged_backup"
        made, generation, rows = cls.parsed(data)
        keys = unlocked(rows, typed)
        manifest, lines = opened(rows, keys)
        # Written again it is the same: facts, order and MAC are right.
        require(manifest.generation == generation and cls(made, keys.header, generation, rows).data(keys) == data, why)
        return keys, rows, lines


# ---- the command


def check():
    """The published answers."""
    tag = Argon2id(b"\1" * 32, b"\2" * 16, b"\3" * 8, b"\4" * 12, 3, 4, 32, 32).tag()
    assert tag.hex() == "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", "RFC 9106, 5.3"
    data = bytes(at % 251 for at in range(5121))
    for length, start in ((0, "af1349b9"), (1, "2d3adedf"), (1024, "42214739"), (1025, "d00278ae"), (5121, "628bd2cb")):
        assert blake3(data[:length]).hex().startswith(start), f"BLAKE3 of {length} bytes"
    text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
    sealed = xchacha_sealed(bytes(range(0x80, 0xA0)), bytes(range(0x40, 0x58)), bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), text)
    assert sealed.hex().startswith("bd6d179d3e83d43b") and sealed.hex().endswith("c0875924c1c7987947deafd8780acf49"), "XChaCha20-Poly1305"
    for first, associated, sealed in (
        (1, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (3, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ):
        found = sealed_with(XAES, bytes([first] * 32), b"ABCDEFGHIJKLMNOPQRSTUVWX", associated, b"XAES-256-GCM")
        assert found.hex() == sealed, "XAES-256-GCM"
    prk = mac(bytes(range(13)), b"\x0b" * 22)
    okm = expand(prk, bytes(range(0xF0, 0xFA)))
    assert okm.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", "RFC 5869, A.1"


def read(path, typed):
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(BACKUP_MAGIC):
        return Backup.read(data, typed)[2]
    pairs = (line.split() for line in data.decode("ascii").splitlines() if not line.startswith("#"))
    rows = {bytes.fromhex(key): bytes.fromhex(value) for key, value in pairs}
    return opened(rows, unlocked(rows, typed))[1]


def write(command, path, lines, typed, suite):
    rows, keys, manifest = written(lines, typed, suite)
    if command == "back-up":
        data = Backup(1, keys.header, manifest.generation, rows).data(keys)
    else:
        data = "".join(f"{key.hex()} {value.hex()}\n" for key, value in rows.items()).encode()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def main(arguments):
    if arguments == ["check"]:
        check()
        return 0
    suite, key_file = XCHACHA, b""
    if "--aes256" in arguments:
        arguments.remove("--aes256")
        suite = XAES
    if "--key-file" in arguments:
        at = arguments.index("--key-file")
        with open(arguments[at + 1], "rb") as file:
            key_file = file.read()
        del arguments[at : at + 2]
    if len(arguments) != 2 or arguments[0] not in ("read", "write", "back-up"):
        sys.stderr.write(__doc__)
        return 2
    passphrase, *lines = sys.stdin.read().split("\n")
    typed = Typed(passphrase, key_file)
    try:
        if arguments[0] == "read":
            sys.stdout.writelines(line + "\n" for line in read(arguments[1], typed))
        else:
            write(*arguments, [line for line in lines if line], typed, suite)
    except Refused as why:
        sys.stderr.write(f"{why}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
