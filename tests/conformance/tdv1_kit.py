#!/usr/bin/env python3
"""Makes the kit: vaults with one defect each, and what is to be said of each, in tests/fixtures/vault/kit. With tdv1.py,
the second implementation of the format, and so with nothing of the program.

    tdv1_kit.py write    makes what is missing; what is there is frozen and never written again
    tdv1_kit.py check    what is there is what this makes, and tdv1.py says of each what the index says

The index has a line a case: what kind of defect it is, what a reader answers, the name of its file, the defect. Where the
answer is the same for several kinds, the same thing is to be done about them: a slot that was tampered with must look
like a wrong passphrase, and a header is damaged however it is.

A case is lines. `like: NAME` begins with the rows of that case; `passphrase:`, `key_file:` and `code:` are what is typed;
`anchor:` is what the machine remembers; `backup:` is there instead of rows; `holds:` is a record that it must show, as
tdv1.py writes them. All other lines are rows, `key value` in hexadecimal: `-` for one that is not there, `=` for one that
is empty. What a case says of rows is thus its defect, and everything else about it is right: hashes and MACs around the
defect are made again where it is deeper.
"""

import copy
import hashlib
import os
import struct
import sys

import tdv1
from tdv1 import HEADERS, KEY_FILE, RECOVERY, TRADER, VIEWER, XAES, XCHACHA
from tdv1 import Anchor, Backup, Header, Keys, Manifest, Name, Refused, Slot, Typed
from tdv1 import blake3, extract_and_expand, mac, seal

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../fixtures/vault/kit")
PASSPHRASE = "frozen"
LEAST = (8, 1, 1)


def dice(name):
    """Bytes that are random but for being the same each time, so that a case can be made again."""
    thrown = 0

    def throw(length):
        nonlocal thrown
        thrown += 1
        return hashlib.shake_256(f"tdv1 kit, {name}, {thrown}".encode()).digest(length)

    return throw


# ---- a vault in the making


class Vault:
    """A vault that can be bent in one place. What is around that place is made right again where the method says so."""

    def __init__(self, suite=XCHACHA, epoch=1):
        self.header = Header(tdv1.random_bytes(16), suite, epoch, 1)
        self.keys = Keys(self.header, tdv1.random_bytes(32), tdv1.random_bytes(32))
        self.manifest = Manifest(1, 1)
        self.rows, self.said, self.like = {}, {}, None

    def slot(self, number, role, label=b"", typed=None, flags=0, cost=LEAST):
        slot = Slot(number, role, flags, label, cost, tdv1.random_bytes(16))
        self.wrap(slot, typed or Typed(PASSPHRASE))
        self.header.slots.append(slot)
        return self

    def wrap(self, slot, typed):
        keys = (self.keys.view,) if slot.role == VIEWER else (self.keys.view, self.keys.trade)
        slot.wrap(self.header, typed, keys)

    def put(self, name, secret):
        self.manifest.generation += 1
        value = self.keys.seal_record(name, self.manifest.generation, secret)
        self.rows[self.keys.place(name)] = value
        self.manifest.entries.append((name, self.manifest.generation, blake3(value)))
        return self

    def done(self):
        self.manifest.entries.sort(key=lambda entry: entry[0].order())
        self.authentic(lambda header: None)
        self.listed(lambda entries: None)
        return self

    # the header

    def headers(self, data):
        self.rows.update(dict.fromkeys(HEADERS, data))

    def bent(self, change):
        """The header's bytes are changed, its hash made right, its MACs left."""
        content = bytearray(self.rows[HEADERS[0]][:-32])
        content = bytes(change(content) or content)
        self.headers(content + blake3(content))

    def flipped(self, at):
        """A bit of the header, the hash left as it was."""
        self.headers(flip(self.rows[HEADERS[0]], at))

    def changed(self, change):
        """The header is changed and hashed; the MACs are left."""
        change(self.header)
        self.headers(self.header.data())

    def authentic(self, change):
        """The header is changed by who has the keys."""
        change(self.header)
        self.header.macs = self.keys.macs()
        self.headers(self.header.data())

    # the list of records

    def listed(self, change):
        """The list is changed by who has the keys."""
        change(self.manifest.entries)
        self.rows = {key: value for key, value in self.rows.items() if not key.startswith(b"man/")}
        self.rows.update(self.manifest.seal(self.keys))

    def list_of(self, data, use=b"manifest", label=b"TDMAN1", parts=1, index=0, generation=None):
        """These bytes are sealed as the list, in one part."""
        generation = self.manifest.generation if generation is None else generation
        head, number = struct.pack(">QH", generation, parts), struct.pack(">H", index)
        key = self.keys.derived(self.keys.view, use)
        sealed = seal(self.header.suite, key, self.header.place(label, head + number), data)
        self.rows[LIST] = head + sealed

    # records

    def place(self, at):
        return self.keys.place(self.manifest.entries[at][0])

    def value(self, at):
        return self.rows[self.place(at)]

    def set(self, at, value):
        """What is stored for a record, whatever the list says."""
        self.rows[self.place(at)] = value

    def set_listed(self, at, value):
        """The same, listed by who has the keys."""
        self.set(at, value)
        name, version, _ = self.manifest.entries[at]
        self.manifest.entries[at] = (name, version, blake3(value))
        self.listed(lambda entries: None)

    def sealed_text(self, at, text, name=None, version=None, key=None, label=b"TDREC1"):
        """A record's value of this text, sealed in its place or in another."""
        own, own_version, _ = self.manifest.entries[at]
        name, stamp = name or own, struct.pack(">Q", version or own_version)
        key = key or self.keys.of_record(own)
        return stamp + seal(self.header.suite, key, self.header.place(label, name.data() + stamp), text)

    # beside the store

    def anchor(self, change=lambda anchor: None, key=None):
        """What the machine remembers: this vault, but for the change."""
        anchor = Anchor.of(self.rows, self.keys, self.manifest)
        change(anchor)
        self.said["anchor"] = anchor.data(key or self.keys.derived(self.keys.view, b"anchor.mac"))

    def backed_up(self, change=lambda backup: None):
        """A backup of it, changed before its MAC and hash are made, in place of the store."""
        backup = Backup(1, self.header, self.manifest.generation, self.rows)
        change(backup)
        self.said["backup"], self.rows = backup.data(self.keys), {}
        return self.said["backup"]

    def backup_of(self, content, authentic=True):
        if authentic:
            content += mac(self.keys.derived(self.keys.view, b"backup"), content)
        self.said["backup"], self.rows = content + blake3(content), {}


def flip(data, at):
    data = bytearray(data)
    data[at] ^= 1
    return bytes(data)


def at(place, number, length):
    """Writes a number into bytes."""

    def change(content):
        content[place : place + length] = number.to_bytes(length, "big")

    return change


def padded(secret):
    text = struct.pack(">I", len(secret)) + secret
    return text + bytes(-len(text) % tdv1.STEP)


# ---- the vaults that the others are like

