//! The rules of the house, checked: who may import whom, which file a crate is fenced to, what is registered, how
//! large things may be. Each rule is a function from what it looks at to what is wrong, so that each can be shown to fail.

mod can_fail;
mod hygiene;
mod registered;
mod source;

use source::{Source, entries, files_below, has_word, mentions_crate, names_behind, root};
use std::collections::BTreeSet;
use std::fs;

/// Folder → folders it may import. Reads top to bottom.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("config", &["domain"]),
    ("link", &["domain"]),
    ("paper", &["domain"]),
    ("engine", &["domain", "link"]),
    ("vault", &[]),
    ("ledger", &["domain", "vault"]),
    ("net", &[]),
    ("auth", &["domain", "net"]),
    ("providers", &["domain", "net", "auth", "paper", "engine"]),
    ("sim", &["domain", "paper"]),
    (
        "runtime",
        &[
            "auth",
            "config",
            "domain",
            "engine",
            "ledger",
            "link",
            "net",
            "providers",
            "vault",
        ],
    ),
    ("ui", &["config", "domain", "link"]),
];

/// Where the parts meet: these may import everything.
const MAY_USE_ALL: &[&str] = &["cli", "lib", "main", "start"];

/// Crate → the only files below `src`, or the beginnings of their paths, that may name it.
const FENCED: &[(&str, &[&str])] = &[
    ("aes_gcm", &["vault/crypto/suite.rs"]),
    ("argon2", &["vault/crypto/kdf.rs"]),
    ("axum", &["sim/", "auth/redirect.rs"]),
    ("chacha20poly1305", &["vault/crypto/suite.rs"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/"]),
    ("crossterm", &["ui/terminal", "ui/keymap.rs"]),
    ("csv", &["sim/", "cli/ledger/trades.rs"]),
    ("etcetera", &["config/paths.rs"]),
    ("hyper", &["sim/", "auth/redirect.rs"]),
    ("hyper_util", &["sim/", "net/dial.rs", "auth/redirect.rs"]),
    ("oauth2", &["auth/"]),
    (
        "rcgen",
        &["net/tls/own_certificate.rs", "sim/ibkr/certificate.rs"],
    ),
    ("ring", &["net/tls/", "sim/ibkr/certificate.rs"]),
    ("nucleo_matcher", &["ui/fuzzy.rs"]),
    ("ratatui", &["ui/"]),
    ("redb", &["ledger/store"]),
    ("reqwest", &["net/transport.rs"]),
    ("rmp", &["sim/"]),
    ("rsa", &["auth/oauth1/", "sim/ibkr/"]),
    ("rustls", &["net/", "sim/ibkr/certificate.rs"]),
    ("sha1", &["auth/oauth1/", "sim/ibkr/"]),
    ("sled", &["vault/store/database.rs"]),
    ("tokio_tungstenite", &["net/socket", "sim/"]),
    ("toml", &["config", "ui/theme/"]),
    ("tracing_subscriber", &["cli/log.rs"]),
    ("yasna", &["auth/oauth1/", "sim/ibkr/"]),
];

/// Folder → crates that are not for it: what decides does no I/O and waits for nothing, what is a word is plain data.
const NOT_FOR: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "serde_json", "futures_util"]),
    (
        "engine",
        &[
            "tokio",
            "serde_json",
            "futures_util",
            "std::fs",
            "std::net",
            "std::env",
        ],
    ),
    (
        "paper",
        &[
            "tokio",
            "serde_json",
            "futures_util",
            "std::fs",
            "std::net",
            "std::env",
        ],
    ),
];

/// Most lines of a file without its tests.
const LONGEST_FILE: usize = 400;

/// Most files of Rust in a folder.
const FULLEST_FOLDER: usize = 15;

/// Most packages in `Cargo.lock`.
const MOST_PACKAGES: usize = 400;

