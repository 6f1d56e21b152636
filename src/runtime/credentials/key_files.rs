//! Secrets that are files: `@` and a path in the place of a key's text. The file is read once, when the connection is
//! made, and what was read is sealed; the file may go then.

use crate::domain::Text;
use crate::providers::provider::Way;
use crate::vault;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Largest file that is taken for a key, in bytes.
const LARGEST: u64 = 16 * 1_024;

/// Puts what is in the files in the place of their paths, where the way has such secrets.
///
/// # Errors
/// A file that is not there, is no key's, or that others may read; with what to do.
pub(crate) fn read(way: &Way, secrets: &mut BTreeMap<String, SecretString>) -> Result<(), Text> {
    for spec in way.secrets.iter().filter(|spec| spec.file) {
        let Some(secret) = secrets.get_mut(spec.name) else {
            continue;
        };
        let Some(path) = secret.expose_secret().trim().strip_prefix('@').map(path) else {
            continue;
        };
        *secret = content(&path).map_err(|why| Text::from(format!("{}: {why}", spec.label)))?;
    }
    Ok(())
}

/// A path as people write it: a shell that would know what `~` means has not seen it.
fn path(text: &str) -> PathBuf {
    match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(below), Some(home)) => home.join(below),
        (Some(_) | None, _) => PathBuf::from(text),
    }
}

fn content(path: &Path) -> Result<SecretString, String> {
    let shown = path.display();
    let unread = |error: std::io::Error| format!("{shown} cannot be read: {error}");
    let facts = fs::metadata(path).map_err(unread)?;
    // What is no file may have no end, or none that comes.
    if !facts.is_file() || facts.len() > LARGEST {
        return Err(format!("{shown} is not a file of at most {LARGEST} bytes"));
    }
    vault::check_private(path).map_err(|error| error.to_string())?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1_024 + 1));
    let file = File::open(path).map_err(unread)?;
    file.take(LARGEST).read_to_end(&mut bytes).map_err(unread)?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(SecretString::from(text)),
        Err(_) => Err(format!("{shown} is not text; a key is wanted in PEM")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::provider::{Grant, SecretSpec};
    use std::os::unix::fs::PermissionsExt;

    const fn spec(name: &'static str, file: bool) -> SecretSpec {
        SecretSpec {
            name,
            label: "Signing key",
            hidden: true,
            file,
        }
    }

    const WAY: Way = Way {
        id: "oauth1",
        title: "",
        grant: Grant::Keys,
        secrets: &[spec("signing_key", true), spec("token", false)],
        pins: None,
        hint: "",
    };

    fn after(text: &str) -> Result<[String; 2], Text> {
        let names = ["signing_key", "token"];
        let secrets = names.map(|name| (name.to_owned(), SecretString::from(text.to_owned())));
        let mut secrets = BTreeMap::from(secrets);
        read(&WAY, &mut secrets)?;
        Ok(names.map(|name| secrets[name].expose_secret().to_owned()))
    }

    fn file(mode: u32, content: &[u8]) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let path = format!("@{}", path.display());
        (folder, path)
    }

    #[test]
    fn a_file_s_content_stands_where_its_path_stood() {
        let (_folder, path) = file(0o600, b"-----BEGIN\n");
        let [key, token] = after(&path).unwrap();
        assert_eq!(key, "-----BEGIN\n");
        assert_eq!(
            token, path,
            "only where the provider says that it may be a file"
        );
        assert_eq!(after("no path").unwrap(), ["no path", "no path"]);
    }

    #[test]
    fn what_is_no_key_of_one_s_own_is_refused_with_what_to_do() {
        let told = |path: &str| after(path).unwrap_err().to_string();
        let (_folder, path) = file(0o640, b"x");
        assert!(told(&path).contains("run: chmod 600"), "{}", told(&path));
        assert!(told(&path).starts_with("Signing key: "));
        let (_folder, path) = file(0o600, &[b'x'; 16 * 1_024 + 1]);
        assert!(told(&path).contains("at most"), "{}", told(&path));
        let (_folder, path) = file(0o600, &[0xff]);
        assert!(told(&path).contains("not text"), "{}", told(&path));
        let (folder, _) = file(0o600, b"");
        let place = folder.path().display();
        assert!(told(&format!("@{place}")).contains("not a file"));
        assert!(told(&format!("@{place}/none")).contains("cannot be read"));
    }
}