LIST = b"man/\0\0"
CODE = dice("the code")(32)
BESIDE = b"what lies beside the passphrase"
VIEW, TRADE, PAPER, LIVE = 1, 2, 1, 2


def named(domain, environment, number=1, kind=b"connection", broker=b"alpaca"):
    return Name(domain, bytes(15) + bytes([number]), kind, broker, environment)


# In the order of the list.
SHOWN, TRADED, TRADED_LIVE = named(VIEW, PAPER), named(TRADE, PAPER), named(TRADE, LIVE)


def filled(vault):
    return vault.put(SHOWN, b"shown").put(TRADED, b"on paper").put(TRADED_LIVE, b"live").done()


def plain(suite=XCHACHA):
    return filled(Vault(suite).slot(1, TRADER).slot(2, VIEWER, b"alice", Typed("alice")))


def every_role():
    vault = Vault().slot(1, TRADER).slot(2, RECOVERY, b"recovery code", Typed.code(CODE))
    return filled(vault.slot(3, VIEWER, b"alice", Typed("alice", BESIDE), KEY_FILE))


def in_two_parts():
    vault = Vault().slot(1, TRADER)
    for number in range(70):
        vault.put(named(VIEW, LIVE, number, b"k" * 32, b"b" * 32), b"one of many")
    return vault.done()


def past_keys(domain, epoch):
    identity = bytes(12) + struct.pack(">I", epoch)
    return Name(domain, identity, b"past-keys", b"vault", LIVE)


def rotated():
    vault = Vault(XAES, 2).slot(1, TRADER)
    past = [tdv1.random_bytes(32) for _ in range(3)]
    vault.past_anchor_key = past[1]
    vault.put(past_keys(VIEW, 1), b"\1\1" + past[0] + past[1])
    vault.put(past_keys(TRADE, 1), b"\1\1" + past[2])
    return filled(vault)


BASES = {
    "ok_plain": (plain, "two slots and three records"),
    "ok_aes256": (lambda: plain(XAES), "the second suite"),
    "ok_every_role": (every_role, "a trader, a recovery code, a viewer with a key file"),
    "ok_two_parts": (in_two_parts, "a list of records in two parts"),
    "ok_rotated": (rotated, "the second epoch, with the keys of the first"),
    "ok_empty": (lambda: Vault().slot(1, TRADER).done(), "no records"),
}


# ---- the cases

CASES = {}


class Case:
    def __init__(self, kind, answer, name, defect, change, like):
        self.kind, self.answer, self.name, self.defect = kind, answer, name, defect
        self.change, self.like = change, like


def case(kind, answer, name, defect, change, like="ok_plain"):
    name = f"{kind}_{name}"
    assert name not in CASES, name
    CASES[name] = Case(kind, answer, name, defect, change, like)


def typed(passphrase=None, key_file=None, code=None):
    def change(vault):
        vault.said["passphrase"] = passphrase or PASSPHRASE
        if key_file:
            vault.said["key_file"] = key_file
        if code:
            vault.said["code"] = tdv1.written_code(code)

    return change


def both(*changes):
    return lambda vault: [change(vault) for change in changes]


# Where things are in the header of `ok_plain`: a trader's slot without a label, a viewer's called alice.
FORMAT, MIN_READER, VAULT_ID, SUITE, EPOCH, GENERATION, COUNT = 8, 10, 12, 28, 29, 33, 41
FIRST = 42
ROLE, FLAGS, LABEL, KDF, MEMORY, PASSES, LANES, SALT, COMMIT, WRAPPED = (FIRST + n for n in (1, 2, 3, 4, 5, 9, 13, 17, 33, 65))
SECOND = WRAPPED + 64 + tdv1.OVERHEAD
SECOND_LABEL = SECOND + 3
SECOND_KDF = SECOND_LABEL + 1 + 5
MACS = SECOND_KDF + 13 + 16 + 32 + 32 + tdv1.OVERHEAD


def sound_cases():
    for name, (_, says) in BASES.items():
        CASES[name] = Case("ok", "ok", name, says, lambda vault: None, name)
    case("ok", "ok", "viewer", "opened by the viewer", typed("alice"))
    case("ok", "ok", "viewer_with_key_file", "opened by a viewer with a key file", typed("alice", BESIDE), "ok_every_role")
    case("ok", "ok", "needless_key_file", "a key file is given that no slot asks for", typed(PASSPHRASE, BESIDE))
    case("ok", "ok", "recovery_code", "opened by its recovery code", typed("new", None, CODE), "ok_every_role")
    case("ok", "ok", "composed_otherwise", "the same passphrase in another Unicode form", other_form, "ok_empty")
    case("ok", "ok", "eight_slots", "as many slots as there may be", eight_slots)
    case("ok", "ok", "longest_label", "a label of 32 bytes, not all of them letters", lambda v: relabelled(v, "é€".encode() * 6 + b"xx"))
    case("ok", "ok", "most_passes", "64 passes", lambda v: recost(v, (8, 64, 1)), "ok_empty")
    case("ok", "ok", "most_lanes", "64 lanes, with the least memory for them", lambda v: recost(v, (512, 1, 64)), "ok_empty")
    for length in (0, 252, 253, 7932):
        case("ok", "ok", f"secret_of_{length}", f"a secret of {length} bytes", lambda v, n=length: v.put(named(VIEW, LIVE, 2), b"s" * n).done())
    case("ok", "ok", "words_of_every_kind", "names as short and as long as they may be", words)
    for copy in (0, 1):
        other, key = "AB"[copy], HEADERS[copy]
        case("ok", "ok", f"header_{other}_missing", f"the header's copy {other} is missing", lambda v, k=key: v.rows.pop(k))
        case("ok", "ok", f"header_{other}_flipped", f"a bit of the header's copy {other}", lambda v, k=key: v.rows.update({k: flip(v.rows[k], 60)}))
        case("ok", "ok", f"header_{other}_older", f"the header's copy {other} is of the change before", lambda v, k=key: older_copy(v, k))
        case("ok", "ok", f"header_{other}_hostile", f"the header's copy {other} asks for endless work", lambda v, k=key: hostile_copy(v, k))
    case("ok", "ok", "view_of_bad_trade_mac", "the MAC that a viewer has no key for", both(typed("alice"), lambda v: v.changed(trade_mac)))
    case("ok", "ok", "anchor_same", "as the machine remembers it", lambda v: v.anchor())
    case("ok", "ok", "anchor_behind", "newer than the machine remembers", lambda v: v.anchor(lambda a: later(a, -1)))
    case("ok", "ok", "anchor_of_the_epoch_before", "the machine remembers the epoch before", lambda v: v.anchor(past, v.past_anchor_key), "ok_rotated")
    case("ok", "ok", "backup", "a backup", lambda v: v.backed_up())
    case("ok", "ok", "backup_aes256", "a backup in the second suite", lambda v: v.backed_up(), "ok_aes256")
    case("ok", "ok", "backup_rotated", "a backup of the second epoch", lambda v: v.backed_up(), "ok_rotated")
    case("ok", "ok", "backup_empty", "a backup without records", lambda v: v.backed_up(), "ok_empty")