/// What is over these limits and known to be: a line here is a debt, and one that is paid must go.
const OVERSIZE: &[&str] = &[];

/// Complaints about what is not on the list, and about lines of the list that nothing is wrong with.
fn but_for(known: &[&str], complaints: Vec<String>) -> Vec<String> {
    let about = |complaint: &String, name: &str| complaint.starts_with(&format!("{name}: "));
    let paid = known
        .iter()
        .filter(|name| !complaints.iter().any(|it| about(it, name)));
    let paid: Vec<String> = paid
        .map(|name| format!("{name}: fits, take it off the list"))
        .collect();
    let owed = complaints
        .into_iter()
        .filter(|it| !known.iter().any(|name| about(it, name)));
    owed.chain(paid).collect()
}

fn expect_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn wrong_imports(source: &Source) -> Vec<String> {
    let folder = source.folder();
    if MAY_USE_ALL.contains(&folder) {
        return vec![];
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == folder) else {
        return vec![format!(
            "{}: `{folder}` has no line in MAY_USE",
            source.path
        )];
    };
    let used = names_behind(&source.code, "crate::").into_iter();
    let wrong: BTreeSet<String> = used
        .filter(|name| name != folder && !allowed.contains(&name.as_str()))
        .collect();
    let wrong = wrong.into_iter();
    let mut complaints: Vec<String> = wrong
        .map(|name| format!("{}: `{folder}` may not use `{name}`", source.path))
        .collect();
    if source.code.contains("super::super::super::") {
        complaints.push(format!("{}: write the path from `crate`", source.path));
    }
    complaints
}

/// Providers know of the engine only the orders that it approved.
fn beyond_approved(source: &Source) -> Vec<String> {
    let uses = names_behind(&source.code, "crate::engine::");
    let beyond = uses.into_iter().filter(|name| name != "risk");
    match source.folder() {
        "providers" => beyond
            .map(|name| format!("{}: of `engine` only `risk`, not `{name}`", source.path))
            .collect(),
        _ => vec![],
    }
}

/// Panes do not import one another, nor do providers: they meet one floor up.
fn siblings(source: &Source, floor: &str, shared: &[String]) -> Vec<String> {
    let Some(inside) = source.path.strip_prefix(&format!("{floor}/")) else {
        return vec![];
    };
    let own = inside.split('/').next().unwrap_or_default();
    let own = own.trim_end_matches(".rs");
    if own == "mod" {
        return vec![];
    }
    let name = floor.rsplit('/').next().unwrap_or(floor);
    let mut others = names_behind(&source.code, &format!("{name}::"));
    if !inside.contains('/') || inside.ends_with("/mod.rs") {
        others.extend(names_behind(&source.code, "super::"));
    }
    others.sort();
    others.dedup();
    let others = others.into_iter();
    others
        .filter(|other| other != own && shared.contains(other))
        .map(|other| format!("{}: may not know its neighbour `{other}`", source.path))
        .collect()
}

fn outside_fences(source: &Source) -> Vec<String> {
    let fenced = FENCED
        .iter()
        .filter(|(_, places)| !places.iter().any(|place| source.path.starts_with(place)));
    let kept_out = NOT_FOR
        .iter()
        .filter(|(folder, _)| *folder == source.folder());
    let banned = kept_out.flat_map(|(_, crates)| *crates);
    fenced
        .map(|(name, _)| name)
        .chain(banned)
        .filter(|name| mentions_crate(&source.code, name))
        .map(|name| format!("{}: `{name}` is not for here", source.path))
        .collect()
}

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines();
    let count = lines.take_while(|line| *line != "#[cfg(test)]").count();
    match count > LONGEST_FILE && !source.is_tests() {
        true => vec![format!("{}: {count} lines, split it by noun", source.path)],
        false => vec![],
    }
}

