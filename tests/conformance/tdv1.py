#!/usr/bin/env python3
"""A second reader and writer of vaults, format TDV1, that shares nothing with the program but the description of the format.

    tdv1.py check                 the primitives give the published answers
    tdv1.py read ROWS             what a vault holds, a line a record: domain broker environment kind id secret
    tdv1.py write ROWS            makes a vault of such lines
Rows are lines `key value` of hexadecimal, as the vault's store has them. The passphrase is the first line of standard
input; what `write` keeps follows it. A vault that is not as it must be ends with code 3 and one word that says how.

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
XCHACHA = 1
ARGON2ID = 1
TRADER = 2
KEYS_OF_ROLE = {1: 1, 2: 2, 3: 2}
HEADERS = (b"hdr/A", b"hdr/B")
LARGEST_VALUE = 8192
OVERHEAD = 24 + 16
PART_HEAD = 8 + 2
PART = LARGEST_VALUE - PART_HEAD - OVERHEAD
STEP = 256
DOMAINS = {"view": 1, "trade": 2}
ENVIRONMENTS = {"paper": 1, "live": 2}
WORD = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")


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


def seal(key, associated, text):
    nonce = os.urandom(24)
    return nonce + xchacha_sealed(key, nonce, associated, text)


def xchacha_sealed(key, nonce, associated, text):
    key, short = xchacha_parts(key, nonce)
    ciphertext = chacha(key, short, text)
    return ciphertext + xchacha_tag(key, short, associated, ciphertext)


def unseal(key, associated, sealed, why):
    require(len(sealed) >= OVERHEAD, why)
    nonce, ciphertext, tag = sealed[:24], sealed[24:-16], sealed[-16:]
    key, short = xchacha_parts(key, nonce)
    require(hmac.compare_digest(xchacha_tag(key, short, associated, ciphertext), tag), why)
    return chacha(key, short, ciphertext)


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


def argon2id(password, salt, associated, passes, lanes, memory):
    try:
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id as Fast

        return Fast(
            salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=memory, ad=associated
        ).derive(password)
    except Exception:  # not there, or built without it
        require(memory * passes <= 1 << 14, "too_slow_without_the_package_cryptography")
        return Argon2id(password, salt, b"", associated, passes, lanes, memory, 32).tag()


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
    def __init__(self, number, role, label, cost, salt):
        self.number, self.role, self.label, self.cost, self.salt = number, role, label, cost, salt
        self.commitment = self.wrapped = b""

    def cost_data(self):
        return bytes([ARGON2ID]) + struct.pack(">III", *self.cost)

    def fields(self):
        head = bytes([self.number, self.role, 0, len(self.label)]) + self.label
        return head + self.cost_data() + self.salt + self.commitment

    def associated(self, header):
        return header.place(b"TDSLOT", self.fields() + struct.pack(">HB", FORMAT, XCHACHA))

    def stretched(self, header, passphrase):
        identity = header.vault + bytes([self.number, self.role]) + self.cost_data()
        context = blake3(b"tradedeck slot v1" + identity)
        memory, passes, lanes = self.cost
        return argon2id(normal(passphrase), self.salt, context, passes, lanes, memory)

    def wrap(self, header, passphrase, keys):
        stretched = self.stretched(header, passphrase)
        self.commitment = extract_and_expand(stretched, b"commit")
        self.wrapped = seal(extract_and_expand(stretched, b"kek"), self.associated(header), b"".join(keys))

    def unwrap(self, header, passphrase):
        stretched = self.stretched(header, passphrase)
        commitment = extract_and_expand(stretched, b"commit")
        if not hmac.compare_digest(commitment, self.commitment):
            return None
        keys = unseal(extract_and_expand(stretched, b"kek"), self.associated(header), self.wrapped, "wrong_passphrase")
        return Keys(header, keys[:32], keys[32:] or None)

    @classmethod
    def read(cls, rest):
        number, role = rest.number(1), rest.number(1)
        require(role in KEYS_OF_ROLE, rest.why)
        require(rest.number(1) == 0, "newer_format")
        label = rest.text()
        require(len(label) <= 32, rest.why)
        require(rest.number(1) == ARGON2ID, "newer_format")
        memory, passes, lanes = (rest.number(4) for _ in range(3))
        capped = memory <= 4 << 20 and passes <= 64 and lanes <= 64
        require(capped and passes >= 1 and lanes >= 1 and memory >= 8 * lanes, "param_cap")
        slot = cls(number, role, label, (memory, passes, lanes), rest.take(16))
        slot.commitment = rest.take(32)
        slot.wrapped = rest.take(32 * KEYS_OF_ROLE[role] + OVERHEAD)
        return slot


def normal(passphrase):
    return unicodedata.normalize("NFKC", passphrase).encode()


class Header:
    def __init__(self, vault, epoch, generation):
        self.vault, self.epoch, self.generation = vault, epoch, generation
        self.slots, self.macs = [], b""

    def place(self, label, rest):
        return label + self.vault + struct.pack(">I", self.epoch) + rest

    def before_macs(self):
        head = MAGIC + struct.pack(">HH", FORMAT, FORMAT) + self.vault
        head += struct.pack(">BIQB", XCHACHA, self.epoch, self.generation, len(self.slots))
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
        require(rest.number(1) <= XCHACHA, "newer_format")
        header = cls(vault, rest.number(4), rest.number(8))
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
        require(found, refusals[0] if refusals else "damaged_header")
        newest = max(found, key=lambda header: header.generation)
        same = [header for header in found if header.generation == newest.generation]
        require(all(header.data() == newest.data() for header in same), "damaged_header")
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
        return stamp + seal(self.of_record(name), associated, text)

    def open_record(self, name, value):
        associated = self.header.place(b"TDREC1", name.data() + value[:8])
        text = unseal(self.of_record(name), associated, value[8:], "changed_record")
        rest = Reader(text, "changed_record")
        return rest.take(rest.number(4))


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
            rows[b"man/" + number] = head + seal(key, keys.header.place(b"TDMAN1", head + number), part)
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
            data += unseal(key, keys.header.place(b"TDMAN1", head + number), value[PART_HEAD:], why)
        rest = Reader(data, why)
        manifest = cls(rest.number(8), rest.number(8))
        while not rest.is_empty():
            manifest.entries.append((Name.read(rest), rest.number(8), rest.take(32)))
        order = [name.order() for name, _, _ in manifest.entries]
        require(all(one < other for one, other in zip(order, order[1:])), why)
        require(head == struct.pack(">QH", manifest.generation, len(rows)), why)
        return manifest


def opened(rows, passphrase):
    """The lines of a vault's records; those of another role than the passphrase's are left out."""
    header = Header.of(rows)
    keys = None
    for slot in header.slots:
        keys = keys or slot.unwrap(header, passphrase)
    require(keys, "wrong_passphrase")
    require(header.macs.startswith(keys.macs()), "bad_mac")
    rows = dict(sorted(rows.items()))
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
            require(not any(blake3(value) == other for _, _, other in manifest.entries), "swapped_record")
            require(int.from_bytes(value[:8], "big") >= version, "old_record")
            raise Refused("changed_record")
        if keys.of_record(name):
            lines.append(name.line(keys.open_record(name, value)))
    require(not records, "unlisted")
    return lines


def written(lines, passphrase):
    """The rows of a new vault."""
    header = Header(os.urandom(16), 1, 1)
    keys = Keys(header, os.urandom(32), os.urandom(32))
    slot = Slot(1, TRADER, b"", (64, 1, 1), os.urandom(16))
    slot.wrap(header, passphrase, (keys.view, keys.trade))
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
    return rows


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
    prk = mac(bytes(range(13)), b"\x0b" * 22)
    okm = expand(prk, bytes(range(0xF0, 0xFA)))
    assert okm.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf", "RFC 5869, A.1"


def main(arguments):
    if arguments == ["check"]:
        check()
        return 0
    if len(arguments) != 2 or arguments[0] not in ("read", "write"):
        sys.stderr.write(__doc__)
        return 2
    passphrase, *lines = sys.stdin.read().split("\n")
    lines = [line for line in lines if line]
    if arguments[0] == "write":
        with open(arguments[1], "w", encoding="ascii") as file:
            file.writelines(f"{key.hex()} {value.hex()}\n" for key, value in written(lines, passphrase).items())
        return 0
    with open(arguments[1], encoding="ascii") as file:
        pairs = [line.split() for line in file if not line.startswith("#")]
    try:
        sys.stdout.writelines(line + "\n" for line in opened({bytes.fromhex(k): bytes.fromhex(v) for k, v in pairs}, passphrase))
    except Refused as why:
        sys.stderr.write(f"{why}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