def other_form(vault):
    vault.header.slots.clear()
    vault.slot(1, TRADER, b"", Typed("Ångström ½ ﬁne")).done()
    vault.said["passphrase"] = "A\u030angstro\u0308m 1\u20442 fine"


def eight_slots(vault):
    for number in range(3, 9):
        vault.slot(number, VIEWER, b"guest", Typed(f"guest {number}"))
    vault.done()


def relabelled(vault, label):
    vault.header.slots[1].label = label
    vault.wrap(vault.header.slots[1], Typed("alice"))
    vault.done()


def recost(vault, cost):
    vault.header.slots[0].cost = cost
    vault.wrap(vault.header.slots[0], Typed(PASSPHRASE))
    vault.done()


def words(vault):
    vault.put(named(VIEW, LIVE, 3, b"a", b"-"), b"short").put(named(VIEW, LIVE, 4, b"a-z_0-9" + b"k" * 25, b"z" * 32), b"long").done()


def older_copy(vault, key):
    old = vault.rows[HEADERS[0]]
    vault.manifest.header_generation = 2
    vault.authentic(lambda header: setattr(header, "generation", 2))
    vault.rows[key] = old
    vault.done()
    vault.rows[key] = old


def hostile_copy(vault, key):
    whole = vault.rows[key]
    vault.bent(at(PASSES, 10**9, 4))
    vault.rows[HEADERS[1 - HEADERS.index(key)]] = whole


def trade_mac(header):
    header.macs = flip(header.macs, 40)


def later(anchor, by):
    anchor.generation += by


def past(anchor):
    anchor.epoch, anchor.generation = 1, 1


def header_cases():
    damaged = lambda name, defect, change: case("damaged_header", "damaged_header", name, defect, change)
    damaged("missing", "both copies are missing", lambda v: [v.rows.pop(key) for key in HEADERS])
    damaged("empty", "both copies are empty", lambda v: v.headers(b""))
    damaged("hash_alone", "nothing but a hash, of nothing", lambda v: v.headers(blake3(b"")))
    damaged("magic", "its magic is another's", lambda v: v.bent(at(0, 0x74, 1)))
    damaged("magic_of_a_backup", "its magic is that of a backup", lambda v: v.bent(lambda c: b"TDBACKUP" + c[8:]))
    damaged("one_missing_one_flipped", "a copy is missing, the other has a flipped bit", lambda v: [v.flipped(60), v.rows.pop(HEADERS[0])])
    places = {"magic": 0, "format": FORMAT, "vault_id": VAULT_ID, "suite": SUITE, "epoch": EPOCH + 3, "generation": GENERATION + 7}
    places |= {"count": COUNT, "role": ROLE, "memory": MEMORY + 3, "salt": SALT, "commitment": COMMIT, "wrapped": WRAPPED + 30}
    places |= {"label": SECOND_LABEL + 1, "view_mac": MACS, "trade_mac": MACS + 32, "hash": -1}
    for name, place in places.items():
        damaged(f"flipped_{name}", f"a bit of its {name.replace('_', ' ')}, the hash left", lambda v, p=place: v.flipped(p))
    disagree = lambda name, defect, change: case("headers_disagree", "headers_disagree", name, defect, change)
    disagree("mac", "two copies of one generation differ in a MAC", lambda v: copy_b(v, MACS))
    disagree("slot", "two copies of one generation differ in a slot", lambda v: copy_b(v, SALT))
    disagree("vault", "two copies of one generation are of two vaults", lambda v: copy_b(v, VAULT_ID))
    cuts = {"magic": 4, "format": FORMAT + 1, "vault_id": VAULT_ID + 8, "generation": GENERATION + 4, "count": COUNT, "role": ROLE}
    cuts |= {"label": SECOND_LABEL + 3, "cost": LANES + 2, "salt": SALT + 8, "commitment": COMMIT + 16, "wrapped": WRAPPED + 50}
    cuts |= {"second_slot": SECOND, "view_mac": MACS + 16, "trade_mac": MACS + 63}
    for name, length in cuts.items():
        defect = f"the header ends in its {name.replace('_', ' ')}, and is hashed"
        case("truncated", "damaged_header", f"header_{name}", defect, lambda v, n=length: v.bent(lambda c: c[:n]))
    case("truncated", "damaged_header", "header", "the header lacks its last byte", lambda v: v.headers(v.rows[HEADERS[0]][:-1]))
    trailing = lambda name, defect, change: case("trailing_bytes", "damaged_header", name, defect, change)
    trailing("header", "a byte after the header", lambda v: v.headers(v.rows[HEADERS[0]] + b"\0"))
    trailing("header_hashed", "a byte before the header's hash", lambda v: v.bent(lambda c: c + b"\0"))
    trailing("header_twice", "the header twice", lambda v: v.headers(2 * v.rows[HEADERS[0]]))
    trailing("third_mac", "a third MAC", lambda v: v.bent(lambda c: c + bytes(32)))


def copy_b(vault, place):
    whole = vault.rows[HEADERS[0]]
    vault.bent(lambda c: flip(c, place))
    vault.rows[HEADERS[0]] = whole


def spelling_cases():
    loose = lambda name, defect, change: case("non_canonical", "damaged_header", name, defect, change)
    loose("format_0", "format 0", lambda v: v.bent(at(FORMAT, 0, 2)))
    loose("min_reader_0", "to be read by format 0", lambda v: v.bent(at(MIN_READER, 0, 2)))
    loose("min_reader_2", "of format 1, but to be read by format 2", lambda v: v.bent(at(MIN_READER, 2, 2)))
    loose("suite_0", "suite 0", lambda v: v.bent(at(SUITE, 0, 1)))
    loose("no_slots", "no slots", lambda v: v.authentic(lambda header: header.slots.clear()))
    loose("nine_slots", "one slot too many", lambda v: [eight_slots(v), v.slot(9, VIEWER, b"guest").done()])
    loose("count_too_high", "counts a slot too many", lambda v: v.bent(at(COUNT, 3, 1)))
    loose("count_too_low", "counts a slot too few", lambda v: v.bent(at(COUNT, 1, 1)))
    loose("role_0", "a slot of role 0", lambda v: v.bent(at(ROLE, 0, 1)))
    loose("role_4", "a slot of role 4", lambda v: v.bent(at(ROLE, 4, 1)))
    loose("kdf_0", "a slot without key derivation", lambda v: v.bent(at(KDF, 0, 1)))
    loose("label_of_33", "a label of 33 bytes", lambda v: relabelled(v, b"x" * 33))
    loose("label_with_bell", "a control character in a label", lambda v: relabelled(v, b"ali\x07ce"))
    loose("label_with_csi", "a C1 control character in a label", lambda v: relabelled(v, "\x9b31m".encode()))
    loose("label_not_utf8", "a label that is not UTF-8", lambda v: relabelled(v, b"ali\xffce"))
    loose("label_overlong", "a label in overlong UTF-8", lambda v: relabelled(v, b"\xc1\x81"))
    loose("slots_reversed", "slots in falling order", lambda v: v.authentic(lambda header: header.slots.reverse()))
    loose("slot_twice", "two slots of one number", same_number)
    newer = lambda name, defect, change: case("newer_format", "newer_format", name, defect, change)
    newer("format_2", "format 2", lambda v: v.bent(at(FORMAT, 2, 2)))
    newer("format_256", "format 256", lambda v: v.bent(at(FORMAT, 256, 2)))
    newer("format_2_laid_out_anew", "format 2, of which nothing else is known", lambda v: v.bent(lambda c: c[:9] + b"\2anything"))
    newer("format_2_in_one_copy", "one copy is of format 2", one_newer)
    newer("suite_3", "suite 3", lambda v: v.bent(at(SUITE, 3, 1)))
    newer("flags_2", "a slot with a flag that is not known", lambda v: v.bent(at(FLAGS, 2, 1)))
    newer("flags_129", "a flag that is not known beside one that is", lambda v: v.bent(at(FLAGS, 129, 1)))
    newer("kdf_2", "a slot with another key derivation", lambda v: v.bent(at(KDF, 2, 1)))
    newer("second_slot", "a key derivation that is not known in the second slot", lambda v: v.bent(at(SECOND_KDF, 2, 1)))