fn too_full(sources: &[Source]) -> Vec<String> {
    let folder_of = |source: &Source| match source.path.rsplit_once('/') {
        Some((folder, _)) => folder.to_owned(),
        None => String::new(),
    };
    let code = || sources.iter().filter(|source| !source.is_tests());
    let folders: BTreeSet<String> = code().map(folder_of).collect();
    let counted = folders.into_iter().map(|folder| {
        let files = code().filter(|source| folder_of(source) == folder).count();
        (folder, files)
    });
    counted
        .filter(|(_, files)| *files > FULLEST_FOLDER)
        .map(|(folder, files)| format!("{folder}: {files} files, make a folder of some"))
        .collect()
}

fn without_opening(source: &Source) -> Vec<String> {
    match source.text.starts_with("//!") || source.is_tests() {
        true => vec![],
        false => vec![format!(
            "{}: does not open with what it is for",
            source.path
        )],
    }
}

/// Money never passes through a float, and nothing else of ours needs one.
fn floats(source: &Source) -> Vec<String> {
    let code = source.code.split("#[cfg(test)]").next().unwrap_or_default();
    let float = ["f64", "f32"].into_iter().find(|name| has_word(code, name));
    match float.filter(|_| !source.is_tests()) {
        Some(name) => vec![format!(
            "{}: `{name}`; amounts are exact decimals",
            source.path
        )],
        None => vec![],
    }
}

/// The package works wherever it lies and comes from wherever it was got.
fn places(path: &str, text: &str) -> Vec<String> {
    let hosts = [
        "crates.io",
        "pypi.org",
        "pythonhosted.org",
        "npmjs.",
        "proxy.golang.org",
    ];
    let folders = ["/root/", "/work/", "/Users/", "C:\\Users"];
    let found = hosts
        .into_iter()
        .chain(folders)
        .filter(|it| text.contains(it));
    found.map(|it| format!("{path}: names `{it}`")).collect()
}

fn unused_dependencies(manifest: &str, code: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().unwrap();
    let names = manifest["dependencies"].as_table().unwrap().keys();
    let crates = names.map(|name| name.replace('-', "_"));
    crates
        .filter(|name| !mentions_crate(code, name))
        .map(|name| format!("Cargo.toml: nothing uses `{name}`"))
        .collect()
}

fn wrong_packages(lock: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let packages = lock.matches("[[package]]").count();
    if packages > MOST_PACKAGES {
        complaints.push(format!(
            "Cargo.lock: {packages} packages, {MOST_PACKAGES} is the most"
        ));
    }
    let usual = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let sources = lock.lines().filter(|line| line.starts_with("source = "));
    let odd = sources.filter(|line| *line != usual);
    complaints.extend(odd.map(|line| format!("Cargo.lock: {line}")));
    complaints
}

/// The map in `lib.rs` shows what is there: its modules and its table of folders.
fn wrong_map(lib: &str, folders: &BTreeSet<String>, modules: &BTreeSet<String>) -> Vec<String> {
    let declared = lib.lines().filter_map(|line| {
        let name = line.trim_start_matches("pub ").strip_prefix("mod ")?;
        name.strip_suffix(';').map(str::to_owned)
    });
    let row = |line: &str| {
        let name = line.strip_prefix("//! | [`")?;
        name.split('`').next().map(str::to_owned)
    };
    let drawn: BTreeSet<String> = lib.lines().filter_map(row).collect();
    let declared: BTreeSet<String> = declared.collect();
    let mut complaints = Vec::new();
    if declared != *modules {
        complaints.push(format!(
            "lib.rs declares {declared:?}, the disk has {modules:?}"
        ));
    }
    // `config` has a folder beside its file and its own sentence in the map.
    let missing = folders
        .iter()
        .filter(|it| !drawn.contains(*it) && *it != "config");
    complaints.extend(missing.map(|it| format!("lib.rs: the table does not show `{it}`")));
    let gone = drawn.iter().filter(|it| !modules.contains(*it));
    complaints.extend(gone.map(|it| format!("lib.rs: the table shows `{it}`, which is gone")));
    complaints
}

fn each(rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    let complaints: Vec<String> = Source::all().iter().flat_map(rule).collect();
    complaints
}

#[test]
fn folders_import_only_what_is_below_them() {
    expect_none(each(wrong_imports));
    expect_none(each(beyond_approved));
}

#[test]
fn neighbours_do_not_know_one_another() {
    let (panes, providers) = (registered::panes(), registered::provider_folders());
    expect_none(each(|source| siblings(source, "ui/panes", &panes)));
    expect_none(each(|source| siblings(source, "providers", &providers)));
}

/// Folders whose values reach a screen: what they hold of text has a type that cleaned it.
const CARRY_TEXT: &[&str] = &["domain", "link", "engine"];

/// Texts of our own: the path of a socket, the names of a form's fields on the way to the vault.
const RAW_BY_INTENT: &[&str] = &["link/socket.rs", "link/secret.rs"];

fn carries_raw_text(source: &Source) -> Vec<String> {
    let code = source.code.split("#[cfg(test)]").next().unwrap_or_default();
    let carries = CARRY_TEXT.contains(&source.folder()) && !source.is_tests();
    if !carries || RAW_BY_INTENT.contains(&source.path.as_str()) {
        return vec![];
    }
    let is_field = |line: &&str| {
        let line = line.trim();
        let is_named = line.ends_with(',') && line.contains(": ") && !line.contains('=');
        (is_named || line.ends_with("),") || line.ends_with(");"))
            && has_word(line, "String")
            && !line.contains("String::")
    };
    let fields = code.lines().filter(is_field);
    let complain = |line: &str| {
        format!(
            "{}: `{}` holds a text that nobody cleaned",
            source.path,
            line.trim()
        )
    };
    fields.map(complain).collect()
}

#[test]
fn what_reaches_a_screen_was_cleaned_by_its_type() {
    expect_none(each(carries_raw_text));
}

#[test]
fn crates_stay_inside_their_fences() {
    expect_none(each(outside_fences));
}

#[test]
fn files_and_folders_fit_on_a_screen_or_a_few() {
    let mut complaints = each(too_long);
    complaints.extend(too_full(&Source::all()));
    expect_none(but_for(OVERSIZE, complaints));
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    expect_none(each(without_opening));
}

#[test]
fn nothing_names_a_place_of_somebody_s_machine() {
    let root = root();
    let names = ["src", "tests", "themes", ".ci"];
    let mut files: Vec<_> = names
        .iter()
        .flat_map(|it| files_below(&root.join(it)))
        .collect();
    files.extend(
        [
            "Cargo.toml",
            "README.md",
            ".clippy.toml",
            ".deny.toml",
            ".gitignore",
        ]
        .map(|it| root.join(it)),
    );
    let complaints = files.iter().flat_map(|path| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let text = fs::read_to_string(path).unwrap_or_default();
        let is_this_file = name.starts_with("tests/integration/tidy");
        if is_this_file {
            vec![]
        } else {
            places(&name, &text)
        }
    });
    expect_none(complaints.collect());
}

#[test]
fn dependencies_are_few_used_and_from_one_place() {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let code: Vec<String> = Source::all()
        .into_iter()
        .map(|source| source.code)
        .collect();
    expect_none(unused_dependencies(&read("Cargo.toml"), &code.join("\n")));
    expect_none(wrong_packages(&read("Cargo.lock")));
}

#[test]
fn the_map_shows_what_is_there() {
    let mut folders = BTreeSet::new();
    let mut modules = BTreeSet::new();
    for path in entries(&root().join("src")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            folders.insert(name.clone());
        }
        if !["lib", "main"].contains(&name.as_str()) {
            modules.insert(name);
        }
    }
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    expect_none(wrong_map(&lib, &folders, &modules));
}