def same_number(vault):
    vault.header.slots[1].number = 1
    relabelled(vault, b"alice")


def one_newer(vault):
    whole = vault.rows[HEADERS[0]]
    vault.bent(at(FORMAT, 2, 2))
    vault.rows[HEADERS[0]] = whole


def cost_cases():
    capped = lambda name, defect, change: case("param_cap", "param_cap", name, defect, change)
    for name, place, number, defect in (
        ("memory_over", MEMORY, (4 << 20) + 1, "1 KiB more than 4 GiB"),
        ("memory_64_gib", MEMORY, 64 << 20, "64 GiB"),
        ("memory_most", MEMORY, 2**32 - 1, "as much memory as can be written"),
        ("memory_0", MEMORY, 0, "no memory"),
        ("memory_7", MEMORY, 7, "less than 8 KiB"),
        ("passes_over", PASSES, 65, "65 passes"),
        ("passes_billion", PASSES, 10**9, "a billion passes"),
        ("passes_0", PASSES, 0, "no passes"),
        ("lanes_over", LANES, 65, "65 lanes"),
        ("lanes_most", LANES, 2**32 - 1, "as many lanes as can be written"),
        ("lanes_0", LANES, 0, "no lanes"),
        ("lanes_without_memory", LANES, 2, "less than 8 KiB for each lane"),
        ("second_slot", SECOND_KDF + 5, 10**9, "a billion passes in the second slot"),
    ):
        capped(name, defect, lambda v, p=place, n=number: v.bent(at(p, n, 4)))
    capped("authentic", "a billion passes, and the MACs are right", lambda v: v.authentic(hostile))
    capped("backup", "a backup with a billion passes, and its MACs are right", lambda v: [v.authentic(hostile), v.backed_up()])


def hostile(header):
    header.slots[1].cost = (8, 10**9, 1)


def seal_cases():
    bad = lambda name, defect, change: case("bad_mac", "bad_mac", name, defect, change)
    bad("view", "a bit of the first MAC", lambda v: v.bent(lambda c: flip(c, MACS)))
    bad("trade", "a bit of the second MAC", lambda v: v.bent(lambda c: flip(c, MACS + 32)))
    bad("exchanged", "the MACs in each other's place", lambda v: v.changed(lambda h: setattr(h, "macs", h.macs[32:] + h.macs[:32])))
    bad("both_of_view", "both MACs with the first key", lambda v: v.changed(lambda h: setattr(h, "macs", 2 * h.macs[:32])))
    bad("generation", "another generation without the keys", lambda v: v.bent(at(GENERATION, 9, 8)))
    bad("slot_removed", "the second slot is gone", lambda v: v.changed(lambda h: h.slots.pop()))
    bad("slot_added", "a copy of the second slot as a third", slot_added)
    bad("label", "the second slot's label", lambda v: v.bent(lambda c: flip(c, SECOND_LABEL + 2)))
    bad("cost", "the second slot is cheaper to guess at", lambda v: v.bent(at(SECOND_KDF + 1, 9, 4)))
    bad("by_who_views", "a viewer made the first MAC right again", by_who_views)
    bad("of_the_epoch_before", "MACs with the keys of the epoch before", mac_of_epoch)
    bad("keys_exchanged", "the slot gives the keys in each other's place", lambda v: rewrapped(v, v.keys.trade + v.keys.view))
    bad("another_trade_key", "the slot gives another key for trading", lambda v: rewrapped(v, v.keys.view + bytes(32)))
    bad_slot = lambda name, defect, change, answer="wrong_passphrase": case("bad_slot", answer, name, defect, change)
    bad_slot("salt", "a bit of the salt", lambda v: v.bent(lambda c: flip(c, SALT)))
    bad_slot("commitment", "a bit of the commitment", lambda v: v.bent(lambda c: flip(c, COMMIT)))
    bad_slot("nonce", "a bit of the nonce", lambda v: v.bent(lambda c: flip(c, WRAPPED)))
    bad_slot("wrapped", "a bit of the wrapped keys", lambda v: v.bent(lambda c: flip(c, WRAPPED + 24)))
    bad_slot("tag", "a bit of the tag", lambda v: v.bent(lambda c: flip(c, SECOND - 1)))
    bad_slot("number", "another number", lambda v: v.bent(at(FIRST, 0, 1)))
    bad_slot("role", "a trader's slot as a recovery slot", lambda v: v.bent(at(ROLE, RECOVERY, 1)))
    bad_slot("key_file", "it asks for a key file", lambda v: v.bent(at(FLAGS, KEY_FILE, 1)))
    bad_slot("passes", "other passes", lambda v: v.bent(at(PASSES, 2, 4)))
    bad_slot("memory", "other memory", lambda v: v.bent(at(MEMORY, 16, 4)))
    bad_slot("vault_id", "the vault's id", lambda v: v.bent(lambda c: flip(c, VAULT_ID)))
    bad_slot("suite", "the other suite", lambda v: v.bent(at(SUITE, XAES, 1)))
    bad_slot("epoch", "another epoch", lambda v: v.bent(at(EPOCH, 2, 4)))
    bad_slot("label", "a viewer's label, opened by the viewer", both(typed("alice"), lambda v: v.bent(lambda c: flip(c, SECOND_LABEL + 2))))
    bad_slot("viewer_as_trader", "a viewer's slot as a trader's", lambda v: v.bent(at(SECOND + 1, TRADER, 1)), "damaged_header")
    bad_slot("not_committed", "the keys open with the passphrase, but the commitment is to another", not_committed)
    bad_slot("commitments_exchanged", "two slots with each other's commitment, the MACs right", exchanged)
    bad_slot("sealed_elsewhere", "the keys are sealed as a record would be", sealed_elsewhere)
    bad_slot("recovery_by_passphrase", "a recovery slot that a passphrase would open", recovery_by_passphrase)


def slot_added(vault):
    slot = copy.deepcopy(vault.header.slots[1])
    slot.number = 3
    vault.changed(lambda header: header.slots.append(slot))


def by_who_views(vault):
    vault.header.slots.pop()
    right = vault.keys.macs()
    vault.changed(lambda header: setattr(header, "macs", right[:32] + header.macs[32:]))


def mac_of_epoch(vault):
    message, info = vault.header.before_macs(), b"tradedeck v1 hdr.mac" + struct.pack(">I", 0)
    wrong = mac(tdv1.expand(vault.keys.view, info), message)
    vault.changed(lambda header: setattr(header, "macs", wrong + header.macs[32:]))


def rewrapped(vault, keys):
    """The slot wraps these bytes, and all else about it is right."""
    slot = vault.header.slots[0]
    slot.wrap(vault.header, Typed(PASSPHRASE), (keys,))
    vault.authentic(lambda header: None)


def kek(vault):
    return extract_and_expand(vault.header.slots[0].stretched(vault.header, Typed(PASSPHRASE)), b"kek")


def not_committed(vault):
    slot = vault.header.slots[0]
    slot.commitment = extract_and_expand(b"another passphrase, stretched", b"commit")
    keys = vault.keys.view + vault.keys.trade
    slot.wrapped = seal(XCHACHA, kek(vault), slot.associated(vault.header), keys)
    vault.authentic(lambda header: None)


def exchanged(vault):
    one, two = vault.header.slots
    one.commitment, two.commitment = two.commitment, one.commitment
    vault.authentic(lambda header: None)


def sealed_elsewhere(vault):
    slot = vault.header.slots[0]
    rest = slot.fields() + struct.pack(">HB", tdv1.FORMAT, XCHACHA)
    slot.wrapped = seal(XCHACHA, kek(vault), vault.header.place(b"TDREC1", rest), vault.keys.view + vault.keys.trade)
    vault.authentic(lambda header: None)


def recovery_by_passphrase(vault):
    vault.header.slots.clear()
    vault.slot(1, RECOVERY).done()


def passphrase_cases():
    wrong = lambda name, defect, change, like="ok_plain": case("wrong_passphrase", "wrong_passphrase", name, defect, change, like)
    wrong("other", "another passphrase", typed("another"))
    wrong("case", "another case", typed("Frozen"))
    wrong("space", "a space after it", typed("frozen "))
    wrong("empty_vault", "another passphrase for a vault without records", typed("another"), "ok_empty")
    wrong("aes256", "another passphrase in the second suite", typed("another"), "ok_aes256")
    wrong("no_key_file", "the key file is not given", typed("alice"), "ok_every_role")
    wrong("other_key_file", "another key file", typed("alice", b"another"), "ok_every_role")
    wrong("code_as_passphrase", "the recovery code as a passphrase", typed(tdv1.written_code(CODE)), "ok_every_role")
    wrong("backup", "another passphrase for a backup", both(typed("another"), lambda v: v.backed_up()))
    case("wrong_code", "wrong_code", "other", "another recovery code", typed("new", None, bytes(32)), "ok_every_role")
    case("wrong_code", "no_recovery_code", "none", "a vault without a recovery code", typed("new", None, CODE))
    case("wrong_code", "wrong_code", "tampered", "a bit of what the code wraps", both(typed("new", None, CODE), lambda v: v.bent(lambda c: flip(c, SECOND + 150))), "ok_every_role")
    case("needs_trader", "needs_trader", "backup", "a backup and a viewer's passphrase", both(typed("alice"), lambda v: v.backed_up()))


def list_cases():
    damaged = lambda name, defect, change, like="ok_plain": case("damaged_list", "damaged_list", name, defect, change, like)
    damaged("missing", "the list is missing", lambda v: v.rows.pop(LIST))
    damaged("empty", "the list is empty", lambda v: v.rows.update({LIST: b""}))
    for name, place in (("generation", 7), ("parts", 9), ("nonce", 10), ("content", 40), ("tag", -1)):
        damaged(f"flipped_{name}", f"a bit of its {name}", lambda v, p=place: v.rows.update({LIST: flip(v.rows[LIST], p)}))
    damaged("elsewhere", "the list under another number", lambda v: v.rows.update({b"man/\0\1": v.rows.pop(LIST)}))
    damaged("more", "a part more than there is", lambda v: v.rows.update({b"man/\0\1": v.rows[LIST]}))
    damaged("short_key", "a part without a number", lambda v: v.rows.update({b"man/": v.rows[LIST]}))
    damaged("second_part_missing", "its second part is missing", lambda v: v.rows.pop(b"man/\0\1"), "ok_two_parts")
    damaged("first_part_missing", "its first part is missing", lambda v: v.rows.pop(LIST), "ok_two_parts")
    damaged("parts_exchanged", "its parts in each other's place", parts_exchanged, "ok_two_parts")
    damaged("of_another_vault", "the list of another vault with the same passphrase", of_another_vault)
    damaged("of_the_epoch_before", "a list sealed in the epoch before", of_epoch_before, "ok_rotated")
    damaged("sealed_elsewhere", "sealed as a record would be", lambda v: v.list_of(v.manifest.data(), label=b"TDREC1"))
    damaged("other_key", "sealed with the key of records", lambda v: v.list_of(v.manifest.data(), use=b"cred.view"))
    damaged("other_index", "sealed as the second part", lambda v: v.list_of(v.manifest.data(), index=1))
    damaged("two_parts_said", "one part that says it is of two", lambda v: v.list_of(v.manifest.data(), parts=2))
    damaged("no_parts_said", "one part that says it is of none", lambda v: v.list_of(v.manifest.data(), parts=0))
    damaged("generations_differ", "another generation outside than inside", lambda v: v.list_of(v.manifest.data(), generation=9))
    damaged("nothing", "nothing, sealed as a list", lambda v: v.list_of(b""))
    loose = lambda name, defect, change: case("non_canonical", "damaged_list", f"list_{name}", defect, change)
    loose("reversed", "names in falling order", lambda v: v.listed(lambda entries: entries.reverse()))
    loose("twice", "a name twice", lambda v: v.listed(lambda entries: entries.insert(1, entries[1])))
    loose("by_kind_first", "in an order that is not the list's", lambda v: v.put(named(VIEW, PAPER, 1, b"a", b"z"), b"").listed(lambda entries: entries.insert(0, entries.pop())))
    names = (("domain_3", "domain 3", named(3, PAPER)), ("domain_0", "domain 0", named(0, PAPER)))
    names += (("environment_3", "environment 3", named(VIEW, 3)), ("upper_case", "a broker in upper case", named(VIEW, PAPER, 1, b"token", b"Alpaca")))
    names += (("no_kind", "an empty kind", named(VIEW, PAPER, 1, b"")), ("kind_of_33", "a kind of 33 bytes", named(VIEW, PAPER, 1, b"k" * 33)))
    names += (("slash", "a slash in a broker", named(VIEW, PAPER, 1, b"token", b"a/b")), ("escape", "an escape in a broker", named(VIEW, PAPER, 1, b"token", b"\x1b[31m")))
    for name, defect, instead in names:
        loose(name, defect, lambda v, n=instead: v.listed(lambda entries: entries.__setitem__(0, (n, *entries[0][1:]))))
    case("truncated", "damaged_list", "list", "the list lacks the last byte of its last hash", lambda v: v.list_of(v.manifest.data()[:-1]))
    case("truncated", "damaged_list", "list_row", "the list's row lacks its last byte", lambda v: v.rows.update({LIST: v.rows[LIST][:-1]}))
    case("truncated", "damaged_list", "list_head", "the list's row ends before its seal", lambda v: v.rows.update({LIST: v.rows[LIST][:9]}))
    case("trailing_bytes", "damaged_list", "list", "a byte after the last hash of the list", lambda v: v.list_of(v.manifest.data() + b"\0"))
    case("trailing_bytes", "damaged_list", "list_row", "a byte after the list's row", lambda v: v.rows.update({LIST: v.rows[LIST] + b"\0"}))
    other = lambda name, defect, change: case("other_header", "other_header", name, defect, change)
    other("older", "the header of the change before, authentic", lambda v: [setattr(v.manifest, "header_generation", 2), v.listed(lambda entries: None)])
    other("newer", "a header that the list does not know yet", lambda v: v.authentic(lambda header: setattr(header, "generation", 2)))


def parts_exchanged(vault):
    second = b"man/\0\1"
    vault.rows[LIST], vault.rows[second] = vault.rows[second], vault.rows[LIST]


def of_another_vault(vault):
    vault.rows[LIST] = plain().rows[LIST]


def of_epoch_before(vault):
    epoch, vault.header.epoch = vault.header.epoch, 1
    vault.list_of(vault.manifest.data())
    vault.header.epoch = epoch


def record_cases():
    swapped = lambda name, defect, change: case("swapped_record", "swapped_record", name, defect, change)
    swapped("pair", "two records in each other's place", lambda v: swap(v, 0, 2))
    swapped("environments", "paper and live in each other's place", lambda v: swap(v, 1, 2))
    swapped("live_as_paper", "the live secret where the one for paper was", lambda v: v.set(1, v.value(2)))
    swapped("paper_as_live", "the secret for paper where the live one was", lambda v: v.set(2, v.value(1)))
    swapped("domains", "a secret for viewing where one for trading was", lambda v: v.set(1, v.value(0)))
    old = lambda name, defect, change: case("old_record", "old_record", name, defect, change)
    old("view", "an older secret for viewing", lambda v: older(v, 0))
    old("trade", "an older secret for trading", lambda v: older(v, 1))
    old("all", "all records as they once were, under the newest list", lambda v: [older(v, number) for number in range(3)])
    old("listed_later", "the list has a later version of the same content", lambda v: relisted(v, 0, 9))
    missing = lambda name, defect, change: case("missing_record", "missing_record", name, defect, change)
    missing("view", "a record for viewing", lambda v: v.rows.pop(v.place(0)))
    missing("live", "a record for trading live", lambda v: v.rows.pop(v.place(2)))
    missing("all", "every record", lambda v: [v.rows.pop(v.place(number)) for number in range(3)])
    missing("moved", "a record under another key", lambda v: v.rows.update({b"rec/" + bytes(32): v.rows.pop(v.place(0))}))
    missing("too_large", "a record of more bytes than a row may have", lambda v: v.set(0, v.value(0) + bytes(8192)))
    unlisted = lambda name, defect, change: case("unlisted", "unlisted", name, defect, change)
    unlisted("key", "a key that no vault has", lambda v: v.rows.update({b"something": b"else"}))
    unlisted("empty_key", "a row without a key", lambda v: v.rows.update({b"": b"else"}))
    unlisted("third_header", "a third copy of the header", lambda v: v.rows.update({b"hdr/C": v.rows[HEADERS[0]]}))
    unlisted("double", "a record doubled under another key", lambda v: v.rows.update({b"rec/" + bytes(32): v.value(0)}))
    unlisted("removed", "a record that was removed is back", lambda v: v.listed(lambda entries: entries.pop(1)))
    unlisted("short_place", "a record's key without a place", lambda v: v.rows.update({b"rec/": v.value(0)}))
    changed_record_cases()


def changed_record_cases():
    changed = lambda name, defect, change, like="ok_plain": case("changed_record", "changed_record", name, defect, change, like)
    for name, place in (("nonce", 8), ("content", 60), ("tag", -1)):
        changed(f"flipped_{name}", f"a bit of its {name}", lambda v, p=place: v.set(0, flip(v.value(0), p)))
    changed("version", "a later version in the open", lambda v: v.set(0, struct.pack(">Q", 99) + v.value(0)[8:]))
    changed("aes256", "a bit of one in the second suite", lambda v: v.set(1, flip(v.value(1), 60)), "ok_aes256")
    changed("of_another_vault", "the same record of another vault with the same passphrase", lambda v: v.set(0, plain().value(0)))
    changed("newer", "a newer one, made by who has the keys, that the list does not know", lambda v: v.set(0, v.keys.seal_record(SHOWN, 9, b"newer")))
    changed("listed_earlier", "the list has an earlier version of the same content", lambda v: relisted(v, 2, 1))
    deep = lambda name, defect, make: changed(f"listed_{name}", f"{defect}, and the list has its hash", lambda v: v.set_listed(1, make(v)))
    text = padded(b"made anew")
    deep("tag", "a bit of its tag", lambda v: flip(v.value(1), -1))
    deep("environment", "sealed as live where paper is", lambda v: v.sealed_text(1, text, TRADED_LIVE))
    deep("domain", "sealed as for viewing", lambda v: v.sealed_text(1, text, SHOWN))
    deep("broker", "sealed as another broker's", lambda v: v.sealed_text(1, text, named(TRADE, PAPER, 1, b"connection", b"ibkr")))
    deep("kind", "sealed as another kind", lambda v: v.sealed_text(1, text, named(TRADE, PAPER, 1, b"token")))
    deep("number", "sealed as another one's", lambda v: v.sealed_text(1, text, named(TRADE, PAPER, 2)))
    deep("by_who_views", "sealed by who has only the key for viewing", lambda v: v.sealed_text(1, text, key=v.keys.derived(v.keys.view, b"cred.trade")))
    deep("sealed_elsewhere", "sealed as a list would be", lambda v: v.sealed_text(1, text, label=b"TDMAN1"))
    deep("sealed_version", "sealed as another version", lambda v: v.value(1)[:8] + v.sealed_text(1, text, version=9)[8:])
    deep("nothing", "nothing in its seal", lambda v: v.sealed_text(1, b""))
    deep("length", "a length beyond its end", lambda v: v.sealed_text(1, struct.pack(">I", 253) + bytes(252)))
    deep("most_length", "as great a length as can be written", lambda v: v.sealed_text(1, struct.pack(">I", 2**32 - 1) + bytes(252)))
    loose = lambda name, defect, make: case("non_canonical", "changed_record", f"record_{name}", defect, lambda v: v.set_listed(1, make(v)))
    loose("padding", "padding that is not zero, and the list has its hash", lambda v: v.sealed_text(1, text[:-1] + b"\1"))
    loose("padding_too_long", "a step too much of padding, and the list has its hash", lambda v: v.sealed_text(1, text + bytes(256)))
    loose("padding_too_short", "padding that does not fill its step, and the list has its hash", lambda v: v.sealed_text(1, text[:-1]))
    truncated = lambda name, defect, change: case("truncated", "changed_record", f"record_{name}", defect, change)
    truncated("last", "a record lacks its last byte", lambda v: v.set(0, v.value(0)[:-1]))
    truncated("version", "a record ends in its version", lambda v: v.set(0, v.value(0)[:5]))
    truncated("seal", "a record ends after its version", lambda v: v.set(0, v.value(0)[:8]))
    truncated("whole", "a record is empty", lambda v: v.set(0, b""))
    case("trailing_bytes", "changed_record", "record", "a byte after a record", lambda v: v.set(0, v.value(0) + b"\0"))


def swap(vault, one, two):
    values = vault.value(one), vault.value(two)
    vault.set(one, values[1])
    vault.set(two, values[0])


def older(vault, number):
    name, version, _ = vault.manifest.entries[number]
    vault.set(number, vault.keys.seal_record(name, version - 1, b"as it once was"))


def relisted(vault, number, version):
    def change(entries):
        name, _, hash_ = entries[number]
        entries[number] = (name, version, hash_)

    vault.listed(change)


def anchor_cases():
    case("old_vault", "old_vault", "generation", "older than the machine remembers", lambda v: v.anchor(lambda a: later(a, 1)))
    case("old_vault", "old_vault", "by_far", "the machine remembers the highest generation", lambda v: v.anchor(lambda a: setattr(a, "generation", 2**64 - 1)))
    case("old_vault", "old_vault", "epoch", "the machine remembers the next epoch", lambda v: v.anchor(lambda a: setattr(a, "epoch", 2)))
    case("old_vault", "old_vault", "epoch_before", "of a later epoch, but an earlier generation", lambda v: v.anchor(lambda a: [past(a), later(a, 90)], v.past_anchor_key), "ok_rotated")
    case("old_vault", "old_vault", "empty", "older than the machine remembers, and without records", lambda v: v.anchor(lambda a: later(a, 3)), "ok_empty")
    case("old_vault", "old_vault", "viewer", "older than the machine remembers, opened by the viewer", both(typed("alice"), lambda v: v.anchor(lambda a: later(a, 1))))
    case("old_vault", "old_vault", "backup", "a backup that is older than the machine remembers", lambda v: [v.anchor(lambda a: later(a, 1)), v.backed_up()])
    case("forked_vault", "forked_vault", "digest", "of the generation that the machine remembers, but another", lambda v: v.anchor(lambda a: setattr(a, "digest", flip(a.digest, 0))))
    case("forked_vault", "forked_vault", "list", "the same list, sealed once more", lambda v: [v.anchor(), v.listed(lambda entries: None)])
    case("other_vault", "other_vault", "id", "the machine remembers another vault", lambda v: v.anchor(lambda a: setattr(a, "vault", flip(a.vault, 0))))
    broken = lambda name, defect, change, like="ok_plain": case("broken_anchor", "broken_anchor", name, defect, change, like)
    remembered = lambda change: lambda v: [v.anchor(), v.said.update(anchor=change(v.said["anchor"]))]
    for name, place in (("magic", 0), ("generation", 35), ("digest", 40), ("mac", -1)):
        broken(f"flipped_{name}", f"a bit of the {name} that the machine remembers", remembered(lambda data, p=place: flip(data, p)))
    broken("of_the_epoch_before", "of the epoch before, with a MAC of this one", lambda v: v.anchor(past), "ok_rotated")
    broken("of_no_epoch", "of an epoch that the vault has no keys of", lambda v: v.anchor(lambda a: setattr(a, "epoch", 0)))
    broken("by_another_key", "made with the key of backups", lambda v: v.anchor(key=v.keys.derived(v.keys.view, b"backup")))
    case("truncated", "broken_anchor", "anchor", "the anchor lacks its last byte", remembered(lambda data: data[:-1]))
    case("truncated", "broken_anchor", "anchor_whole", "the anchor is empty", remembered(lambda data: b""))
    case("trailing_bytes", "broken_anchor", "anchor", "a byte after the anchor", remembered(lambda data: data + b"\0"))


def backup_cases():
    made = lambda change: lambda v: v.said.update(backup=change(v.backed_up()))
    hashed = lambda change: lambda v: v.backup_of(change(v.backed_up()[:-32]), authentic=False)
    sealed = lambda change: lambda v: v.backup_of(change(v.backed_up()[:-64]))
    said = lambda change: lambda v: v.backed_up(change)
    damaged = lambda name, defect, change: case("damaged_backup", "damaged_backup", name, defect, change)
    for name, place in (("magic", 0), ("format", 9), ("time", 17), ("generation", 45), ("count", 49), ("row", 90), ("mac", -40), ("hash", -1)):
        damaged(f"flipped_{name}", f"a bit of its {name}, the hash left", made(lambda data, p=place: flip(data, p)))
    damaged("magic", "its magic is another's", sealed(lambda c: b"TDVAULT\0" + c[8:]))
    damaged("mac", "a bit of its MAC, hashed", hashed(lambda c: flip(c, -1)))
    damaged("time", "another time, hashed but without the keys", hashed(lambda c: flip(c, 17)))
    damaged("by_another_key", "its MAC is made with the anchor's key", by_anchor_key)
    damaged("count_too_high", "counts a row too many", sealed(lambda c: c[:46] + struct.pack(">I", 7) + c[50:]))
    damaged("count_too_low", "counts a row too few", sealed(lambda c: c[:46] + struct.pack(">I", 5) + c[50:]))
    damaged("count_most", "counts as many rows as can be written", sealed(lambda c: c[:46] + b"\xff" * 4 + c[50:]))
    for name, where in (("vault_id", slice(10, 26)), ("epoch", slice(26, 30)), ("header_generation", slice(30, 38)), ("generation", slice(38, 46))):
        damaged(f"other_{name}", f"says another {name.replace('_', ' ')} than it holds, and its MAC is right", said(lambda b, w=where: other_fact(b, w)))
    case("truncated", "damaged_backup", "backup", "a backup lacks its last byte", made(lambda data: data[:-1]))
    case("truncated", "damaged_backup", "backup_whole", "a backup is empty", made(lambda data: b""))
    case("truncated", "damaged_backup", "backup_half", "half of a backup", made(lambda data: data[: len(data) // 2]))
    case("truncated", "damaged_backup", "backup_row", "a backup ends in its last row, sealed and hashed", sealed(lambda c: c[:-1]))
    case("trailing_bytes", "damaged_backup", "backup", "a byte after a backup", made(lambda data: data + b"\0"))
    case("trailing_bytes", "damaged_backup", "backup_rows", "a byte after the last row, sealed and hashed", sealed(lambda c: c + b"\0"))
    case("non_canonical", "damaged_backup", "backup_reversed", "rows in falling order", said(lambda b: setattr(b, "rows", dict(reversed(b.rows.items())))))
    case("non_canonical", "damaged_backup", "backup_row_twice", "a row twice", sealed(row_twice))
    case("newer_format", "newer_format", "backup", "a backup of format 2", sealed(lambda c: c[:8] + b"\0\2" + c[10:]))
    case("newer_format", "newer_format", "header_in_backup", "a backup of a vault of format 2", lambda v: [v.bent(at(FORMAT, 2, 2)), v.backed_up()])
    inside = lambda answer, defect, change: case(answer, answer, "in_backup", f"a backup {defect}", lambda v: [change(v), v.backed_up()])
    inside("damaged_header", "without a header", lambda v: [v.rows.pop(key) for key in HEADERS])
    inside("headers_disagree", "whose two headers differ", lambda v: copy_b(v, SALT))
    inside("bad_mac", "whose header's MAC is wrong", lambda v: v.bent(lambda c: flip(c, MACS)))
    inside("bad_slot", "with a bit of a slot flipped", lambda v: v.bent(lambda c: flip(c, WRAPPED + 24)))
    inside("damaged_list", "without a list", lambda v: v.rows.pop(LIST))
    inside("other_header", "with a header that the list does not know", lambda v: v.authentic(lambda header: setattr(header, "generation", 2)))
    inside("missing_record", "that lacks a record", lambda v: v.rows.pop(v.place(1)))
    inside("swapped_record", "with two records in each other's place", lambda v: swap(v, 0, 1))
    inside("old_record", "with an older record", lambda v: older(v, 1))
    inside("changed_record", "with a record that does not open, and the list has its hash", lambda v: v.set_listed(1, flip(v.value(1), -1)))
    inside("unlisted", "with a row that is not on the list", lambda v: v.rows.update({b"something": b"else"}))
    CASES["bad_slot_in_backup"].answer = "wrong_passphrase"


def by_anchor_key(vault):
    content = vault.backed_up()[:-64]
    vault.backup_of(content + mac(vault.keys.derived(vault.keys.view, b"anchor.mac"), content), authentic=False)


def other_fact(backup, where):
    number = int.from_bytes(backup.head[where], "big") ^ 1
    backup.head = backup.head[: where.start] + number.to_bytes(where.stop - where.start, "big") + backup.head[where.stop :]


def row_twice(content):
    start = 8 + 2 + 8 + 16 + 4 + 8 + 8 + 4
    key = int.from_bytes(content[start : start + 2], "big")
    value = int.from_bytes(content[start + 2 + key : start + 4 + key], "big")
    row = content[start : start + 4 + key + value]
    count = int.from_bytes(content[start - 4 : start], "big") + 1
    return content[: start - 4] + struct.pack(">I", count) + row + content[start:]


# ---- files


def base(name):
    tdv1.random_bytes = dice(name)
    return BASES[name][0]()


def made(one, bases):
    """The text of a case."""
    vault = copy.deepcopy(bases[one.like])
    tdv1.random_bytes = dice(one.name)
    one.change(vault)
    lines = [f"# {one.defect}"]
    given = bases[one.like].rows if vault.rows and one.name != one.like else {}
    if given:
        lines.append(f"like: {one.like}")
    for key in ("passphrase", "key_file", "code", "anchor", "backup"):
        if key in vault.said:
            said = vault.said[key]
            lines.append(f"{key}: {said.hex() or '=' if isinstance(said, bytes) else said}")
    rows = vault.rows
    for key in sorted(rows.keys() | given.keys()):
        if rows.get(key) != given.get(key):
            value = "-" if key not in rows else rows[key].hex() or "="
            lines.append(f"{key.hex() or '='} {value}")
    return lines


def read(name, text_of):
    """What a case says, and its rows."""
    said, rows = {}, {}
    for line in text_of(name).splitlines():
        if line.startswith("#"):
            continue
        if ": " in line:
            key, value = line.split(": ", 1)
            if key == "like":
                rows.update(read(value, text_of)[1])
            else:
                said.setdefault(key, []).append(value)
            continue
        key, value = (part if part == "-" else bytes.fromhex(part.strip("=")) for part in line.split(" "))
        rows.pop(key, None)
        if value != "-":
            rows[key] = value
    return said, rows


def judged(name, text_of):
    """What tdv1.py says of a case: one word, and the records."""
    said, rows = read(name, text_of)
    one = lambda key: said.get(key, [None])[0]
    unhex = lambda key: bytes.fromhex(one(key).strip("=")) if one(key) else None
    typed = Typed(one("passphrase") or PASSPHRASE, unhex("key_file") or b"")
    if one("code"):
        typed = Typed.code(tdv1.read_code(one("code")))
    try:
        if unhex("backup") is not None:
            keys, rows, lines = Backup.read(unhex("backup"), typed)
            tdv1.require(keys.trade, "needs_trader")
        else:
            keys = tdv1.unlocked(rows, typed)
            lines = tdv1.opened(rows, keys)[1]
        if unhex("anchor") is not None:
            tdv1.compare(unhex("anchor"), rows, keys, tdv1.opened(rows, keys)[0])
    except Refused as why:
        return str(why), []
    return "ok", lines


def all_made():
    """The text of every file by its name, and the index."""
    for some in (sound_cases, header_cases, spelling_cases, cost_cases, seal_cases, passphrase_cases):
        some()
    for some in (list_cases, record_cases, anchor_cases, backup_cases):
        some()
    bases = {name: base(name) for name in BASES}
    texts = {one.name: made(one, bases) for one in CASES.values()}
    text_of = lambda name: "".join(line + "\n" for line in texts[name])
    for one in CASES.values():
        answer, lines = judged(one.name, text_of)
        if answer != one.answer:
            print(f"{one.name}: {answer}, and not {one.answer}")
        texts[one.name] += [f"holds: {line}" for line in lines]
    index = [f"{one.kind} {one.answer} {one.name}: {one.defect}\n" for one in CASES.values()]
    return {name: text_of(name) for name in texts}, "".join(index)


def main(arguments):
    if arguments not in (["write"], ["check"]):
        sys.stderr.write(__doc__)
        return 2
    texts, index = all_made()
    files = {f"{name}.txt": text for name, text in texts.items()} | {"index": index}
    for name, text in files.items():
        path = os.path.join(FOLDER, name)
        if arguments == ["write"] and (name == "index" or not os.path.exists(path)):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        with open(path, encoding="utf-8") as file:
            if file.read() != text:
                raise SystemExit(f"{name} is not what is made here")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
